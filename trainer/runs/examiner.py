"""Examinations of a run on the way: fresh episodes in an environment of their own, and what the best of them was."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.envs.factory import evaluation_copies, make_evaluation_env
from trainer.envs.seeding import mixed_seed
from trainer.events import EvaluationEnded
from trainer.runs.evaluation import Evaluation, evaluate
from trainer.runs.reporter import RunReporter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

# Evaluation uses other episodes than training does, yet the same ones in every run of a seed.
SEED_OFFSET = 10_000


class Examiner:
    """Examines one run.

    :param should_stop: asked at every step of an examination; may block to hold

    `best` is the best mean return so far, None before the first; `is_satisfied` whether the run has reached the return
    at which its configuration wants it to end.
    """

    def __init__(self, config: RunConfig, reporter: RunReporter, should_stop: Callable[[], bool]) -> None:
        self._config = config
        self._reporter = reporter
        self._should_stop = should_stop
        self._env: VecEnv | None = None
        self.best: float | None = None
        self.is_satisfied = False

    def examine(self, model: BaseAlgorithm, training_env: VecEnv, episodes: int) -> Evaluation | None:
        """Play episodes and tell of them; None when they were cut short.

        :param training_env: its normalisation statistics are read, and left as they are
        """
        config, step = self._config, model.num_timesteps
        seed = config.training.seed + SEED_OFFSET
        if self._env is None:
            copies = evaluation_copies(config.environment, config.evaluation.episodes)
            self._env = make_evaluation_env(config.environment, seed, copies, training_env=training_env)
        # By the step, so that a run that goes on from a checkpoint is judged on the episodes it would have had.
        self._env.seed(mixed_seed(seed, step))
        deterministic = config.evaluation.deterministic
        result = evaluate(model, self._env, episodes, deterministic=deterministic, should_stop=self._should_stop)
        if result is not None:
            self._tell(result, step)
        return result

    def note(self, result: Evaluation) -> bool:
        """Take a result into account; return whether it is the best so far."""
        is_best = self.best is None or result.mean_return > self.best
        self.best = result.mean_return if is_best else self.best
        self.is_satisfied = self.is_satisfied or self._is_good_enough(result.mean_return)
        return is_best

    def go_on(self, best: float | None, *, wants_more: bool) -> None:
        """Take up where a checkpoint stood.

        :param best: the best mean return until then
        :param wants_more: it had come to its end, and goes on only because somebody wants more of it
        """
        self.best = best
        self.is_satisfied = not wants_more and self._is_good_enough(best)

    def close(self) -> None:
        """Close the environment, if there ever was one."""
        if self._env is not None:
            self._env.close()

    def _is_good_enough(self, mean_return: float | None) -> bool:
        evaluation = self._config.evaluation
        threshold = evaluation.reward_threshold
        reached = mean_return is not None and threshold is not None and mean_return >= threshold
        return evaluation.stop_on_threshold and reached

    def _tell(self, result: Evaluation, step: int) -> None:
        self._reporter.emit(
            EvaluationEnded(
                self._reporter.run_id,
                step=step,
                mean_return=result.mean_return,
                std_return=result.std_return,
                mean_length=result.mean_length,
                episodes=len(result.returns),
            )
        )
        self._reporter.log(
            f"Evaluation at step {step:,}: mean return {result.mean_return:.2f} ± {result.std_return:.2f} "
            f"over {counted(len(result.returns), 'episode')}."
        )
