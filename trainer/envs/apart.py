"""What an environment with code of the user's own in it is like, found out in a process of its own (`worker`).

Nobody knows what such code does when it is imported or constructed: it may hang, crash or leave Python. The program
that serves the page looks at what it is told, for every configuration once. A fault is remembered for ten times as
long as it took to find, so that it can be mended and a hanging constructor does not hold a process for ever.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trainer.config.environment import EnvironmentConfig
from trainer.config.spaces import Spaces, spaces_from_data
from trainer.envs.custom.source import Source, generation, guard, guarded_folders, take_in_for
from trainer.envs.entry_points import sources_of
from trainer.envs.worker import Worker, place
from trainer.errors import ConfigError, ConflictError, Fault, PalaestraError

TRY_SECONDS = 20.0
_DECISIVE = ("id", "kwargs", "frame_stack", "max_episode_steps", "wrappers")
_MOST_REMEMBERED = 256
_REMEMBERED_FOR = 10.0  # times what it took


@dataclass(frozen=True)
class Trial:
    """What an environment turned out to be.

    :param heights: observation and action space in short, bare and above each wrapper that fits
    :param fault: what is wrong with the first wrapper that does not
    :param spaces: of the whole, where all fit
    :param exact: observation and action space, each as what tells it from every other one and in words
    """

    heights: tuple[Mapping[str, Any], ...]
    fault: Fault | None = None
    spaces: Spaces | None = None
    exact: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Known:
    """An answer, and until when it holds; None for good."""

    trial: Trial | None
    faults: tuple[Fault, ...]
    until: float | None

    def told(self) -> Trial:
        if self.trial is None:
            raise ConfigError(self.faults)
        return self.trial


_known: OrderedDict[tuple[str, int], _Known] = OrderedDict()
_asking: dict[tuple[str, int], threading.Lock] = {}
_lock = threading.Lock()


def decisive(environment: EnvironmentConfig) -> EnvironmentConfig:
    """Return an environment section with that alone which decides its spaces."""
    return EnvironmentConfig().model_copy(update={name: getattr(environment, name) for name in _DECISIVE})


def tried(environment: EnvironmentConfig) -> Trial:
    """Return what an environment is like.

    :raises ConfigError: it cannot be made, or cannot be tried at this moment
    """
    environment = decisive(environment)
    key = (environment.model_dump_json(), generation())
    if (known := _remembered(key)) is not None:
        return known.told()
    with _lock:
        turn = _asking.setdefault(key, threading.Lock())
    try:
        with place():
            if not turn.acquire(timeout=2 * TRY_SECONDS):
                raise ConflictError("It is being tried already.")
            try:
                known = _remembered(key) or _find_out(environment, key)
            finally:
                turn.release()
    except ConflictError as error:
        message = f"{environment.id} could not be tried yet."
        raise ConfigError([Fault("environment.id", message, "Try again in a moment.")]) from error
    finally:
        with _lock:
            _asking.pop(key, None)
    return known.told()


def _remembered(key: tuple[str, int]) -> _Known | None:
    with _lock:
        known = _known.get(key)
        if known is None or (known.until is not None and time.monotonic() > known.until):
            return None
        _known.move_to_end(key)
        return known


def _find_out(environment: EnvironmentConfig, key: tuple[str, int]) -> _Known:
    began = time.monotonic()
    job = {
        "job": "try",
        "environment": environment.model_dump(mode="json"),
        "sources": [source.as_json() for source in sources_of(environment)],
        "folders": [str(folder) for folder in guarded_folders()],
    }
    worker = Worker(job, TRY_SECONDS)
    answers: list[dict[str, Any]] = []
    said = worker.answers(answers.append)
    answer = answers[-1] if answers else {"faults": [_gave_none(environment, said, overdue=worker.overdue)]}
    until = None
    if "faults" in answer:
        until = time.monotonic() + _REMEMBERED_FOR * (time.monotonic() - began)
    known = _Known(_trial(answer), tuple(Fault(**fault) for fault in answer.get("faults", ())), until)
    with _lock:
        _known[key] = known
        while len(_known) > _MOST_REMEMBERED:
            _known.popitem(last=False)
    return known


def _gave_none(environment: EnvironmentConfig, said: str, *, overdue: bool) -> dict[str, Any]:
    field = "environment.wrappers" if environment.wrappers else "environment.id"
    if overdue:
        message = f"{environment.id} is not made within {TRY_SECONDS:g} s."
        return Fault(field, message, "Something in its code, or in that of a wrapper, waits or never ends.").as_json()
    last = said.strip().rpartition("\n")[2]
    message = f"{environment.id} cannot be made: it ends the process. {last}".strip()
    return Fault(field, message, "Something in its code, or in that of a wrapper, leaves Python.").as_json()


def _trial(answer: Mapping[str, Any]) -> Trial | None:
    if "faults" in answer:
        return None
    spaces = answer.get("spaces")
    return Trial(
        heights=tuple(answer["heights"]),
        fault=Fault(**answer["fault"]) if answer.get("fault") else None,
        spaces=None if spaces is None else spaces_from_data(spaces),
        exact=tuple((exact, words) for exact, words in answer.get("exact", ())),
    )


# ---- in the worker -------------------------------------------------------------------------------------------------


def try_out(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the environment of a job is like, as data; called in the process of its own."""
    environment = EnvironmentConfig.model_validate(job["environment"])
    for folder in job["folders"]:
        guard(Path(folder))
    try:
        take_in_for(environment.id, map(Source.from_json, job["sources"]))
        return _tried_here(environment)
    except ConfigError as error:
        return {"faults": [fault.as_json() for fault in error.faults]}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # anybody's code; what it says is all that can be told
        said = error.message if isinstance(error, PalaestraError) else f"{type(error).__name__}: {error}"
        return {"faults": [Fault("environment.id", f"{environment.id} cannot be made: {said}").as_json()]}


def _tried_here(environment: EnvironmentConfig) -> dict[str, Any]:
    from trainer.envs.catalogue import spaces_here
    from trainer.envs.inspection import exactly, flattened
    from trainer.envs.layers import layers_of

    layers = layers_of(environment)
    told: dict[str, Any] = {"heights": [layer.as_json() for layer in layers.heights]}
    if layers.fault is not None:
        return {**told, "fault": layers.fault.as_json()}
    both = (flattened(layers.top.observation), layers.top.action)
    spaces = replace(spaces_here(environment, layers), own_code=True)
    return {**told, "spaces": asdict(spaces), "exact": [(exactly(space), str(space)[:200]) for space in both]}
