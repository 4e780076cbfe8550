"""From an environment section to a vectorised environment.

What always holds: no global generator is touched; the same seed gives the same episodes; `info["episode"]` carries
the unclipped, unnormalised return and appears only when an episode really ends; `done` alone may be a lost life.

The order from inside out: the copies with their wrappers, frame stack, images channel first, normalisation.
"""

from __future__ import annotations

import os
from copy import copy
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.vec_env import VecEnv, VecFrameStack, VecNormalize, VecTransposeImage

from trainer.config.environment import EnvironmentConfig
from trainer.envs import pool
from trainer.envs.atari import AtariVecEnv
from trainer.envs.atari_game import AtariGame
from trainer.envs.atari_options import AtariOptions
from trainer.envs.backends import DummyEnvs, SingleFactory, SubprocessEnvs
from trainer.envs.cart_poles import CartPoles
from trainer.envs.catalogue import require
from trainer.envs.entry_points import sources_of
from trainer.envs.normalization import ReadOnlyNormalization, normalization_of, sync_normalization
from trainer.envs.pool_faults import pool_faults, task_of
from trainer.envs.registry import atari_options_of, making
from trainer.envs.single import make_single, refused
from trainer.envs.vector import GymVectorAdapter, obstacle
from trainer.errors import ConfigError, Fault

__all__ = [
    "evaluation_copies",
    "make_evaluation_env",
    "make_render_env",
    "make_training_env",
    "normalization_of",
    "resolve_backend",
    "stacked_frames",
    "sync_normalization",
]

Backend = Literal["native", "envpool", "dummy", "subprocess"]

# Environments whose step takes milliseconds, so that a process each pays for its pipe.
_SLOW_STEPS = ("gymnasium.envs.box2d.car_racing",)


# An evaluated policy may never end an episode that training's randomness would: walking into a wall for ever.
_LONGEST_EVALUATION = 10_000

# More copies at once would play on for the longest episode with most of them idle.
_MOST_EVALUATION_COPIES = 8

# Below this many copies NumPy's calls cost more than stepping the copies one by one (measured with CartPole).
_WORTH_A_VECTOR = 4


def make_training_env(
    environment: EnvironmentConfig, seed: int, *, num_threads: int | None = None, gamma: float = 0.99
) -> VecEnv:
    """Return the environment to train on.

    :param seed: decides every copy's episodes from the first reset on, and the samples of the action space
    :param num_threads: emulator threads of a native Atari environment; None takes one a copy up to the cores
    :param gamma: discount of the algorithm, for the normalisation of rewards
    :raises ConfigError: it cannot be made; every fault names its field
    """
    venv = _arranged(environment, _copies(environment, environment.n_envs, num_threads))
    if environment.normalize_observation or environment.normalize_reward:
        venv = _normalized(environment, venv, training=True, gamma=gamma)
    return _seeded(venv, seed)


def make_evaluation_env(
    environment: EnvironmentConfig, seed: int, n_envs: int = 1, *, training_env: VecEnv | None = None
) -> VecEnv:
    """Return an environment of the same kind to measure a policy in.

    Count an episode where `info["episode"]` appears and take its return from there; `done` may be a lost life.
    Where neither the environment nor the configuration limits an episode, 10,000 steps do, so that each one ends.

    :param n_envs: number of copies
    :param training_env: whose observation statistics to read, live and without ever changing them. Without it a
        normalised environment begins with empty statistics of its own, to be filled by `sync_normalization` or
        from a checkpoint; they stay frozen.
    :raises ConfigError: it cannot be made
    """
    environment = _limited(environment)
    return _observer(environment, _copies(environment, n_envs, num_threads=min(2, n_envs)), seed, training_env)


def evaluation_copies(environment: EnvironmentConfig, episodes: int) -> int:
    """Return how many copies to measure a policy in: several where many at once cost little more than one.

    :param episodes: in one measurement
    """
    copies = min(episodes, _MOST_EVALUATION_COPIES)
    return copies if resolve_backend(environment, copies) in ("native", "envpool") else 1


