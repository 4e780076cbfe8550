"""Rules about the algorithm: what it needs of the action space, its rollout and its exploration."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.config.algorithms import ALGORITHMS, A2CConfig, DQNConfig, PPOConfig, SACConfig
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_WORDS = {
    "discrete": "discrete",
    "box": "continuous",
    "multi_discrete": "multi-discrete",
    "multi_binary": "multi-binary",
}


def _action_space(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if spaces is None or spaces.action_kind not in _WORDS or spaces.action_kind in algorithm.action_kinds:
        return
    needed = " or ".join(_WORDS[kind] for kind in algorithm.action_kinds)
    has = _WORDS[spaces.action_kind]
    able = [name.upper() for name, other in ALGORITHMS.items() if spaces.action_kind in other.action_kinds]
    message = f"{algorithm.name.upper()} needs {needed} actions, but {config.environment.id} has {has} ones"
    yield Fault("algorithm.name", message, f"Choose {_listed(able)}, or another environment.")


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _state_dependent_exploration(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, (PPOConfig, A2CConfig, SACConfig)) or not algorithm.use_sde:
        return
    if spaces is not None and spaces.action_kind != "box":
        message = f"explores continuous actions only, and {config.environment.id} has none"
        yield Fault("algorithm.use_sde", message, "Turn it off.")


def _minibatch_fits_rollout(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm, copies = config.algorithm, config.environment.n_envs
    if not isinstance(algorithm, PPOConfig):
        return
    rollout = algorithm.n_steps * copies
    if algorithm.batch_size > rollout:
        message = (
            f"{algorithm.batch_size:,} is more than one rollout holds: "
            f"{algorithm.n_steps:,} steps x {copies:,} {'copy' if copies == 1 else 'copies'} = {rollout:,}"
        )
        yield Fault("algorithm.batch_size", message, f"Use {rollout:,} or less, or longer rollouts.")
    elif algorithm.batch_size == 1 and algorithm.normalize_advantage and rollout > 1:
        message = "a batch of 1 has no spread to normalise advantages with"
        yield Fault("algorithm.batch_size", message, "Use 2 or more, or turn off advantage normalisation.")


def _advantages_have_a_spread(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, (PPOConfig, A2CConfig)) or not algorithm.normalize_advantage:
        return
    if algorithm.n_steps * config.environment.n_envs <= 1:
        message = "a rollout of 1 step has no spread to normalise advantages with"
        yield Fault("algorithm.n_steps", message, "Use 2 or more, more copies, or turn off advantage normalisation.")


def _epsilon_falls(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, DQNConfig):
        return
    first, last = algorithm.exploration_initial_eps, algorithm.exploration_final_eps
    if last > first:
        message = f"{last:g} is above the initial epsilon, {first:g}: exploration would grow"
        yield Fault("algorithm.exploration_final_eps", message, f"Use {first:g} or less.")


RULES = (
    _action_space,
    _state_dependent_exploration,
    _minibatch_fits_rollout,
    _advantages_have_a_spread,
    _epsilon_falls,
)
