"""`train --dry-run`: what is wrong with a configuration and what it would take, in the terminal; nothing is started."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

from trainer.amounts import size
from trainer.config import RunConfig
from trainer.config.durations import show_duration
from trainer.engine import Engine
from trainer.errors import ConfigError
from trainer.runs.estimates import Amount, Estimates
from trainer.runs.review import Review

_RUNS, _BAD_CONFIG = 0, 2


def dry_run(engine: Engine, configured: Callable[[], RunConfig], *, as_json: bool = False) -> int:
    """Print the review of a configuration and return the exit status: 0 when it can run, 2 when not.

    :param configured: gives the configuration; of one with unreadable settings the rest is looked at too
    """
    try:
        review = engine.manager.review(configured())
    except ConfigError as error:
        review = engine.manager.review(None, error.faults, error.rest)
    text = json.dumps(review.as_json()) if as_json else "\n".join(review_lines(review))
    sys.stdout.write(f"{text}\n")
    return _BAD_CONFIG if review.faults else _RUNS


def review_lines(review: Review) -> Iterator[str]:
    """Yield a review as lines for people."""
    yield "This configuration cannot run:" if review.faults else "This configuration can run."
    for fault in (*review.faults, *review.advice):
        yield f"  {fault.field or 'configuration'}: {fault.message}"
        if fault.hint:
            yield f"    {fault.hint}"
    yield from review.obstacles
    if review.estimates is not None:
        yield from _estimate_lines(review.estimates)


def _estimate_lines(estimates: Estimates) -> Iterator[str]:
    yield from _amount_lines("memory", estimates.memory)
    speed = estimates.speed
    if estimates.timed and estimates.seconds is not None:
        steps = "steps not known" if estimates.steps is None else f"about {estimates.steps:,} steps"
        yield f"time    {show_duration(estimates.seconds)}, {steps} ({speed.about})"
    elif speed.steps_per_second is None or estimates.seconds is None:
        yield f"time    not known: {speed.about}"
    else:
        rough = "roughly" if speed.basis == "rough" else "about"
        length = show_duration(_rounded(estimates.seconds))
        yield f"time    {rough} {length} at {speed.steps_per_second:,.0f} steps/s ({speed.about})"
    yield from _amount_lines("disk", estimates.disk)


def _amount_lines(name: str, amount: Amount) -> Iterator[str]:
    free = "" if amount.free is None else f", {size(amount.free)} free"
    least = "about" if amount.complete else "at least"
    yield f"{name:<7} {least} {size(amount.bytes)}{free}"
    for part in amount.parts:
        if part.bytes != 0:
            yield f"  {'not known' if part.bytes is None else size(part.bytes):>10}  {part.name}: {part.about}"


def _rounded(seconds: float) -> float:
    """Return whole minutes above ten of them, whole seconds above one."""
    if seconds >= 600:
        return round(seconds / 60) * 60
    return round(seconds) if seconds >= 1 else seconds
