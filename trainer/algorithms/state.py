"""What a model has beside its weights, as plain data, and how weights come back without unpickling anything.

Stable-Baselines3's file holds networks, target networks and optimisers; PyTorch reads those as weights only.
Counters, generators, noise and what the logger has gathered are plain data. Everything goes back *into* the objects
that a freshly built model has, because kernels and arenas hold views of them.
"""

from __future__ import annotations

import io
import zipfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.common.save_util import recursive_getattr

from trainer.algorithms import process_state
from trainer.algorithms.fast import Fast
from trainer.algorithms.fast.core import Halfway
from trainer.algorithms.live import follow_exploration

_COUNTERS = (
    "num_timesteps",
    "_num_timesteps_at_start",
    "_current_progress_remaining",
    "_n_updates",
    "_episode_num",
    "_n_calls",
    "exploration_rate",
    "ep_info_buffer",
    "ep_success_buffer",
)
_OBSERVED = ("_last_obs", "_last_episode_starts", "_last_original_obs")
# Kept in the file for whoever loads it; here the configuration says what they are. Learning rates need no such care:
# they are asked for anew before every update.
_SETTINGS = frozenset({"ent_coef_tensor"})
_MATRICES = ("exploration_mat", "exploration_matrices")
_LOGGED = ("name_to_value", "name_to_count", "name_to_excluded")


def capture(model: BaseAlgorithm) -> dict[str, Any]:
    """Return what a model that may be held has beside its weights and its replay buffer."""
    state: dict[str, Any] = {
        "counters": {name: getattr(model, name) for name in _COUNTERS if hasattr(model, name)},
        "observed": {name: getattr(model, name) for name in _OBSERVED if hasattr(model, name)},
        "logged": {name: dict(getattr(model.logger, name)) for name in _LOGGED},
        "action space": [_generator_of(space) for space in _leaves(model.action_space)],
    }
    if isinstance(model, Fast):
        generators = model.core.generators
        state["numpy"] = generators.numpy.bit_generator.state
        state["torch"] = generators.torch.get_state().numpy()
        noise = getattr(model, "noise", None)
        state["noise"] = None if noise is None else noise.state
        if model.halfway.name is not None:
            state["halfway"] = model.halfway.state()
            state["rollout"] = model.rollout_state()
            state["exploration"] = _exploration(model)
    else:
        state["process"] = process_state.capture_generators(model.device)
        state["memory"] = process_state.capture_memory(model)
        state["noise"] = process_state.capture_noise(model)
    return state


def restore(
    model: BaseAlgorithm,
    state: dict[str, Any],
    *,
    same_episodes: bool,
    same_seed: bool = True,
    same_noise: bool = True,
    same_rollouts: bool = True,
    own_process: bool = False,
) -> None:
    """Give a freshly built model back what `capture` returned.

    :param same_episodes: its environment stands where the captured one stood; otherwise the model keeps the
        observations of its own, fresh episodes
    :param same_seed: go on with the captured random numbers; otherwise the model keeps those of its own seed
    :param same_noise: its action noise is made as the captured one was
    :param own_process: nobody else draws from the generators of the process
    :param same_rollouts: its iterations are as long as the captured one's; otherwise it begins a new one
    """
    # Names are ours: what a stranger's file names beside them is left alone.
    for name, value in _named(_COUNTERS, state["counters"]):
        window = getattr(model, name, None)
        # As long as this model's configuration says.
        setattr(model, name, deque(value, window.maxlen) if isinstance(window, deque) else value)
    # Settings are the configuration's, which may have been edited since: they are not brought back.
    follow_exploration(model)
    if same_episodes:
        for name, value in _named(_OBSERVED, state["observed"]):
            setattr(model, name, value)
        process_state.restore_memory(model, state.get("memory"))
    for name, values in _named(_LOGGED, state["logged"]):
        getattr(model.logger, name).update(values)
    if same_seed:
        _restore_generators(model, state)
        if own_process and "process" in state:
            process_state.restore_generators(state["process"], model.device)
    if same_episodes and same_noise and state.get("noise") is not None:
        _restore_noise(model, state["noise"])
    if isinstance(model, Fast) and "halfway" in state and same_rollouts:
        _restore_halfway(model, state)


def _named(names: tuple[str, ...], values: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, values[name]) for name in names if name in values]


def _restore_generators(model: BaseAlgorithm, state: dict[str, Any]) -> None:
    for space, generator in zip(_leaves(model.action_space), state["action space"], strict=True):
        space.np_random.bit_generator.state = generator
    if isinstance(model, Fast):
        generators = model.core.generators
        generators.numpy.bit_generator.state = state["numpy"]
        if knows_generators(model, state):
            generators.torch.set_state(torch.from_numpy(np.array(state["torch"])))


