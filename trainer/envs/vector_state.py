"""Where a whole vectorised environment stands: its copies, their stacked frames and the normalisation around them."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    SubprocVecEnv,
    VecEnv,
    VecEnvWrapper,
    VecFrameStack,
    VecNormalize,
)
from stable_baselines3.common.vec_env.stacked_observations import StackedObservations

from trainer.envs.native import NativeVecEnv
from trainer.envs.state import UnreachableError


def capture_copies(venv: VecEnv) -> dict[str, Any]:
    """Return where the copies stand, with the frames stacked so far, as plain data.

    :raises UnreachableError: it cannot be read; the message says what is in the way
    """
    stacks = [_frames(layer.stacked_obs) for layer in _layers(venv) if isinstance(layer, VecFrameStack)]
    return {"stacks": stacks, "copies": _capture_innermost(_layers(venv)[-1])}


def restore_copies(venv: VecEnv, state: dict[str, Any]) -> None:
    """Put the copies of an environment that has been reset where the captured ones stood.

    :raises ValueError: it is another kind of environment
    """
    stacked = [layer for layer in _layers(venv) if isinstance(layer, VecFrameStack)]
    for layer, frames in zip(stacked, state["stacks"], strict=True):
        _put_frames(layer.stacked_obs, frames)
    innermost, copies = _layers(venv)[-1], state["copies"]
    if isinstance(innermost, NativeVecEnv):
        innermost.restore_state(copies)
        return
    if len(copies) != venv.num_envs:
        raise ValueError(f"the environment has {venv.num_envs} copies, the checkpoint {len(copies)}")
    for index, layers in enumerate(copies):
        innermost.env_method("restore_state", layers, indices=[index])


def capture_normalization(venv: VecEnv) -> dict[str, Any] | None:
    """Return the running statistics of observations and returns, or None where nothing is normalised."""
    layer = _normalization(venv)
    if layer is None:
        return None
    observation = getattr(layer, "obs_rms", None)
    by_key = observation if isinstance(observation, dict) else {"": observation} if observation is not None else {}
    return {
        "observation": {key: _statistics(each) for key, each in by_key.items()},
        "return": _statistics(layer.ret_rms),
        "returns": layer.returns,
        "old_reward": layer.old_reward,
        "old_obs": layer.old_obs,
    }


def restore_normalization(
    venv: VecEnv, state: dict[str, Any] | None, *, same_episodes: bool, same_settings: bool = True
) -> None:
    """Give the running statistics back.

    :param same_episodes: the copies stand where the captured ones stood, in the middle of their discounted returns
    :param same_settings: normalisation is set as it was; otherwise one that is new begins with its first step
    :raises ValueError: only one of the two environments is normalised, though both should be
    """
    layer = _normalization(venv)
    if same_settings and (layer is None) != (state is None):
        raise ValueError("the checkpoint and the environment do not both normalise")
    if layer is None or state is None:
        return
    for key, statistics in state["observation"].items():
        _put_statistics(layer.obs_rms[key] if isinstance(layer.obs_rms, dict) else layer.obs_rms, statistics)
    _put_statistics(layer.ret_rms, state["return"])
    if same_episodes:
        layer.returns, layer.old_reward, layer.old_obs = state["returns"], state["old_reward"], state["old_obs"]


def _layers(venv: VecEnv) -> list[Any]:
    layers: list[Any] = [venv]
    while isinstance(layers[-1], VecEnvWrapper):
        layers.append(layers[-1].venv)
    return layers


def _capture_innermost(innermost: VecEnv) -> Any:
    if isinstance(innermost, NativeVecEnv):
        return innermost.capture_state()
    if not isinstance(innermost, (DummyVecEnv, SubprocVecEnv)):
        raise UnreachableError(f"{type(innermost).__name__} is not known here")
    copies: list[dict[str, Any]] = innermost.env_method("capture_state")
    for copy in copies:
        if "unreachable" in copy:
            raise UnreachableError(copy["unreachable"])
    return [copy["layers"] for copy in copies]


def _normalization(venv: VecEnv) -> VecNormalize | None:
    return next((layer for layer in _layers(venv) if isinstance(layer, VecNormalize)), None)


def _frames(stacked: StackedObservations[Any]) -> Any:
    parts = getattr(stacked, "sub_stacked_observations", None)
    return stacked.stacked_obs if parts is None else {key: _frames(part) for key, part in parts.items()}


def _put_frames(stacked: StackedObservations[Any], frames: Any) -> None:
    parts = getattr(stacked, "sub_stacked_observations", None)
    if parts is None:
        stacked.stacked_obs = frames
    else:
        for key, part in parts.items():
            _put_frames(part, frames[key])


def _statistics(running: RunningMeanStd) -> dict[str, Any]:
    return {"mean": running.mean, "var": running.var, "count": running.count}


def _put_statistics(running: RunningMeanStd, values: dict[str, Any]) -> None:
    running.mean, running.var, running.count = values["mean"], values["var"], values["count"]
