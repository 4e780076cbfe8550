"""Where a run is executed: in a thread of the program, or in a process of its own.

What draws from random generators that a whole process shares, or keeps the interpreter to itself, would change the
numbers and the speed of every run beside it. Left to choose, such a run gets a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer.config.run import RunConfig

_BUFFERS = ("replay_buffer_class", "rollout_buffer_class")


@dataclass(frozen=True)
class Placement:
    """Where a run is executed.

    :param by_itself: why it is a process although nobody asked for one, as the rest of a sentence; None otherwise
    """

    executor: Literal["thread", "process"]
    by_itself: str | None = None


def placement(config: RunConfig, *, own_code: bool) -> Placement:
    """Return where a run of this configuration is executed.

    :param own_code: whether code of the user's own makes its environment or stands around it
        (`trainer.envs.entry_points.has_own_code`)
    """
    wanted = config.resources.executor
    if wanted != "auto":
        return Placement(wanted)
    why = why_no_thread(config, own_code=own_code)
    return Placement("process" if why else "thread", why)


def why_no_thread(config: RunConfig, *, own_code: bool) -> str | None:
    """Return why a run had better not share a process with others; None where it can.

    :param own_code: as for `placement`
    """
    if not config.algorithm.own_generators:
        return f"{config.algorithm.label} draws its random numbers from the whole process"
    if has_own_buffer(config):
        return "a buffer class of your own draws its random numbers from the whole process"
    if keeps_infos(config):
        return "hindsight that keeps infos draws its random numbers from the whole process"
    if own_code:
        return "an environment or wrapper of your own may draw its random numbers from the whole process"
    return None


def has_own_buffer(config: RunConfig) -> bool:
    """Return whether a buffer class of the user's own is named."""
    return any(getattr(config.algorithm, name, None) is not None for name in _BUFFERS)


def keeps_infos(config: RunConfig) -> bool:
    """Return whether rewards in hindsight are computed from infos, which only Stable-Baselines3's own buffer keeps."""
    algorithm = config.algorithm
    return bool(getattr(algorithm, "hindsight", False) and getattr(algorithm, "copy_info_dict", False))
