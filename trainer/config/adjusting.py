"""Lengths and styles: named changes on top of a preset, each with its reason, told before they are made.

A change is worked out from the values that the preset itself has, not from what a style before made of them: choosing
the same one twice changes nothing, and choosing another one takes the first one back. What somebody set by hand, to a
value that no style gives, is only touched where the chosen one has a value for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from trainer.config.comparison import changed
from trainer.config.lengths import LENGTHS, length_values
from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides
from trainer.config.run import RunConfig
from trainer.config.specs import specs_for
from trainer.config.styles import STYLES, style_values
from trainer.errors import ConfigError, Fault, nearest

BALANCED = "balanced"
STANDARD = "standard"
LENGTHS_FROM_THE_PRESETS_OWN = (STANDARD, *(name for name in LENGTHS if name != STANDARD))
_BACK = "As the preset has it."
_LENGTH_ONLY = frozenset(
    {
        "training.total_timesteps",
        "training.duration_seconds",
        "video.every_steps",
        "checkpoints.every_steps",
        "evaluation.final_episodes",
        "algorithm.buffer_size",
    }
)
Target = tuple[Any, str]


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
    """Return what a length, a style or both would change, in the order of the form; nothing is changed by asking.

    :param config: what the form has now
    :param base: the preset that it began with; None, or another algorithm's, takes `config` for it
    :param length: one of LENGTHS; None keeps the one that the form has
    :param style: one of STYLES; None keeps the one that the form has. `balanced` is the preset's own
    :raises ConfigError: neither is said, or there is none of that name
    """
    _known("length", length, LENGTHS)
    _known("style", style, STYLES)
    if length is None and style is None:
        raise ConfigError([Fault("style", "is missing", "Choose a length, a style, or both.")])
    own = _own(config, base)
    if length is None or style is None:
        now = standing(config, base)
        length, style = length or now[0], style or now[1]
    made = _made(own, length=length is not None, style=style is not None)
    return _changes(config, own, made, length, style)


def standing(config: RunConfig, base: RunConfig | None = None) -> tuple[str | None, str | None]:
    """Return the length and the style that a configuration has, or None twice where it has been changed by hand."""
    own = _own(config, base)
    made = _made(own, length=True, style=True)
    pairs = ((length, style) for length in LENGTHS_FROM_THE_PRESETS_OWN for style in STYLES)
    return next((pair for pair in pairs if not _changes(config, own, made, *pair)), (None, None))


def applied(config: RunConfig, changes: list[Change]) -> RunConfig:
    """Return the configuration with the changes made."""
    return load_config(apply_overrides(config.to_data(), {change.field: change.after for change in changes}))


def _own(config: RunConfig, base: RunConfig | None) -> RunConfig:
    return base if base is not None and base.algorithm.name == config.algorithm.name else config


def _known(kind: str, chosen: str | None, known: tuple[str, ...]) -> None:
    if chosen is not None and chosen not in known:
        near = nearest(chosen, known)
        hint = f"Did you mean {near}?" if near else None
        raise ConfigError([Fault(kind, f"must be one of {', '.join(known)}, not {chosen!r}", hint)])


def _changes(
    config: RunConfig, own: RunConfig, made: Mapping[str, list[Any]], length: str | None, style: str | None
) -> list[Change]:
    wanted: dict[str, Target] = _possible(own, length_values(own, length)) if length else {}
    if style:
        wanted |= _possible(own, style_values(_with(own, wanted), style))
    now, preset = config.to_data(), own.to_data()
    targets: dict[str, Target] = {}
    for path, values in made.items():
        of_length = path in _LENGTH_ONLY
        takes_back = length == STANDARD if of_length else style == BALANCED
        if path not in wanted and (takes_back or any(_is(_at(now, path), value) for value in values)):
            targets[path] = (_at(preset, path), _BACK)
    targets |= wanted
    reached = _with(config, targets).to_data()
    return [
        Change(path, before, after, next((why for at, (_, why) in targets.items() if _within(path, at)), ""))
        for path, (before, after) in changed(now, reached).items()
    ]


def _made(own: RunConfig, *, length: bool, style: bool) -> dict[str, list[Any]]:
    """Return every value that a length or a style could have given a setting, by path."""
    found: dict[str, list[Any]] = {}
    for each in LENGTHS:
        values = _possible(own, length_values(own, each))
        stretched = _with(own, values)
        parts = [values] if length else []
        parts += [_possible(own, style_values(stretched, name)) for name in STYLES] if style else []
        for path, (value, _) in (item for part in parts for item in part.items()):
            found.setdefault(path, []).append(value)
    return found


def _possible(own: RunConfig, targets: Mapping[str, Target]) -> dict[str, Target]:
    """Return the targets within the bounds of their settings: three times a number near its end is its end."""
    bounds = _bounds(own.algorithm.name)
    return {
        path: (_within_bounds(value, *bounds.get(path, (None, None))), why) for path, (value, why) in targets.items()
    }


def _within_bounds(value: Any, least: float | None, most: float | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    value = value if least is None else max(least, value)
    return value if most is None else min(most, value)


@cache
def _bounds(algorithm: str) -> dict[str, tuple[float | None, float | None]]:
    return {spec.path: (spec.minimum, spec.maximum) for spec in specs_for(algorithm)}


def _with(config: RunConfig, targets: Mapping[str, Target]) -> RunConfig:
    if not targets:
        return config
    return load_config(apply_overrides(config.to_data(), {path: value for path, (value, _) in targets.items()}))


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
