"""Plain words for what was given and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer.config.fields import Section
from trainer.config.quoting import quoted
from trainer.config.tree import fields_of, paths
from trainer.errors import nearest


def shown(value: Any) -> str:
    """Return a value as a message about a wrong type quotes it, with its kind where that is what is wrong."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a group of settings"
    if isinstance(value, list):
        return "a list"
    return f"the text {quoted(value)}" if isinstance(value, str) else quoted(value)


def did_you_mean(name: str | None) -> str | None:
    """Return the hint that offers a near name, or None when there is none."""
    return f"Did you mean {name}?" if name else None


def hint_for_unknown(
    names: Sequence[str],
    at: int,
    section: type[Section] | None,
    siblings: Mapping[str, type[Section]],
    data: Mapping[str, Any],
) -> str | None:
    """Return what a path with an unknown name probably meant.

    :param names: the path; the unknown name is `names[at]`
    :param section: the section that has no such name, if one is known
    :param siblings: other members of that section's union, by tag
    :param data: the whole configuration, to look for the name elsewhere
    """
    name = names[at]
    owners = [tag for tag, sibling in siblings.items() if name in fields_of(sibling)]
    if owners:
        return f"It is a setting of {', '.join(owners)}."
    if section is None:
        return None
    close = nearest(name, fields_of(section))
    if close:
        return did_you_mean(".".join([*names[:at], close, *names[at + 1 :]]))
    elsewhere = {path.rpartition(".")[-1]: path for path, _ in paths(data)}
    close = nearest(names[-1], elsewhere)
    return did_you_mean(elsewhere[close] if close else None)