def make_render_env(environment: EnvironmentConfig, seed: int, *, training_env: VecEnv | None = None) -> VecEnv:
    """Return a single copy that draws itself: `get_images()` gives one frame, height x width x 3 of uint8.

    A policy sees in it what it saw in training. Make it, use it and close it in one thread: drawing contexts
    belong to the thread that made them.

    :param training_env: as in `make_evaluation_env`
    :raises ConfigError: it cannot be made
    :raises PalaestraError: it has no picture of itself, or nothing on this machine can draw it
    """
    copies = DummyEnvs([SingleFactory(environment, "rgb_array")])
    return _observer(environment, copies, seed, training_env)


def _limited(environment: EnvironmentConfig) -> EnvironmentConfig:
    spec = require(environment.id)
    has_limit = spec.max_episode_steps is not None or atari_options_of(environment, spec) is not None
    if has_limit or environment.max_episode_steps is not None:
        return environment
    return environment.model_copy(update={"max_episode_steps": _LONGEST_EVALUATION})


def stacked_frames(environment: EnvironmentConfig) -> int:
    """Return how many frames one observation holds, newest last.

    :raises ConfigError: the environment is unknown
    """
    options = atari_options_of(environment, require(environment.id))
    return (environment.frame_stack if options is None else options.frame_stack) or 1


def resolve_backend(environment: EnvironmentConfig, n_envs: int | None = None) -> Backend:
    """Return how the copies will run, with `auto` decided.

    :param n_envs: number of copies; None takes the configuration's
    :raises ConfigError: the environment is unknown, or `native` or `envpool` was demanded and cannot be had
    """
    spec = require(environment.id)
    options = atari_options_of(environment, spec)
    if environment.backend in ("dummy", "subprocess"):
        return "dummy" if environment.backend == "dummy" else "subprocess"
    if environment.backend == "envpool":
        faults = pool_faults(environment)
        if faults:
            raise ConfigError(faults)
        return "envpool"
    copies = environment.n_envs if n_envs is None else n_envs
    reason = _native_obstacle(environment, spec, options)
    if reason is None and (options is not None or copies >= _WORTH_A_VECTOR or environment.backend == "native"):
        return "native"
    if reason is not None and environment.backend == "native":
        hint = "Choose auto, which runs natively what can be."
        raise ConfigError([Fault("environment.backend", f"{environment.id} has no native backend: {reason}.", hint)])
    slow = options is not None or str(spec.entry_point).startswith(_SLOW_STEPS)
    return "subprocess" if slow and copies > 1 and (os.cpu_count() or 1) > 1 else "dummy"


def _native_obstacle(environment: EnvironmentConfig, spec: Any, options: AtariOptions | None) -> str | None:
    """Return why an environment cannot run natively, or None when it can."""
    if environment.wrappers:
        return "wrappers stand around single copies"
    if options is not None:
        return options.native_obstacle and f"ale-py's vector environment does not offer {options.native_obstacle}"
    if spec.vector_entry_point is None or str(spec.entry_point).startswith("ale_py."):
        return "it is not written for many copies at once"
    probe = _make_vector(environment, 1)
    try:
        return obstacle(probe)
    finally:
        probe.close()


def _copies(environment: EnvironmentConfig, n_envs: int, num_threads: int | None) -> VecEnv:
    """Return bare copies on the backend that the configuration asks for."""
    backend = resolve_backend(environment, n_envs)
    if backend == "native":
        options = atari_options_of(environment, require(environment.id))
        if options is not None:
            return AtariVecEnv(options, n_envs, num_threads=num_threads)
        return GymVectorAdapter(_make_vector(environment, n_envs))
    if backend == "envpool":
        return _pooled(environment, n_envs, num_threads)
    makers = [SingleFactory(environment, sources=sources_of(environment)) for _ in range(n_envs)]
    if backend == "dummy":
        return DummyEnvs(list(makers))
    makers[0]().close()  # a fault is told here in words, a worker would only die of it
    return SubprocessEnvs(list(makers))


