"""How long a run is: a quick look, the preset's own length, or a long one; and what has to go with it.

A length is counted in what decides over the preset's end: in time where it has a duration, else in steps.
"""

from __future__ import annotations

from typing import Any

from trainer.config.run import RunConfig

QUICK = "quick"
STANDARD = "standard"
LONG = "long"
LENGTHS = (QUICK, STANDARD, LONG)

_SHARE_OF_A_LOOK = 20  # a twentieth
_SHORTEST_LOOK = 10_000  # steps
_SHORTEST_TIME = 60  # seconds
_TIMES = 3
_STEPS = (1, 2, 2.5, 5)


def length_values(own: RunConfig, length: str) -> dict[str, tuple[Any, str]]:
    """Return the settings of a length by path, each with its reason.

    :param own: the preset, whose length is the standard one
    """
    if length == STANDARD:
        return {}
    if own.training.duration_seconds is not None:
        return _of_a_time(own, own.training.duration_seconds, length)
    total = own.training.total_timesteps
    if length == LONG:
        new, why = total * _TIMES, "Three times the preset's steps; schedules fall as much more slowly."
    else:
        new = min(total, max(_SHORTEST_LOOK, _round(total / _SHARE_OF_A_LOOK)))
        why = "A twentieth of the preset's steps, or 10,000: enough to see whether it learns."
    found: dict[str, tuple[Any, str]] = {
        "training.total_timesteps": (new, why),
        "training.duration_seconds": (None, "The number of steps decides, not the clock."),
    }
    found |= _spread(own, new, total)
    if length == QUICK:
        found |= _few_episodes(own) | _early_learning(own, new)
    return found


def _of_a_time(own: RunConfig, seconds: float, length: str) -> dict[str, tuple[Any, str]]:
    if length == LONG:
        new, why = seconds * _TIMES, "Three times the preset's time; schedules fall as much more slowly."
    else:
        new = min(seconds, max(_SHORTEST_TIME, round(seconds / _SHARE_OF_A_LOOK)))
        why = "A twentieth of the preset's time, or a minute: enough to see whether it learns."
    found: dict[str, tuple[Any, str]] = {"training.duration_seconds": (float(new), why)}
    found |= _spread(own, new, seconds)
    return found | (_few_episodes(own) if length == QUICK else {})


def _spread(own: RunConfig, new: float, before: float) -> dict[str, tuple[Any, str]]:
    """Return what is done every so many steps, as often in a run that is `new` long as in one of `before`."""
    every = {
        "evaluation.frequency": (own.evaluation.frequency, "As many evaluations as in the preset's own run."),
        "video.every_steps": (own.video.every_steps, "As many videos as in the preset's own run."),
        "checkpoints.every_steps": (own.checkpoints.every_steps, "As many checkpoints as in the preset's own run."),
    }
    return {path: (max(1, int(steps * new / before)), why) for path, (steps, why) in every.items() if steps is not None}


def _few_episodes(own: RunConfig) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    if own.evaluation.episodes > 3:
        found["evaluation.episodes"] = (3, "A short run should not spend its time on being measured.")
    if own.evaluation.final_episodes > 10:
        found["evaluation.final_episodes"] = (10, "A short run should not spend its time on being measured.")
    return found


def _early_learning(own: RunConfig, total: int) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    starts = getattr(own.algorithm, "learning_starts", None)
    if starts is not None and starts > total // 10:
        found["algorithm.learning_starts"] = (total // 10, "Learning has to begin early in so short a run.")
    buffer = getattr(own.algorithm, "buffer_size", None)
    if buffer is not None and buffer > total:
        found["algorithm.buffer_size"] = (total, "No more transitions than this are ever collected; it saves memory.")
    return found


def _round(number: float) -> int:
    """Return the largest of 1, 2, 2.5, 5 times a power of ten that is not above the number."""
    if number < 1:
        return 1
    power = 10 ** (len(str(int(number))) - 1)
    return int(max(step * power for step in _STEPS if step * power <= number))
