"""Settings that reach a model while it trains.

Called between two rollouts only. A model that is given a setting here goes on as one would that had been built with
it: everything that holds a copy of the value is told, schedules stay schedules of the whole run's progress, and what
was learnt, counted and drawn so far is untouched. Which settings these are is said where they are declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import VectorizedActionNoise
from stable_baselines3.common.utils import FloatSchedule, LinearSchedule

from trainer.algorithms.build import schedule
from trainer.algorithms.fast import Fast
from trainer.config import RunConfig


def give(model: BaseAlgorithm, config: RunConfig, paths: Iterable[str]) -> None:
    """Have a model train on with the values that some settings have in `config`.

    :param paths: dotted paths of the settings; those that are not the model's own are left to others
    """
    for put in dict.fromkeys(GIVEN[path] for path in paths if path in GIVEN):
        put(model, config.algorithm)


def _learning_rate(model: Any, algorithm: Any) -> None:
    # Every update asks the schedule and tells its optimisers.
    model.learning_rate = schedule(algorithm.learning_rate)
    model._setup_lr_schedule()


def _batch_size(model: Any, algorithm: Any) -> None:
    model.batch_size = algorithm.batch_size


def _gamma(model: Any, algorithm: Any) -> None:
    model.gamma = algorithm.gamma
    for name in ("buffer", "rollout_buffer"):
        buffer = getattr(model, name, None)
        if buffer is not None:
            buffer.gamma = algorithm.gamma
    # What a saved file says of a replay buffer that adds up several rewards; a user's own keeps what it was given.
    kept = getattr(model, "replay_buffer_kwargs", {})
    if isinstance(model, Fast) and "gamma" in kept:
        kept["gamma"] = algorithm.gamma
    normalizer = model.get_vec_normalize_env()
    if normalizer is not None:
        normalizer.gamma = algorithm.gamma


def _entropy_coefficient(model: Any, algorithm: Any) -> None:
    model.ent_coef = algorithm.ent_coef
    fixed = getattr(model, "ent_coef_tensor", None)  # SAC's, where the coefficient is not learnt
    if fixed is not None:
        fixed.fill_(algorithm.ent_coef)


def _clip_ranges(model: Any, algorithm: Any) -> None:
    model.clip_range = FloatSchedule(schedule(algorithm.clip_range))
    limit = algorithm.clip_range_vf
    model.clip_range_vf = None if limit is None else FloatSchedule(schedule(limit))


def _exploration(model: Any, algorithm: Any) -> None:
    model.exploration_initial_eps = algorithm.exploration_initial_eps
    model.exploration_final_eps = algorithm.exploration_final_eps
    model.exploration_fraction = algorithm.exploration_fraction
    model.exploration_schedule = LinearSchedule(
        algorithm.exploration_initial_eps, algorithm.exploration_final_eps, algorithm.exploration_fraction
    )
    follow_exploration(model)


def follow_exploration(model: Any) -> None:
    """Have DQN's next choice explore as its schedule says; before its first step it has asked none yet."""
    if hasattr(model, "exploration_schedule") and model.num_timesteps > 0:
        model.exploration_rate = model.exploration_schedule(model._current_progress_remaining)


def _noise(model: Any, algorithm: Any) -> None:
    noise: Any = model.action_noise
    each: list[Any] = [noise.base_noise, *noise.noises] if isinstance(noise, VectorizedActionNoise) else [noise]
    for one in each:
        one._sigma = np.full_like(one._sigma, algorithm.action_noise.sigma)
    if isinstance(model, Fast):
        model.noise.follow(noise)  # type: ignore[attr-defined]  # whoever has action noise has this


def _size_of_changes(model: Any, algorithm: Any) -> None:
    model.delta_std_schedule = FloatSchedule(schedule(algorithm.delta_std))


GIVEN: dict[str, Callable[[Any, Any], None]] = {
    "algorithm.learning_rate": _learning_rate,
    "algorithm.batch_size": _batch_size,
    "algorithm.gamma": _gamma,
    "algorithm.ent_coef": _entropy_coefficient,
    "algorithm.delta_std": _size_of_changes,
    "algorithm.clip_range": _clip_ranges,
    "algorithm.clip_range_vf": _clip_ranges,
    "algorithm.exploration_fraction": _exploration,
    "algorithm.exploration_initial_eps": _exploration,
    "algorithm.exploration_final_eps": _exploration,
    "algorithm.action_noise.sigma": _noise,
}
