"""Lengths and styles: named changes on top of a preset, each with its reason, told before they are made.

A change is worked out from the values that the preset itself has, not from what a style before made of them: choosing
the same one twice changes nothing, and choosing another one takes the first one back. What somebody set by hand, to a
value that no style gives, is only touched where the chosen one has a value for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainer.config.comparison import changed
from trainer.config.lengths import LENGTHS, length_values
from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides
from trainer.config.run import RunConfig
from trainer.config.styles import STYLES, style_values
from trainer.errors import ConfigError, Fault, nearest

BALANCED = "balanced"
STANDARD = "standard"
_BACK = "As the preset has it."


@dataclass(frozen=True)
class Change:
    """One setting that a length or style would change: from what the form has, to what, and why."""

    field: str
    before: Any
    after: Any
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return the change as REST and page have it."""
        return asdict(self)


def adjust(
    config: RunConfig, base: RunConfig | None = None, *, length: str | None = None, style: str | None = None
) -> list[Change]:
    """Return what a length or a style would change, in the order of the form; nothing is changed by asking.

    :param config: what the form has now
    :param base: the preset that it began with; None, or another algorithm's, takes `config` for it
    :param length: one of LENGTHS
    :param style: one of STYLES; `balanced` is the preset's own
    :raises ConfigError: not exactly one of both is said, or there is none of that name
    """
    if (length is None) == (style is None):
        raise ConfigError([Fault("", "Choose a length or a style, and one of them only.")])
    kind, chosen, known = ("length", length or "", LENGTHS) if style is None else ("style", style, STYLES)
    if chosen not in known:
        near = nearest(chosen, known)
        hint = f"Did you mean {near}?" if near else None
        raise ConfigError([Fault(kind, f"must be one of {', '.join(known)}, not {chosen!r}", hint)])
    own = base if base is not None and base.algorithm.name == config.algorithm.name else config
    values = length_values if length is not None else style_values
    wanted = values(own, chosen)
    others = [values(own, name) for name in known if name != chosen]
    return _changes(config, own, wanted, others, takes_back=chosen in (BALANCED, STANDARD))


def applied(config: RunConfig, changes: list[Change]) -> RunConfig:
    """Return the configuration with the changes made."""
    return load_config(apply_overrides(config.to_data(), {change.field: change.after for change in changes}))


def _changes(
    config: RunConfig,
    own: RunConfig,
    wanted: Mapping[str, tuple[Any, str]],
    others: list[dict[str, tuple[Any, str]]],
    *,
    takes_back: bool,
) -> list[Change]:
    now, preset = config.to_data(), own.to_data()
    targets: dict[str, tuple[Any, str]] = {}
    for path in dict.fromkeys(path for other in others for path in other):
        made = [other[path][0] for other in others if path in other]
        if takes_back or any(_is(_at(now, path), value) for value in made):
            targets[path] = (_at(preset, path), _BACK)
    targets |= wanted
    reached = load_config(apply_overrides(now, {path: value for path, (value, _) in targets.items()})).to_data()
    found = changed(now, reached)
    return [
        Change(path, before, after, next((why for at, (_, why) in targets.items() if _within(path, at)), ""))
        for path, (before, after) in found.items()
    ]


def _is(found: Any, value: Any) -> bool:
    """Return whether a configuration has a value that a style gives, which may be an int for a float."""
    if isinstance(value, Mapping):
        return isinstance(found, Mapping) and all(_is(found.get(name), each) for name, each in value.items())
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def _within(path: str, at: str) -> bool:
    return path == at or path.startswith(f"{at}.")


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
