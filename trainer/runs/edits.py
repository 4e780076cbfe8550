"""What an edit of a living run is, and what keeps a setting from being edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.config import RunConfig, specs_for
from trainer.config.algorithms import CrossQConfig, SACConfig, TQCConfig
from trainer.errors import Fault
from trainer.runs.command import differences

Changes = Mapping[str, tuple[Any, Any]]

_FORK = "Fork the run to go on with another value, or start a new one."


@dataclass(frozen=True)
class Edit:
    """Settings that a run is to go on with.

    :param config: all of them
    :param command: the line that trains so from the beginning
    """

    config: RunConfig
    command: str


def changes_between(before: RunConfig, after: RunConfig) -> Changes:
    """Return, by dotted path, the values that differ, before and after."""
    data = before.to_data()
    return {path: (_at(data, path), value) for path, value in differences(before, after).items()}


def edit_faults(before: RunConfig, after: RunConfig) -> list[Fault]:
    """Return every reason why a living run cannot go from one configuration to another."""
    if after.algorithm.name != before.algorithm.name:
        return [_fixed("algorithm.name")]
    live = {spec.path for spec in specs_for(before.algorithm.name) if spec.live}
    changed = set(differences(before, after))
    return [*(_fixed(path) for path in sorted(changed - live)), *_without_effect(before, after, changed & live)]


def _fixed(path: str) -> Fault:
    if "." not in path:
        return Fault(path, "is no hyperparameter", "Give it beside the overrides.")
    return Fault(path, "cannot change while the run lives", _FORK)


def _without_effect(before: RunConfig, after: RunConfig, changed: set[str]) -> Iterator[Fault]:
    old, new = before.algorithm, after.algorithm
    soft = (SACConfig, TQCConfig, CrossQConfig)
    if isinstance(old, soft) and isinstance(new, soft) and "algorithm.ent_coef" in changed:
        if isinstance(old.ent_coef, str):
            yield Fault("algorithm.ent_coef", "is learned in this run, which cannot change while it lives", _FORK)
        elif isinstance(new.ent_coef, str):
            message = "is a fixed number in this run; whether it is learned cannot change while it lives"
            yield Fault("algorithm.ent_coef", message, "Give a number, or fork the run.")
    for path, section, name in (
        ("evaluation.frequency", before.evaluation, "Evaluation"),
        ("video.every_steps", before.video, "Video"),
    ):
        if path in changed and not section.enabled:
            yield Fault(path, f"would change nothing: {name.lower()} is off in this run", _FORK)


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data
