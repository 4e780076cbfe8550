"""One iteration of training at a time: collect a rollout, then update the policy.

Stable-Baselines3's `learn` owns its loop; ours is owned by the session, which asks between iterations whether to
stop, evaluate or save. Between two iterations everything collected has been stored and everything due has been learnt;
a fast model can be saved inside one too, and then only what is left of it is done (`Halfway`). The order of calls is
that of `learn` in Stable-Baselines3 2.9.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from sb3_contrib import ARS, MaskablePPO
from sb3_contrib.common.maskable.utils import is_masking_supported
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.her import HerReplayBuffer

from trainer.algorithms.fast import Fast
from trainer.algorithms.fast.core import Halfway
from trainer.algorithms.fast.off_policy import FastOffPolicy

# A run whose length is a time has no number of steps; schedules see this until the first estimate.
_UNKNOWN_TOTAL = 1_000_000_000

Model = TypeVar("Model", bound=BaseAlgorithm)


class Learner(ABC, Generic[Model]):
    """Drives one model.

    :param model: has its environment and logger set
    :param callback: its `on_step` is called at every environment step and must return True
    :param total_timesteps: environment steps that schedules are stretched over; None when a duration decides
    :param log_interval: iterations (on-policy) or episodes (off-policy) between two dumps of the logger
    """

    def __init__(self, model: Model, callback: BaseCallback, total_timesteps: int | None, log_interval: int) -> None:
        if model.env is None:
            raise ValueError("the model has no environment")
        self.model = model
        self._env = model.env
        self._log_interval = log_interval
        _, self._callback = model._setup_learn(
            total_timesteps or _UNKNOWN_TOTAL, callback, reset_num_timesteps=True, tb_log_name="", progress_bar=False
        )
        self._callback.on_training_start(locals(), globals())

    def iterate(self) -> None:
        """Collect one rollout and learn from it; of an iteration that was begun already, take what is left."""
        halfway = self.model.halfway if isinstance(self.model, Fast) else Halfway()
        if not halfway.updating:
            halfway.owed = self._collect()
            halfway.updating = True
        if halfway.owed > 0:
            self._update(halfway.owed)
        if isinstance(self.model, Fast):
            self.model.halfway = Halfway()

    @abstractmethod
    def _collect(self) -> int:
        """Collect a rollout; return how many gradient steps it owes, where they are counted, or else 1."""

    @abstractmethod
    def _update(self, owed: int) -> None:
        """Learn from what was collected."""

    def state(self) -> dict[str, Any]:
        """Return what stands here rather than in the model, as plain data."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""

    def forget_transitions(self) -> None:
        """Note that the model goes on without what it had collected."""

    def set_fraction_done(self, fraction: float) -> None:
        """Stretch the schedules so that `fraction` (0 to 1) of the run is behind us; for runs limited by time."""
        if fraction > 0 and self.model.num_timesteps > 0:
            self.model._total_timesteps = max(self.model.num_timesteps, round(self.model.num_timesteps / fraction))

    def close(self) -> None:
        """Tell the callback that training has ended."""
        self._callback.on_training_end()


class OnPolicyLearner(Learner[OnPolicyAlgorithm]):
    """PPO, A2C, TRPO, RecurrentPPO, MaskablePPO."""

    _iteration = 0

    def state(self) -> dict[str, Any]:
        """Return how many rollouts there were."""
        return {"iteration": self._iteration}

    def restore(self, state: dict[str, Any]) -> None:
        """Count on."""
        self._iteration = state["iteration"]

    def _collect(self) -> int:
        model = self.model
        options = {"use_masking": is_masking_supported(self._env)} if isinstance(model, MaskablePPO) else {}
        model.collect_rollouts(
            self._env, self._callback, model.rollout_buffer, n_rollout_steps=model.n_steps, **options
        )
        self._iteration += 1
        model._update_current_progress_remaining(model.num_timesteps, model._total_timesteps)
        if self._iteration % self._log_interval == 0:
            model.dump_logs(self._iteration)
        return 1

    def _update(self, _owed: int) -> None:
        self.model.train()


