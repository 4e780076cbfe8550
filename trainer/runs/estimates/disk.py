"""How much disk a run will take: its checkpoints, what they share counted once, its videos and its logs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.config.algorithms import OffPolicyConfig
from trainer.config.sizes import replay_rings
from trainer.config.spaces import Spaces
from trainer.envs import catalogue
from trainer.errors import ConfigError
from trainer.runs.checkpoints.replay_files import PIECE
from trainer.runs.estimates.networks import Networks
from trainer.runs.estimates.parts import Basis, Part
from trainer.store.records import VideoRecord

# Names, counters, generators and schedules of a checkpoint beside its networks.
_STATE = 45_000
_TENTHS = 10
# Bytes a frame of H.264 at the size that videos have here, by family: measured over ten episodes each.
_FRAME = {"classic_control": 150, "toy_text": 200, "box2d": 230, "mujoco": 450, "atari": 200}
_LOG_OF_A_ROLLOUT = 340  # bytes of TensorBoard's file


def disk_parts(
    config: RunConfig,
    spaces: Spaces,
    networks: Networks | None,
    *,
    steps: int | None,
    seconds: float | None,
    videos: Sequence[VideoRecord],
) -> tuple[Part, ...]:
    """Return what a run leaves on the disk, the largest first.

    :param steps: environment steps of the whole run; None when nobody knows
    :param seconds: how long it takes; None when nobody knows
    :param videos: earlier ones of the same environment
    """
    parts = [
        _checkpoints(config, spaces, networks, steps, seconds),
        _videos(config, steps, videos),
        _tensorboard(config, steps),
    ]
    said = [part for part in parts if part is not None]
    return tuple(sorted(said, key=lambda part: -(part.bytes or 0)))


def kept_checkpoints(config: RunConfig, steps: int | None, seconds: float | None) -> int:
    """Return how many checkpoints stay at the end: periodic ones, milestones, the best and the last."""
    settings = config.checkpoints
    if not settings.enabled:
        return 1
    due = 0
    last = _TENTHS if settings.milestones else 1
    if settings.every_steps is not None:
        due += settings.keep if steps is None else steps // settings.every_steps
        if steps is not None and steps % settings.every_steps == 0 and settings.every_seconds is None:
            last -= 1  # the last of the periodic ones is the final one
    if settings.every_seconds is not None:
        # The least first: a time may be so short that no whole number says how often it fits in.
        due += settings.keep if seconds is None else int(min(settings.keep, seconds // settings.every_seconds))
    best = 1 if config.evaluation.enabled and (steps is None or steps >= config.evaluation.frequency) else 0
    return min(due, settings.keep) + last + best


def _checkpoints(
    config: RunConfig, spaces: Spaces, networks: Networks | None, steps: int | None, seconds: float | None
) -> Part:
    count = kept_checkpoints(config, steps, seconds)
    about = counted(count, "checkpoint")
    observed = config.environment.n_envs * (spaces.observation_bytes or 0)
    if networks is None:
        return Part("checkpoints", None, "unknown", f"{about} of networks whose size is not known")
    models = count * (networks.saved_bytes + _STATE + 2 * observed)
    if not isinstance(config.algorithm, OffPolicyConfig):
        return Part("checkpoints", models, "rough", about)
    replay = _replay(config, spaces, count, steps, seconds)
    if replay is None:
        return Part("checkpoints", None, "unknown", f"{about} with a replay buffer whose size on disk is not known")
    return Part("checkpoints", models + replay, "rough", f"{about}, the newest with what they share of the replay")


def _replay(config: RunConfig, spaces: Spaces, count: int, steps: int | None, seconds: float | None) -> int | None:
    """Return what the replay buffers of the newest checkpoints take together."""
    rings = replay_rings(config, spaces)
    if rings is None:
        return None
    copies, settings = config.environment.n_envs, config.checkpoints
    holders = min(count, max(2, settings.keep))
    between = _steps_between(config, steps, seconds)
    total = 0
    for rows, size in rings:
        taken = rows if steps is None else max(1, steps // copies)
        held = min(rows, taken)
        in_piece = max(1, PIECE // size)
        piece = in_piece * size
        # The last piece of a ring is written whole however little of it is in use.
        whole = min(math.ceil(held / in_piece), math.ceil(rows / in_piece)) * piece
        fresh = min(held, held if between is None else between // copies)
        each = min(whole, (math.ceil(fresh / in_piece) + 1) * piece)
        # Before it is full an older checkpoint has less, and all but its last piece is the same.
        older = each if taken > rows else min(each, piece)
        total += min(whole, rows * size) + (holders - 1) * min(older, rows * size)
    return total


def _steps_between(config: RunConfig, steps: int | None, seconds: float | None) -> int | None:
    settings = config.checkpoints
    found = [] if settings.every_steps is None else [settings.every_steps]
    if settings.every_seconds is not None and steps is not None and seconds:
        found.append(math.ceil(steps / seconds * settings.every_seconds))
    if settings.milestones and steps is not None:
        found.append(steps // _TENTHS)
    return min(found) if found else None


def _videos(config: RunConfig, steps: int | None, earlier: Sequence[VideoRecord]) -> Part | None:
    video, environment = config.video, config.environment
    if not video.enabled:
        return None
    count = _TENTHS if video.milestones else 0
    if video.every_steps is not None:
        if steps is None:
            return Part("videos", None, "unknown", "how many videos depends on a speed that is not known")
        count += steps // video.every_steps
    if count == 0:
        return None
    frame, length, basis = _picture(config, earlier)
    length = min(length or video.max_length, video.max_length)
    if frame is None:
        return Part("videos", None, "unknown", f"{counted(count, 'video')} of {environment.id}, none yet to measure by")
    videos, frames = counted(count, "video"), counted(length, "frame")
    about = f"{videos} of {frames}" if earlier else f"{videos} of at most {frames}"
    return Part("videos", round(count * length * frame), basis, about)


def _picture(config: RunConfig, earlier: Sequence[VideoRecord]) -> tuple[float | None, int | None, Basis]:
    """Return bytes of a frame and frames of an episode, and how they are known."""
    measured = [video for video in earlier if video.length > 0]
    if measured:
        frame = median(video.size_bytes / video.length for video in measured)
        return frame, round(median(video.length for video in measured)), "measured"
    try:
        entry = catalogue.find(config.environment.id)
    except ConfigError:
        return None, None, "unknown"
    return _FRAME.get(entry.family), config.environment.max_episode_steps or entry.max_episode_steps, "rough"


def _tensorboard(config: RunConfig, steps: int | None) -> Part | None:
    rollout = int(getattr(config.algorithm, "n_steps", 0)) * config.environment.n_envs
    # The others write after so many episodes, whose length nobody knows beforehand.
    if not (config.tracking.tensorboard and config.algorithm.on_policy and rollout and steps is not None):
        return None
    written = steps // rollout // (config.training.log_interval or config.algorithm.log_interval)
    return Part("tensorboard", written * _LOG_OF_A_ROLLOUT, "rough", f"{counted(written, 'entry', 'entries')}")
