"""What can be read of a configuration that has faults, so that rules across fields can look at it all the same.

A setting at fault is not given its default, of which nobody spoke: it is missing, and a rule that looks at it ends
with an AttributeError, which `check_rest` takes for having nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from trainer.config.fields import Section
from trainer.config.run import RunConfig
from trainer.config.tree import external_name

SectionT = TypeVar("SectionT", bound=Section)

_ROUNDS = 3  # what was hidden behind a mistake may be one too
_MOST = 100  # mistakes, beyond which nobody asks for the rest


def rest_of(data: Any, faulty: Iterable[str]) -> RunConfig | None:
    """Return a configuration of what is right in JSON data, without the settings at `faulty`.

    :param faulty: paths, those of settings that are not in the data included
    :return: None where nothing can be said of the rest: nearly all of it hangs on the algorithm
    """
    paths = set(map(_setting, faulty))
    if "" in paths:  # the whole is at fault, or there are more faults than were looked at
        return None
    for _ in range(_ROUNDS):
        if not isinstance(data, Mapping) or "algorithm" in paths or "algorithm.name" in paths:
            return None
        for path in paths:
            data = _without(data, path.split("."))
        try:
            config = RunConfig.model_validate(data)
        except ValidationError as error:
            # A tag stands in the place of an error within a union, and in no path.
            found = {_setting(".".join(map(str, _untagged(each["loc"], data)))) for each in error.errors()}
            if found <= paths or len(found) > _MOST:
                return None
            paths |= found
        else:
            for path in paths:
                config = _lacking(config, path.split("."))
            return config
    return None


def _setting(path: str) -> str:
    """Return the path of the list for what lies in it: it is read as a whole."""
    names = path.split(".")
    at = next((index for index, name in enumerate(names) if name.isdigit()), len(names))
    return ".".join(names[:at])


def _untagged(location: Sequence[int | str], data: Any) -> list[int | str]:
    names: list[int | str] = []
    for part in location:
        if isinstance(data, Mapping) and part not in data and part in (data.get("name"), data.get("kind")):
            continue
        names.append(part)
        data = data.get(part) if isinstance(data, Mapping) else None
    return names


def _without(data: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    first, *below = names
    if not below or not isinstance(data.get(first), Mapping):
        return {name: value for name, value in data.items() if name != first}
    return {**data, first: _without(data[first], below)}


def _lacking(section: SectionT, names: Sequence[str]) -> SectionT:
    """Return a copy that lacks one setting; the sections of a configuration may be shared with others."""
    copy = section.model_copy()
    attributes = {external_name(name, info): name for name, info in type(section).model_fields.items()}
    attribute = attributes.get(names[0], "")
    value = copy.__dict__.get(attribute)
    if len(names) > 1 and isinstance(value, Section):
        copy.__dict__[attribute] = _lacking(value, names[1:])
    else:
        copy.__dict__.pop(attribute, None)
    return copy