def knows_generators(model: BaseAlgorithm, state: dict[str, Any]) -> bool:
    """Return whether a model can draw on where the captured one stopped.

    Processors and graphics cards have generators of different kinds; one cannot go on for the other.
    """
    return not isinstance(model, Fast) or len(state["torch"]) == len(model.core.generators.torch.get_state())


def break_off(model: BaseAlgorithm, state: dict[str, Any]) -> None:
    """Let the episodes of what was collected end where the captured model stood."""
    if isinstance(model, Fast):
        before = model._last_obs
        model._last_obs = state["observed"]["_last_obs"]
        model.break_off()
        model._last_obs = before


def load_weights(model: BaseAlgorithm, path: Path, fresh: frozenset[str] = frozenset()) -> None:
    """Read networks and optimisers of a file that Stable-Baselines3 wrote into a model of the same configuration.

    :param fresh: what stays as this model was built, by Stable-Baselines3's names
    :raises OSError: the file cannot be read
    :raises ValueError: it is not such a file, or not of such a model
    """
    names, variables = model._get_torch_save_params()
    try:
        with zipfile.ZipFile(path) as archive:
            for name in (each for each in names if each not in fresh):
                _put(recursive_getattr(model, name), _tensors(archive, f"{name}.pth", model.device))
            variables = [name for name in variables if name not in fresh]
            if variables:
                kept = _tensors(archive, "pytorch_variables.pth", model.device)
                for name in set(variables) - _SETTINGS:
                    recursive_getattr(model, name).data.copy_(kept[name])
    except (zipfile.BadZipFile, KeyError, RuntimeError) as error:
        raise ValueError(f"{path.name} does not hold the weights of this model: {error}") from error
    if isinstance(model, Fast):
        model.weights_changed()
    process_state.follow_weights(model)


def _restore_noise(model: BaseAlgorithm, state: Any) -> None:
    if not isinstance(model, Fast):
        process_state.restore_noise(model, state)
    elif getattr(model, "noise", None) is not None:
        model.noise.state = state  # type: ignore[attr-defined]  # of those with a replay buffer


def _restore_halfway(model: Fast, state: dict[str, Any]) -> None:
    by_hand = getattr(model.kernel, "by_hand", False)
    model.halfway = Halfway.of(state["halfway"], None if by_hand else model.device)
    if state["rollout"]:
        model.restore_rollout(state["rollout"])
    noise = _noise_of(model)
    if noise is not None:
        for name, matrix in _named(_MATRICES, state["exploration"]):
            setattr(noise, name, torch.from_numpy(np.array(matrix)).to(model.device))


def _exploration(model: Fast) -> dict[str, Any]:
    """Return the weights that generalised state-dependent exploration has drawn for the rollout under way."""
    noise = _noise_of(model)
    names = () if noise is None else _MATRICES
    return {name: getattr(noise, name).detach().cpu().numpy() for name in names}


def _noise_of(model: Fast) -> StateDependentNoiseDistribution | None:
    noise = getattr(getattr(model, "actor", None) or model.policy, "action_dist", None)
    return noise if isinstance(noise, StateDependentNoiseDistribution) else None


def _tensors(archive: zipfile.ZipFile, name: str, device: torch.device) -> Any:
    # Weights only: whatever else a pickle might do, it does not.
    return torch.load(io.BytesIO(archive.read(name)), map_location=device, weights_only=True)


@torch.no_grad()
def _put(target: torch.nn.Module | torch.optim.Optimizer, saved: Any) -> None:
    if isinstance(target, torch.nn.Module):
        target.load_state_dict(saved)
        return
    parameters = [parameter for group in target.param_groups for parameter in group["params"]]
    for index, values in saved["state"].items():
        held = target.state[parameters[index]]
        for name, value in values.items():
            # In place where there is something: arenas share this memory.
            if isinstance(held.get(name), torch.Tensor):
                held[name].copy_(value)
            else:
                held[name] = value.clone() if isinstance(value, torch.Tensor) else value
    for group, was in zip(target.param_groups, saved["param_groups"], strict=True):
        group["lr"] = was["lr"]


def _leaves(space: spaces.Space[Any]) -> list[spaces.Space[Any]]:
    if isinstance(space, spaces.Dict):
        return [space, *(leaf for part in space.spaces.values() for leaf in _leaves(part))]
    if isinstance(space, spaces.Tuple):
        return [space, *(leaf for part in space.spaces for leaf in _leaves(part))]
    return [space]


def _generator_of(space: spaces.Space[Any]) -> Any:
    return space.np_random.bit_generator.state
