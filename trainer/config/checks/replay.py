"""Rules about the buffer that an algorithm learns from, and above all about replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainer.config.algorithms import HERConfig, OffPolicyConfig
from trainer.config.checks.wrappers import FIELD as WRAPPERS
from trainer.config.checks.wrappers import exchanged
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.config.wrappers import KNOWN_WRAPPERS
from trainer.config.wrappers.base import REWARDS
from trainer.config.wrapping import WrapperConfig
from trainer.errors import Fault

_TIMEOUTS = "handle_timeout_termination"
_PASSED_TO_BUFFERS = ("buffer_size", "observation_space", "action_space", "device", "n_envs")
_THEIR_HINDSIGHT = ":HerReplayBuffer"
# Not of the rewards, but with them a step's reward is no longer that of the goal it shows.
_PART_REWARD_AND_GOAL = ("frame_skip", "delay_observation")


def _learning_starts_in_time(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm, training = config.algorithm, config.training
    if not isinstance(algorithm, OffPolicyConfig) or training.duration_seconds is not None:
        return
    if algorithm.learning_starts >= training.total_timesteps:
        message = (
            f"learning would start after {algorithm.learning_starts:,} steps, "
            f"but the run ends after {training.total_timesteps:,}"
        )
        fix = {"algorithm.learning_starts": training.total_timesteps // 10}
        yield Fault("algorithm.learning_starts", message, "Start earlier, or train longer.", fix)


def _episodes_need_one_copy(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm, copies = config.algorithm, config.environment.n_envs
    if isinstance(algorithm, OffPolicyConfig) and algorithm.train_freq_unit == "episode" and copies > 1:
        message = f"whole episodes can be collected from one copy only, not {copies:,}"
        fix = {"algorithm.train_freq_unit": "step"}
        yield Fault("algorithm.train_freq_unit", message, "Choose step, or one copy of the environment.", fix)


def _memory_saving(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, OffPolicyConfig) or not algorithm.optimize_memory_usage:
        return
    field = "algorithm.optimize_memory_usage"
    fix = {field: False}
    if algorithm.n_steps > 1:
        yield Fault(field, "does not work with n-step returns", "Turn it off, or set n-step returns to 1.", fix)
    if spaces is not None and spaces.observation_kind == "dict":
        yield Fault(field, "does not work with dictionary observations", "Turn it off.", fix)
    elif (algorithm.replay_buffer_kwargs or {}).get(_TIMEOUTS, True):
        message = "cannot tell an episode's time limit from its end"
        hint = f'Turn it off, or put {{"{_TIMEOUTS}": false}} into the replay buffer arguments.'
        yield Fault(field, message, hint, fix)


def _n_step_returns(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, OffPolicyConfig) or algorithm.n_steps == 1:
        return
    fix: dict[str, Any] = {"algorithm.n_steps": 1}
    if algorithm.replay_buffer_class is not None:
        given = {**(algorithm.replay_buffer_kwargs or {}), "n_steps": algorithm.n_steps}
        fix["algorithm.replay_buffer_kwargs"] = given
        message = "has no effect with a replay buffer class of your own"
        hint = f'Set it to 1 and put {{"n_steps": {algorithm.n_steps}}} into the replay buffer arguments.'
        yield Fault("algorithm.n_steps", message, hint, fix)
    elif spaces is not None and spaces.observation_kind == "dict":
        yield Fault("algorithm.n_steps", "does not work with dictionary observations", "Set it to 1.", fix)
    elif algorithm.relabels:
        yield Fault("algorithm.n_steps", "does not work with hindsight", "Set it to 1, or turn hindsight off.", fix)


def _hindsight_needs_goals(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if not isinstance(algorithm, OffPolicyConfig):
        return
    if algorithm.relabels and algorithm.replay_buffer_class is not None:
        message = "has no effect with a replay buffer class of your own"
        fix = {"algorithm.replay_buffer_class": None}
        yield Fault("algorithm.hindsight", message, "Turn it off, or leave the replay buffer class empty.", fix)
    if spaces is None:
        return
    # What cannot act there has been told so, and is not to be sent to SAC, which cannot either.
    if algorithm.relabels and spaces.goal_size is None and spaces.action_kind in algorithm.action_kinds:
        message = (
            f"needs observations with goals in them (observation, achieved_goal, desired_goal), which "
            f"{config.environment.id} has not"
        )
        is_her = isinstance(algorithm, HERConfig)
        field = "algorithm.name" if is_her else "algorithm.hindsight"
        hint = "Choose SAC, or" if is_her else "Turn it off, or"
        way_out: dict[str, Any] = {"algorithm.name": "sac"} if is_her else {field: False}
        hint = f"{hint} an environment with goals, such as those of gymnasium-robotics."
        yield Fault(field, message, hint, way_out)
    if spaces.observation_kind == "dict":
        return
    if (algorithm.replay_buffer_class or "").endswith(_THEIR_HINDSIGHT):
        message = f"needs observations with goals in them, which {config.environment.id} has not"
        yield Fault(
            "algorithm.replay_buffer_class", message, "Leave it empty.", {"algorithm.replay_buffer_class": None}
        )


def _hindsight_knows_the_rewards(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    """With another goal the environment itself says the reward: from one goal, and past all wrappers."""
    algorithm, environment = config.algorithm, config.environment
    if not isinstance(algorithm, OffPolicyConfig):
        return
    if not (algorithm.relabels or (algorithm.replay_buffer_class or "").endswith(_THEIR_HINDSIGHT)):
        return
    if environment.frame_stack is not None and environment.frame_stack > 1:
        message = "stacks goals too, and hindsight computes rewards from single ones"
        hint = "Leave it empty; the wrapper History shows what has been and leaves goals alone."
        yield Fault("environment.frame_stack", message, hint, {"environment.frame_stack": None})
    for place, wrapper in enumerate(environment.wrappers):
        title = _parts_reward_and_goal(wrapper)
        if title is not None:
            message = (
                f"{title} gives other rewards than the environment computes for goals in hindsight, "
                "and both would lie in one buffer"
            )
            hint = "Remove it, or turn hindsight off. Normalise rewards, a field, reaches both."
            yield Fault(f"{WRAPPERS}.{place}", message, hint, exchanged(config, place, None))


def _parts_reward_and_goal(wrapper: WrapperConfig) -> str | None:
    """Return the name of a wrapper with which a step's reward is not what the environment gives for its goal."""
    if wrapper.name is not None:
        known = KNOWN_WRAPPERS[wrapper.name]
        parts = known.group == REWARDS or known.name in _PART_REWARD_AND_GOAL
        return known.title if parts and wrapper.kwargs.get("skip") != 1 else None
    module, _, name = (wrapper.entry_point or "").partition(":")
    return name if module.startswith("gymnasium.wrappers") and name.endswith("Reward") else None


def _buffer_arguments(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    if isinstance(algorithm, OffPolicyConfig):
        field, given = "algorithm.replay_buffer_kwargs", algorithm.replay_buffer_kwargs
        reserved = {*_PASSED_TO_BUFFERS, "optimize_memory_usage"}
    else:
        field, given = "algorithm.rollout_buffer_kwargs", getattr(algorithm, "rollout_buffer_kwargs", None)
        reserved = {*_PASSED_TO_BUFFERS, "gamma", "gae_lambda"}
    for name in given or {}:
        if name in reserved:
            rest = {key: value for key, value in (given or {}).items() if key not in reserved}
            yield Fault(
                field, f"holds {name}, which Stable-Baselines3 passes itself", "Remove it.", {field: rest or None}
            )


RULES = (
    _learning_starts_in_time,
    _episodes_need_one_copy,
    _memory_saving,
    _n_step_returns,
    _hindsight_needs_goals,
    _hindsight_knows_the_rewards,
    _buffer_arguments,
)
