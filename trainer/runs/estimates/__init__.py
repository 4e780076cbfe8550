"""What a run will take before it is started: memory, time and disk, and how well each is known.

Nothing here makes an environment, a network or a buffer. What is not known is said to be so and left out of the sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.amounts import size
from trainer.config import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault
from trainer.runs.estimates.disk import disk_parts
from trainer.runs.estimates.memory import memory_parts
from trainer.runs.estimates.networks import networks_of
from trainer.runs.estimates.parts import Amount, Basis, Part
from trainer.runs.estimates.speed import LOOKED_AT, Speed, speed_of
from trainer.store.records import SpeedRecord, VideoRecord


@dataclass(frozen=True)
class Estimates:
    """What a run will take.

    :param steps: environment steps of the whole run; None when its length is a time and no speed is known
    :param seconds: how long it takes, pauses left out; None when no speed is known
    :param timed: whether its length is a time, so that `seconds` is what was asked for and `steps` is the estimate
    """

    memory: Amount
    disk: Amount
    speed: Speed
    steps: int | None
    seconds: float | None
    timed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the estimates as the REST contract shows them."""
        time = {
            "timed": self.timed,
            "seconds": self.seconds,
            "steps": self.steps,
            "steps_per_second": self.speed.steps_per_second,
            "basis": self.speed.basis,
            "about": self.speed.about,
        }
        return {"memory": self.memory.as_json(), "time": time, "disk": self.disk.as_json()}

    def advice(self) -> Iterator[Fault]:
        """Yield a remark for what there is not enough of."""
        if self.memory.free is not None and self.memory.bytes > self.memory.free:
            largest = max(self.memory.parts, key=lambda part: part.bytes or 0)
            message = f"about {size(self.memory.bytes)} of memory are needed, and {size(self.memory.free)} are free"
            yield Fault(_FIELDS.get(largest.name, ""), message, f"Most of it: {largest.about}.")
        if self.disk.free is not None and self.disk.bytes > self.disk.free:
            largest = max(self.disk.parts, key=lambda part: part.bytes or 0)
            message = f"about {size(self.disk.bytes)} of disk will be needed, and {size(self.disk.free)} are free"
            hint = f"Most of it: {largest.about}. A run pauses when its disk is full."
            yield Fault(_FIELDS.get(largest.name, ""), message, hint)


# Which setting decides over a part.
_FIELDS = {
    "replay": "algorithm.buffer_size",
    "rollout": "algorithm.n_steps",
    "networks": "policy.net_arch",
    "minibatch": "algorithm.batch_size",
    "environments": "environment.n_envs",
    "program": "resources.executor",
    "checkpoints": "checkpoints.keep",
    "videos": "video.every_steps",
}


def estimate(
    config: RunConfig,
    spaces: Spaces,
    *,
    earlier: Sequence[SpeedRecord],
    videos: Sequence[VideoRecord],
    free_memory: int | None,
    free_disk: int | None,
) -> Estimates:
    """Return what a run will take.

    :param earlier: runs of the same algorithm on this machine, newest first
    :param videos: earlier ones of the same environment
    :param free_memory: bytes that may still be taken, or None
    :param free_disk: bytes where runs are kept, or None
    """
    speed = speed_of(config, spaces, earlier)
    steps, seconds = _length(config, speed.steps_per_second)
    networks = networks_of(config, spaces)
    memory = memory_parts(config, spaces, networks, steps)
    disk = disk_parts(config, spaces, networks, steps=steps, seconds=seconds, videos=videos)
    timed = config.training.duration_seconds is not None
    return Estimates(Amount(memory, free_memory), Amount(disk, free_disk), speed, steps, seconds, timed)


def _length(config: RunConfig, steps_per_second: float | None) -> tuple[int | None, float | None]:
    training = config.training
    if training.duration_seconds is not None:
        steps = None if steps_per_second is None else round(training.duration_seconds * steps_per_second)
        return steps, training.duration_seconds
    return training.total_timesteps, training.total_timesteps / steps_per_second if steps_per_second else None


__all__ = ["LOOKED_AT", "Amount", "Basis", "Estimates", "Part", "Speed", "estimate"]
