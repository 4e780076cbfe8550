"""From a checked configuration to a Stable-Baselines3 model.

Hyperparameters keep the names that Stable-Baselines3's constructors have, so most of them pass through as they
are; here stands only what needs translating: schedules, noise, policies, buffers, devices and the seed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import BaseBuffer
from stable_baselines3.common.noise import ActionNoise, NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.utils import LinearSchedule, set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from trainer.algorithms import fast
from trainer.algorithms.policy_kwargs import policy_kwargs
from trainer.algorithms.random_search import ARS
from trainer.algorithms.threads import one_thread
from trainer.config import RunConfig
from trainer.config.algorithms import AlgorithmConfig
from trainer.config.noise import NoNoise, NormalNoise, OrnsteinUhlenbeckNoise
from trainer.config.placement import has_own_buffer, keeps_infos
from trainer.config.spaces import ObservationKind
from trainer.config.values import parse_schedule
from trainer.envs.entry_points import imported
from trainer.envs.factory import stacked_frames
from trainer.errors import ConfigError, Fault
from trainer.timing import Timing

FAST: dict[str, type[fast.Fast]] = {
    "ppo": fast.PPO,
    "a2c": fast.A2C,
    "dqn": fast.DQN,
    "ddpg": fast.DDPG,
    "td3": fast.TD3,
    "sac": fast.SAC,
    "her": fast.SAC,
    "qrdqn": fast.QRDQN,
    "tqc": fast.TQC,
    "crossq": fast.CrossQ,
}
# As they are: what has no faster class of ours, and for a buffer class of the user's own, which only they can fill.
PLAIN: dict[str, type[BaseAlgorithm]] = {
    "ppo": stable_baselines3.PPO,
    "a2c": stable_baselines3.A2C,
    "dqn": stable_baselines3.DQN,
    "ddpg": stable_baselines3.DDPG,
    "td3": stable_baselines3.TD3,
    "sac": stable_baselines3.SAC,
    "her": stable_baselines3.SAC,
    "qrdqn": sb3_contrib.QRDQN,
    "tqc": sb3_contrib.TQC,
    "trpo": sb3_contrib.TRPO,
    "recurrent_ppo": sb3_contrib.RecurrentPPO,
    "maskable_ppo": sb3_contrib.MaskablePPO,
    "crossq": sb3_contrib.CrossQ,
    "ars": ARS,
}
_WITH_MEMORY = {
    "MlpPolicy": "MlpLstmPolicy",
    "CnnPolicy": "CnnLstmPolicy",
    "MultiInputPolicy": "MultiInputLstmPolicy",
}

_SCHEDULES = ("learning_rate", "clip_range", "clip_range_vf", "delta_std")
_ENTRY_POINTS = ("replay_buffer_class", "rollout_buffer_class")
_HINDSIGHT = ("n_sampled_goal", "goal_selection_strategy", "copy_info_dict")
# Networks draw their first weights from torch's global generator; two runs that start together take turns.
_building = threading.Lock()


def build_model(config: RunConfig, env: VecEnv, *, global_seed: bool, timing: Timing | None = None) -> BaseAlgorithm:
    """Return an untrained model on `env`, its first weights and all it draws decided by the seed alone.

    :param global_seed: seed the process's own generators too, which only a process with a single run may do
    :param timing: takes where the model's time goes
    :raises ConfigError: an entry point cannot be imported, or the replay buffer does not fit into memory
    """
    _leave_the_compiler_out()
    policy_class = config.policy.resolved_class(_observation_kind(env), config.algorithm.name)
    arguments = algorithm_kwargs(config.algorithm, env)
    seed = config.training.seed
    with _building, torch.random.fork_rng(devices=[]), one_thread():
        torch.default_generator.manual_seed(seed)
        model = _kind(config)(
            _WITH_MEMORY[policy_class] if config.algorithm.name == "recurrent_ppo" else policy_class,
            env,
            policy_kwargs=policy_kwargs(config),
            device=_device(config, policy_class),
            **arguments,
        )
    if isinstance(model, fast.Fast):
        model.equip(
            fast.Core(
                fast.Generators(seed, model.device),
                fast.Precision.decide(
                    config.training.precision, model.device, images=_observation_kind(env) == "image"
                ),
                timing or Timing(),
                frame_stack=stacked_frames(config.environment),
                compiled=config.training.torch_compile,
            )
        )
        model.core.notes.extend(_without_effect(config, model, is_image=_observation_kind(env) == "image"))
    if global_seed:
        set_random_seed(seed, using_cuda=model.device.type == "cuda")
    model.action_space.seed(seed)
    return model


def _without_effect(config: RunConfig, model: fast.Fast, *, is_image: bool) -> list[str]:
    """Name the options that were asked for and change nothing in this run."""
    notes = []
    if config.training.precision == "bf16" and model.precision_name != "bf16":
        notes.append("bf16 is for the image networks of PPO, A2C, DQN and QR-DQN; this run calculates in fp32.")
    if config.training.torch_compile and not (is_image and hasattr(model.kernel, "follows_precision")):
        notes.append("Only the image networks of PPO, A2C, DQN and QR-DQN are compiled; nothing is in this run.")
    return notes


def _leave_the_compiler_out() -> None:
    """Keep PyTorch from loading its compiler only because an optimiser is made: 75 MB and a second, for nothing.

    The optimiser's methods load it to tell it not to translate them. Told already, they do not; `torch.compile`
    still loads it where it is asked for.
    """
    for wrapper in vars(torch.optim.Optimizer).values():
        method = getattr(wrapper, "__wrapped__", None)
        if method is not None and not hasattr(method, "__dynamo_disable"):
            setattr(method, "__dynamo_disable", method)


def _kind(config: RunConfig) -> type[BaseAlgorithm]:
    name = config.algorithm.name
    plain = name not in FAST or has_own_buffer(config) or keeps_infos(config)
    return PLAIN[name] if plain else FAST[name]


def algorithm_kwargs(algorithm: AlgorithmConfig, env: VecEnv) -> dict[str, Any]:
    """Return the hyperparameters as arguments of the algorithm's constructor.

    :raises ConfigError: an entry point cannot be imported
    """
    arguments = {name: getattr(algorithm, name) for name in type(algorithm).model_fields if name != "name"}
    for name in _SCHEDULES:
        if arguments.get(name) is not None:
            arguments[name] = schedule(arguments[name])
    for name in _ENTRY_POINTS:
        if arguments.get(name) is not None:
            arguments[name] = _buffer_class(arguments[name], f"algorithm.{name}")
        kwargs_name = name.replace("_class", "_kwargs")
        if kwargs_name in arguments:
            arguments[kwargs_name] = dict(arguments[kwargs_name] or {})
    if "train_freq" in arguments:
        arguments["train_freq"] = (arguments["train_freq"], arguments.pop("train_freq_unit"))
    _add_hindsight(arguments)
    if "action_noise" in arguments:
        arguments["action_noise"] = action_noise(arguments["action_noise"], env)
    return arguments


def _add_hindsight(arguments: dict[str, Any]) -> None:
    """Turn the settings of hindsight into those of Stable-Baselines3's buffer for it."""
    options = {name: arguments.pop(name) for name in _HINDSIGHT if name in arguments}
    if arguments.pop("hindsight", False):
        arguments["replay_buffer_class"] = stable_baselines3.HerReplayBuffer
        arguments["replay_buffer_kwargs"] = {**arguments["replay_buffer_kwargs"], **options}


