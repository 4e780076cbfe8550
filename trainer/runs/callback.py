"""What happens at every environment step of a training run: look at its numbers, count episodes, say how far we are.

Everything heavier happens in the session: evaluations and videos between rollouts, checkpoints wherever a model may be
held. The callback always lets training continue: in the middle of a step a transition would be lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter

from trainer.events import EpisodeEnded
from trainer.runs.guards import (
    BadEnvironmentError,
    CollapseGuard,
    EnvironmentGuard,
    require_finite_metrics,
    require_finite_model,
)
from trainer.runs.progress import ProgressMeter
from trainer.runs.reporter import RunReporter

PROGRESS_INTERVAL = 0.25


class RunCallback(BaseCallback):
    """Watches one run's steps.

    :param hold_point: called at every step
    :param meter: told of every step and episode
    :param reporter: told of episodes, and a few times a second of the progress
    :param guard: looks at what the environment returns
    """

    def __init__(
        self, hold_point: Callable[[], None], meter: ProgressMeter, reporter: RunReporter, guard: EnvironmentGuard
    ) -> None:
        super().__init__()
        self._guard = guard
        self._hold_point = hold_point
        self._meter = meter
        self._reporter = reporter
        self._next_progress = 0.0

    def _on_step(self) -> bool:
        self._hold_point()
        meter = self._meter
        meter.step = self.num_timesteps
        ended = self.locals["dones"].any()
        try:
            self._guard.look(self.locals["rewards"], self.locals["new_obs"], self.num_timesteps)
            if ended:
                self._guard.look_at_ends(self.locals["infos"], self.num_timesteps)
        except BadEnvironmentError:
            # An environment that is given actions that are no numbers answers in kind.
            require_finite_model(self.model)
            raise
        if ended:
            self._note_episodes(self.locals["infos"])
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + PROGRESS_INTERVAL
            meter.mark()
            self._reporter.emit(meter.event(self._reporter.run_id))
        return True

    def _note_episodes(self, infos: list[dict[str, Any]]) -> None:
        for index, info in enumerate(infos):
            episode = info.get("episode")
            if episode is None:
                continue
            episode_return = float(episode["r"])
            number = self._meter.episode_ended(episode_return)
            self._reporter.emit(
                EpisodeEnded(
                    self._reporter.run_id,
                    step=self.num_timesteps,
                    number=number,
                    env_index=index,
                    episode_return=episode_return,
                    length=int(episode["l"]),
                )
            )


class MetricsWriter(KVWriter):
    """Sends what Stable-Baselines3 logs to the store, with the speed as our meter measures it.

    :param collapse: looks for a policy that has collapsed; None where no entropy is logged
    """

    def __init__(self, reporter: RunReporter, meter: ProgressMeter, collapse: CollapseGuard | None = None) -> None:
        self._collapse = collapse
        self._reporter = reporter
        self._meter = meter

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Keep the scalars of one dump; texts, figures and the like have no curve.

        :raises DivergedError: a number of the training is not finite
        """
        del key_excluded  # it names formats of Stable-Baselines3's own
        values = {
            key: float(value)
            for key, value in key_values.items()
            if isinstance(value, (int, float, np.integer, np.floating)) and key != "time/total_timesteps"
        }
        if "time/fps" in values:
            self._meter.mark()
            values["time/fps"] = self._meter.fps
        if values.get("time/iterations") == 1:
            # PPO and A2C speak for the first time before they have learnt: nobody trains as fast as that.
            del values["time/fps"]
        self._reporter.metrics(step, values)
        require_finite_metrics(values, step)
        warning = self._collapse and self._collapse.look(values, self._meter.return_mean, step)
        if warning:
            self._reporter.warn(warning)

    def close(self) -> None:
        """Nothing to close: the store outlives the run."""
