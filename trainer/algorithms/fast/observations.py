"""Observations of any space in arrays: one array, or one for each key of a dictionary."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import get_obs_shape, is_image_space, preprocess_obs

Observations = NDArray[Any] | dict[str, NDArray[Any]]


def allocate(space: spaces.Space[Any], *lead: int, pinned: bool = False) -> Observations:
    """Return zeros of shape (*lead, observation); memory is used as it is written.

    :param pinned: in page-locked memory, which copies to a GPU without waiting
    """
    if isinstance(space, spaces.Dict):
        return {key: _zeros(part, lead, pinned) for key, part in space.spaces.items()}
    return _zeros(space, lead, pinned)


def _zeros(space: spaces.Space[Any], lead: tuple[int, ...], pinned: bool) -> NDArray[Any]:
    array: NDArray[Any] = np.zeros((*lead, *_shape(space)), dtype=space.dtype)
    return torch.from_numpy(array).pin_memory().numpy() if pinned else array


def store(target: Observations, index: Any, observations: Any) -> None:
    """Write observations at `target[index]`, for every key."""
    if isinstance(target, dict):
        for key, array in target.items():
            array[index] = observations[key].reshape(array[index].shape)
    else:
        target[index] = observations.reshape(target[index].shape)


def take(source: Observations, indices: Any) -> Any:
    """Return `source[indices]`, for every key."""
    if isinstance(source, dict):
        return {key: array[indices] for key, array in source.items()}
    return source[indices]


def flattened(source: Observations) -> Observations:
    """Return views with the first two axes as one."""
    if isinstance(source, dict):
        return {key: array.reshape(-1, *array.shape[2:]) for key, array in source.items()}
    return source.reshape(-1, *source.shape[2:])


def as_tensors(observations: Any, device: torch.device) -> Any:
    """Return observations as tensors on `device`; on the processor they share the arrays' memory."""
    if isinstance(observations, dict):
        return {key: as_tensors(array, device) for key, array in observations.items()}
    return torch.as_tensor(observations).to(device, non_blocking=True)


def nbytes(space: spaces.Space[Any]) -> int:
    """Return the bytes of one observation in an array."""
    parts = list(space.spaces.values()) if isinstance(space, spaces.Dict) else [space]
    return sum(math.prod(_shape(part)) * np.dtype(part.dtype or np.float32).itemsize for part in parts)


def _shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    shape = get_obs_shape(space)
    if isinstance(shape, dict):
        raise TypeError("a dictionary inside a dictionary of observations")
    return shape


def network_input(policy: Any, observations: Any, *, bf16: bool) -> Any:
    """Return what a features extractor is fed: floats, images scaled to 0 … 1, discrete numbers one-hot.

    Images stay bytes until here, channels last in memory, and become bfloat16 at once where the network calculates
    in it: every k / 255 is then the bfloat16 nearest to it, as it would be by way of float32.
    """
    space = policy.observation_space
    if isinstance(observations, torch.Tensor) and is_image_space(space) and policy.normalize_images:
        images = observations.contiguous(memory_format=torch.channels_last)
        return images.to(torch.bfloat16 if bf16 else torch.float32).div_(255.0)
    return preprocess_obs(observations, space, normalize_images=policy.normalize_images)