def _pooled(environment: EnvironmentConfig, n_envs: int, num_threads: int | None) -> VecEnv:
    """Return copies on EnvPool that show and take what one copy of Gymnasium's does."""
    game = atari_options_of(environment, require(environment.id))
    single = make_single(environment)
    try:
        spaces_of_one, inner = (single.observation_space, single.action_space), single.unwrapped
        fire = inner.fire if isinstance(inner, AtariGame) else None
    finally:
        single.close()
    task, options = task_of(environment, game), pool.options_for(environment, game)
    try:
        return pool.PoolVecEnv(task, options, n_envs, *spaces_of_one, game=game, fire=fire, num_threads=num_threads)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        at = "environment.kwargs" if environment.kwargs else "environment.backend"
        raise ConfigError([Fault(at, f"EnvPool cannot make it: {error}", "Choose auto.")]) from error


def _make_vector(environment: EnvironmentConfig, n_envs: int) -> Any:
    limit = {} if environment.max_episode_steps is None else {"max_episode_steps": environment.max_episode_steps}
    spec = copy(require(environment.id))
    if spec.vector_entry_point == "gymnasium.envs.classic_control.cartpole:CartPoleVectorEnv":
        spec.vector_entry_point = f"{CartPoles.__module__}:{CartPoles.__name__}"
    kwargs = {**environment.kwargs, **limit}
    try:
        with making:
            return gym.make_vec(spec, num_envs=n_envs, vectorization_mode="vector_entry_point", **kwargs)
    except (Exception, SystemExit) as error:  # as for a single one
        raise refused(environment, error) from error


def _arranged(environment: EnvironmentConfig, venv: VecEnv) -> VecEnv:
    """Return the copies with observations stacked and images channel first; an Atari game has done both itself."""
    stack = environment.frame_stack
    is_game = atari_options_of(environment, require(environment.id)) is not None
    if stack is not None and stack > 1 and not is_game:
        if not isinstance(venv.observation_space, (spaces.Box, spaces.Dict)):
            kind = type(venv.observation_space).__name__
            raise ConfigError([Fault("environment.frame_stack", f"{kind} observations cannot be stacked.")])
        venv = VecFrameStack(venv, stack)
    if _has_channel_last_image(venv.observation_space):
        # Inside the normalisation: replay buffers store what that layer received.
        venv = VecTransposeImage(venv)
    return venv


def _has_channel_last_image(space: spaces.Space[Any]) -> bool:
    parts = space.spaces.values() if isinstance(space, spaces.Dict) else (space,)
    boxes = [part for part in parts if isinstance(part, spaces.Box) and is_image_space(part)]
    return any(not is_image_space_channels_first(box) for box in boxes)


def _normalized(environment: EnvironmentConfig, venv: VecEnv, *, training: bool, gamma: float = 0.99) -> VecNormalize:
    try:
        return VecNormalize(
            venv,
            training=training,
            norm_obs=environment.normalize_observation,
            norm_reward=environment.normalize_reward and training,
            clip_obs=environment.clip_normalized_observation,
            clip_reward=environment.clip_normalized_reward,
            gamma=gamma,
            epsilon=environment.normalize_epsilon,
            norm_obs_keys=environment.normalize_keys,
        )
    except (ValueError, KeyError) as error:
        venv.close()
        at = "environment.normalize_keys" if environment.normalize_keys else "environment.normalize_observation"
        raise ConfigError([Fault(at, f"These observations cannot be normalised: {error}")]) from error


def _observer(environment: EnvironmentConfig, copies: VecEnv, seed: int, training_env: VecEnv | None) -> VecEnv:
    """Return copies that show a policy what it saw in training and give rewards as they come."""
    venv = _arranged(environment, copies)
    if environment.normalize_observation:
        source = None if training_env is None else normalization_of(training_env)
        if source is not None:
            venv = ReadOnlyNormalization(venv, source)
        else:
            venv = _normalized(environment, venv, training=False)
    return _seeded(venv, seed)


def _seeded(venv: VecEnv, seed: int) -> VecEnv:
    venv.seed(seed)
    venv.action_space.seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    return venv
