"""What runs, yet not quite as one might think: said beside the field and in the run's log, never a refusal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trainer.config.algorithms import (
    ARSConfig,
    MaskablePPOConfig,
    OnPolicyConfig,
    PPOConfig,
    RecurrentPPOConfig,
    TRPOConfig,
)
from trainer.config.checks import wrappers
from trainer.config.placement import placement
from trainer.config.run import RunConfig
from trainer.errors import Fault

_LARGEST_TRIED = 20_000


def advise(config: RunConfig, *, own_code: bool = False) -> list[Fault]:
    """Return remarks on `config`, each beside the field that one might change.

    :param own_code: whether code of the user's own makes its environment or stands around it
        (`trainer.envs.entry_points.has_own_code`)
    """
    return [*_goes_to_a_process(config, own_code=own_code), *(remark for rule in _RULES for remark in rule(config))]


def _last_minibatch_is_smaller(config: RunConfig) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, (PPOConfig, TRPOConfig, RecurrentPPOConfig, MaskablePPOConfig)):
        return
    if algorithm.batch_size is None:
        return
    rollout = algorithm.n_steps * config.environment.n_envs
    rest = rollout % algorithm.batch_size
    if rest and algorithm.batch_size < rollout:
        message = f"does not divide the {rollout:,} steps of a rollout: the last minibatch has only {rest:,}"
        divisor = _divisor_near(rollout, algorithm.batch_size)
        hint = "A divisor gives every step the same weight."
        yield Fault("algorithm.batch_size", message, hint, {"algorithm.batch_size": divisor})


def _rollout_outlasts_the_run(config: RunConfig) -> Iterator[Fault]:
    algorithm, training = config.algorithm, config.training
    if not isinstance(algorithm, OnPolicyConfig) or training.duration_seconds is not None:
        return
    rollout = algorithm.n_steps * config.environment.n_envs
    if rollout > training.total_timesteps:
        message = f"is less than one rollout, which is always finished: {rollout:,} steps will be taken"
        fix = {"training.total_timesteps": rollout}
        yield Fault("training.total_timesteps", message, "Train longer, or take shorter rollouts.", fix)


def _divisor_near(whole: int, wanted: int) -> int:
    """Return the divisor of `whole` that is nearest to `wanted` in size, the larger of two.

    Of a rollout of more than 400 million steps, some divisors are not looked at: it is asked at every key pressed.
    """
    small = [number for number in range(1, min(math.isqrt(whole), _LARGEST_TRIED) + 1) if whole % number == 0]
    divisors = [*small, *(whole // number for number in small)]
    return min(divisors, key=lambda divisor: (abs(math.log(divisor / wanted)), -divisor))


def _goes_to_a_process(config: RunConfig, *, own_code: bool) -> Iterator[Fault]:
    why = placement(config, own_code=own_code).by_itself
    if why is not None:
        message = f"gives this run a process of its own: {why}"
        yield Fault("resources.executor", message, "It starts some seconds later and takes about 0.3 GB more memory.")


def _rewards_that_nobody_reads(config: RunConfig) -> Iterator[Fault]:
    if isinstance(config.algorithm, ARSConfig) and config.environment.normalize_reward:
        message = "changes nothing: ARS learns from the true returns of whole episodes"
        yield Fault("environment.normalize_reward", message, "Turn it off.")


_RULES = (
    _rewards_that_nobody_reads,
    _last_minibatch_is_smaller,
    _rollout_outlasts_the_run,
    *wrappers.REMARKS,
)
