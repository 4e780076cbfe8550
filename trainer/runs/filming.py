"""Recording an episode of the present policy into the run's `videos/` folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.envs.factory import make_render_env
from trainer.events import VideoSaved
from trainer.media.parts import VIDEOS, sweep_parts
from trainer.media.recorder import record_episode
from trainer.runs.disk import is_full
from trainer.runs.evaluation import chooser
from trainer.runs.reasons import explain
from trainer.runs.reporter import RunReporter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

# Other episodes than those of training and evaluation, yet the same ones in every run of a seed.
_SEED_OFFSET = 20_000


class Filmer:
    """Films one run, for as long as it can; hours of training must not end because a picture cannot be drawn.

    :param should_stop: asked at every step of an episode; may block to hold
    """

    def __init__(
        self, config: RunConfig, directory: Path, reporter: RunReporter, should_stop: Callable[[], bool]
    ) -> None:
        self._config = config
        self._directory = directory
        self._reporter = reporter
        self._should_stop = should_stop
        self._gave_up = False
        sweep_parts(directory / VIDEOS)

    def film(self, model: BaseAlgorithm, training_env: VecEnv) -> bool:
        """Record an episode and tell of it; return False when it was cut short and is still to be had.

        :param training_env: its normalisation statistics are read, and left as they are
        """
        if self._gave_up:
            return True
        try:
            event = self._record(model, training_env)
        except Exception as error:  # noqa: BLE001  # see above
            self._gave_up = not is_full(error, self._directory)
            lost = f"step {model.num_timesteps:,}: the disk is full."
            words = (
                f"videos of this run: {explain(error, what='The recording', traced='')}"
                if self._gave_up
                else f"video of {lost}"
            )
            self._reporter.log(f"No {words}", "warning")
            return True
        if event is None:
            return False
        self._reporter.emit(event)
        self._reporter.log(f"Recorded {event.path}: return {event.episode_return:g}, {counted(event.length, 'step')}.")
        return True

    def _record(self, model: BaseAlgorithm, training_env: VecEnv) -> VideoSaved | None:
        config, step = self._config, model.num_timesteps
        path = self._directory / VIDEOS / f"step_{step:010d}.mp4"
        seed = config.training.seed + _SEED_OFFSET
        env = make_render_env(config.environment, seed, training_env=training_env)
        try:
            recording = record_episode(
                chooser(model, env, deterministic=config.video.deterministic),
                env,
                path,
                max_length=config.video.max_length,
                fps=config.video.fps,
                should_stop=self._should_stop,
            )
        finally:
            env.close()
        if recording is None:
            return None
        return VideoSaved(
            self._reporter.run_id,
            step=step,
            path=recording.path.relative_to(self._directory).as_posix(),
            poster=recording.poster.relative_to(self._directory).as_posix(),
            episode_return=recording.episode_return,
            length=recording.length,
            fps=round(recording.fps),
            duration=recording.duration,
            size_bytes=recording.size_bytes,
        )
