"""Recording an episode of the present policy into the run's `videos/` folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.config import RunConfig
from trainer.envs.factory import make_render_env
from trainer.events import VideoSaved
from trainer.media.recorder import record_episode
from trainer.runs.evaluation import chooser

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

FOLDER = "videos"


def film(
    model: BaseAlgorithm,
    training_env: VecEnv,
    config: RunConfig,
    directory: Path,
    run_id: str,
    *,
    seed: int,
    should_stop: Callable[[], bool],
) -> VideoSaved | None:
    """Record one episode and return the event that tells of it; None when `should_stop` cut it short.

    :param training_env: its normalisation statistics are read, and left as they are
    """
    video = config.video
    step = model.num_timesteps
    path = directory / FOLDER / f"step_{step:010d}.mp4"

    choose = chooser(model, deterministic=video.deterministic)
    env = make_render_env(config.environment, seed, training_env=training_env)
    try:
        recording = record_episode(
            choose, env, path, max_length=video.max_length, fps=video.fps, should_stop=should_stop
        )
    finally:
        env.close()
    if recording is None:
        return None
    return VideoSaved(
        run_id,
        step=step,
        path=recording.path.relative_to(directory).as_posix(),
        poster=recording.poster.relative_to(directory).as_posix(),
        episode_return=recording.episode_return,
        length=recording.length,
        fps=round(recording.fps),
        duration=recording.duration,
        size_bytes=recording.size_bytes,
    )
