"""Rules about the algorithm: what it needs of the action space, its rollout and its exploration."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.config.algorithms import (
    ALGORITHMS,
    ARSConfig,
    DQNConfig,
    MaskablePPOConfig,
    OnPolicyConfig,
    PPOConfig,
    QRDQNConfig,
    RecurrentPPOConfig,
    TQCConfig,
    TRPOConfig,
)
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_WORDS = {
    "discrete": "discrete",
    "box": "continuous",
    "multi_discrete": "multi-discrete",
    "multi_binary": "multi-binary",
}
# Kinds that an algorithm takes, in words that are told whole; translations know no parts of them.
_NEEDED = {
    ("box",): "continuous",
    ("discrete",): "discrete",
    ("discrete", "box"): "discrete or continuous",
    ("discrete", "multi_discrete", "multi_binary"): "discrete, multi-discrete or multi-binary",
}
# What one would try first of those that fit.
_FIRST_CHOICES = ("sac", "dqn", "ppo")
_TQC_QUANTILES = 25  # of each critic, where nothing is said


def _action_space(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if spaces is None or spaces.action_kind not in _WORDS or spaces.action_kind in algorithm.action_kinds:
        return
    needed = _NEEDED.get(tuple(algorithm.action_kinds), "other")
    has = _WORDS[spaces.action_kind]
    able = [other.label for other in ALGORITHMS.values() if spaces.action_kind in other.action_kinds]
    message = f"{algorithm.label} needs {needed} actions, but {config.environment.id} has {has} ones"
    hint = f"Choose {', '.join(able)}, or another environment."
    yield Fault("algorithm.name", message, hint, _nearest_algorithm(config, spaces))


def _nearest_algorithm(config: RunConfig, spaces: Spaces) -> dict[str, str] | None:
    """Return the fix that chooses an algorithm which can act here and learns as the chosen one does, if any does."""
    able = [name for name, other in ALGORITHMS.items() if spaces.action_kind in other.action_kinds]
    alike = [name for name in able if ALGORITHMS[name].on_policy == config.algorithm.on_policy] or able
    best = next((name for name in _FIRST_CHOICES if name in alike), alike[0] if alike else None)
    return {"algorithm.name": best} if best else None


def _state_dependent_exploration(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not getattr(algorithm, "use_sde", False):
        return
    if spaces is not None and spaces.action_kind != "box":
        message = f"explores continuous actions only, and {config.environment.id} has none"
        yield Fault("algorithm.use_sde", message, "Turn it off.", {"algorithm.use_sde": False})


def _minibatch_fits_rollout(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm, copies = config.algorithm, config.environment.n_envs
    if not isinstance(algorithm, (PPOConfig, TRPOConfig, RecurrentPPOConfig, MaskablePPOConfig)):
        return
    rollout = algorithm.n_steps * copies
    if algorithm.batch_size is None:
        return
    if algorithm.batch_size > rollout:
        size, steps = algorithm.batch_size, algorithm.n_steps
        message = f"{size:,} is more than one rollout holds: {steps:,} steps x {copies:,} copies = {rollout:,}"
        if copies == 1:
            message = f"{size:,} is more than one rollout holds, which is {rollout:,} steps"
        hint = f"Use {rollout:,} or less, or longer rollouts."
        yield Fault("algorithm.batch_size", message, hint, {"algorithm.batch_size": rollout})
    elif algorithm.batch_size == 1 and _normalizes_batches(algorithm) and rollout > 1:
        message = "a batch of 1 has no spread to normalise advantages with"
        hint = "Use 2 or more, or turn off advantage normalisation."
        yield Fault("algorithm.batch_size", message, hint, {"algorithm.batch_size": min(64, rollout)})


def _normalizes_batches(algorithm: OnPolicyConfig) -> bool:
    # TRPO normalises over the whole rollout: its batches are for the value network alone.
    return not isinstance(algorithm, TRPOConfig) and bool(getattr(algorithm, "normalize_advantage", False))


def _advantages_have_a_spread(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, OnPolicyConfig) or not algorithm.normalize_advantage:
        return
    if algorithm.n_steps * config.environment.n_envs <= 1:
        message = "a rollout of 1 step has no spread to normalise advantages with"
        hint = "Use 2 or more, more copies, or turn off advantage normalisation."
        usual = type(algorithm).model_fields["n_steps"].default
        yield Fault("algorithm.n_steps", message, hint, {"algorithm.n_steps": usual})


def _epsilon_falls(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, (DQNConfig, QRDQNConfig)):
        return
    first, last = algorithm.exploration_initial_eps, algorithm.exploration_final_eps
    if last > first:
        message = f"{last:g} is above the initial epsilon, {first:g}: exploration would grow"
        field = "algorithm.exploration_final_eps"
        yield Fault(field, message, f"Use {first:g} or less.", {field: first})


def _quantiles_are_left(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm, quantiles = config.algorithm, config.policy.n_quantiles or _TQC_QUANTILES
    if isinstance(algorithm, TQCConfig) and algorithm.top_quantiles_to_drop_per_net >= quantiles:
        dropped = algorithm.top_quantiles_to_drop_per_net
        message = f"{dropped:,} of the {quantiles:,} quantiles of each critic are dropped: none is left"
        field = "algorithm.top_quantiles_to_drop_per_net"
        yield Fault(field, message, f"Use {quantiles - 1:,} or less.", {field: quantiles - 1})


def _best_directions_are_some_of_all(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if isinstance(algorithm, ARSConfig) and algorithm.n_top is not None and algorithm.n_top > algorithm.n_delta:
        message = f"{algorithm.n_top:,} is more than the {algorithm.n_delta:,} directions that are tried"
        hint = f"Use {algorithm.n_delta:,} or less, or leave it empty for all."
        yield Fault("algorithm.n_top", message, hint, {"algorithm.n_top": None})


RULES = (
    _quantiles_are_left,
    _best_directions_are_some_of_all,
    _action_space,
    _state_dependent_exploration,
    _minibatch_fits_rollout,
    _advantages_have_a_spread,
    _epsilon_falls,
)