def schedule(value: float | str) -> float | Callable[[float], float]:
    """Return a number, or Stable-Baselines3's own linear schedule, which a saved model can be loaded with anywhere."""
    parsed = parse_schedule(value)
    return parsed.initial if parsed.shape == "constant" else LinearSchedule(parsed.initial, 0.0, 1.0)


def action_noise(noise: NoNoise | NormalNoise | OrnsteinUhlenbeckNoise, env: VecEnv) -> ActionNoise | None:
    """Return the noise for one copy of the environment; its numbers hold for every action dimension."""
    if isinstance(noise, NoNoise):
        return None
    shape = env.action_space.shape or ()
    mean, sigma = np.full(shape, noise.mean), np.full(shape, noise.sigma)
    if isinstance(noise, OrnsteinUhlenbeckNoise):
        initial = None if noise.initial_noise is None else np.full(shape, noise.initial_noise)
        return OrnsteinUhlenbeckActionNoise(mean, sigma, noise.theta, noise.dt, initial)
    return NormalActionNoise(mean, sigma)


def _observation_kind(env: VecEnv) -> ObservationKind:
    if isinstance(env.observation_space, spaces.Dict):
        return "dict"
    return "image" if is_image_space(env.observation_space) else "vector"


def _device(config: RunConfig, policy_class: str) -> str:
    """Choose for `auto`: small on-policy networks are faster on the processor than across the bus to a GPU."""
    small = policy_class == "LinearPolicy" or (config.algorithm.on_policy and policy_class == "MlpPolicy")
    if config.training.device == "auto" and small and config.algorithm.name != "recurrent_ppo":
        return "cpu"
    return config.training.device


def _buffer_class(entry_point: str, field: str) -> type[BaseBuffer]:
    found = imported(entry_point, field)
    if not (isinstance(found, type) and issubclass(found, BaseBuffer)):
        message = f"{entry_point} is not a subclass of Stable-Baselines3's BaseBuffer."
        raise ConfigError([Fault(field, message, "Derive it from ReplayBuffer or RolloutBuffer.")])
    return found


def default_log_interval(config: RunConfig) -> int:
    """Return the logging interval: the configured one, else what Stable-Baselines3's `learn` has."""
    wanted = config.training.log_interval
    return config.algorithm.log_interval if wanted is None else wanted