class OffPolicyLearner(Learner[OffPolicyAlgorithm]):
    """DQN, QR-DQN, DDPG, TD3, SAC, TQC, CrossQ."""

    _collects_until = 0

    def state(self) -> dict[str, Any]:
        """Return up to which step transitions are only collected."""
        return {"collects_until": self._collects_until}

    def restore(self, state: dict[str, Any]) -> None:
        """Collect as long as was meant."""
        self._collects_until = state["collects_until"]

    def forget_transitions(self) -> None:
        """Collect with the policy as it is until there is again as much to learn from as at first."""
        if isinstance(self.model, Fast):
            self.model.halfway = Halfway()
        self._collects_until = self.model.num_timesteps + min(self.model.learning_starts, self.model.buffer_size)

    def _collect(self) -> int:
        model = self.model
        rollout = model.collect_rollouts(
            self._env,
            train_freq=model.train_freq,  # type: ignore[arg-type]  # a TrainFreq once the model is set up
            action_noise=model.action_noise,
            callback=self._callback,
            learning_starts=model.learning_starts,
            replay_buffer=model.replay_buffer,  # type: ignore[arg-type]  # set by _setup_model
            log_interval=self._log_interval,
        )
        if model.num_timesteps <= max(model.learning_starts, self._collects_until):
            return 0
        if not _can_draw(model):
            return 0
        return model.gradient_steps if model.gradient_steps >= 0 else rollout.episode_timesteps

    def _update(self, owed: int) -> None:
        self.model.train(batch_size=self.model.batch_size, gradient_steps=owed)


def _can_draw(model: OffPolicyAlgorithm) -> bool:
    """Return whether there is something to learn from; hindsight needs an episode that has ended."""
    if isinstance(model, FastOffPolicy):
        return model.buffer.is_ready
    buffer = model.replay_buffer
    # Theirs raises an error otherwise.
    return not isinstance(buffer, HerReplayBuffer) or bool(buffer.ep_length.any())


class SearchLearner(Learner[ARS]):
    """ARS: an iteration tries all candidates and moves the policy; nothing is kept of it afterwards."""

    def _collect(self) -> int:
        model = self.model
        model._update_current_progress_remaining(model.num_timesteps, model._total_timesteps)
        model._do_one_update(self._callback, None)
        if model._n_updates % self._log_interval == 0:
            model.dump_logs()
        return 0

    def _update(self, _owed: int) -> None:
        """Nothing is owed: trying and moving are one."""


def make_learner(
    model: BaseAlgorithm, callback: BaseCallback, total_timesteps: int | None, log_interval: int
) -> Learner[Any]:
    """Return the learner for the model's kind.

    :raises TypeError: the model is of none that we know how to drive
    """
    if isinstance(model, ARS):
        return SearchLearner(model, callback, total_timesteps, log_interval)
    if isinstance(model, OnPolicyAlgorithm):
        return OnPolicyLearner(model, callback, total_timesteps, log_interval)
    if isinstance(model, OffPolicyAlgorithm):
        return OffPolicyLearner(model, callback, total_timesteps, log_interval)
    raise TypeError(f"no learner for {type(model).__name__}")


def call_after_each_gradient_step(model: BaseAlgorithm, call: Callable[[], None]) -> None:
    """Have `call` run after every optimiser step of a model that has no hold points of its own."""

    def hook(*_: Any) -> None:
        call()

    for optimizer in _optimizers(model):
        optimizer.register_step_post_hook(hook)


def _optimizers(model: BaseAlgorithm) -> list[torch.optim.Optimizer]:
    holders = [model.policy, *(getattr(model, name, None) for name in ("actor", "critic"))]
    found = [getattr(holder, "optimizer", None) for holder in holders] + [getattr(model, "ent_coef_optimizer", None)]
    unique = {id(optimizer): optimizer for optimizer in found if isinstance(optimizer, torch.optim.Optimizer)}
    return list(unique.values())
