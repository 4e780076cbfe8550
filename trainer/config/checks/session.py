"""Rules about evaluation, checkpoints and videos: what is turned on must be able to happen."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault


def _threshold_to_stop_at(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    evaluation = config.evaluation
    if not evaluation.stop_on_threshold:
        return
    if not evaluation.enabled:
        message = "needs evaluations to compare with the threshold"
        yield Fault("evaluation.stop_on_threshold", message, "Turn evaluation on.", {"evaluation.enabled": True})
    if evaluation.reward_threshold is None:
        message = "is needed to stop when it is reached"
        fix = {"evaluation.stop_on_threshold": False}
        yield Fault("evaluation.reward_threshold", message, "Set it, or turn off stopping when solved.", fix)


def _checkpoint_interval(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    checkpoints = config.checkpoints
    whenever = checkpoints.every_steps, checkpoints.every_seconds
    if checkpoints.enabled and whenever == (None, None) and not checkpoints.milestones:
        message = "checkpoints are on, but nothing says when"
        hint = "Set steps, seconds or milestones, or turn checkpoints off."
        yield Fault("checkpoints.every_steps", message, hint, {"checkpoints.every_seconds": 60.0})


def _video_interval(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    video = config.video
    if video.enabled and video.every_steps is None and not video.milestones:
        message = "videos are on, but nothing says when"
        hint = "Set steps or milestones, or turn videos off."
        yield Fault("video.every_steps", message, hint, {"video.milestones": True})


RULES = (_threshold_to_stop_at, _checkpoint_interval, _video_interval)
