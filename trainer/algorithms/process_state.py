"""What a model that trains in Stable-Baselines3's own loops leaves outside of itself and its weights.

Such a model draws from the generators of Python, NumPy and PyTorch that a whole process shares; it is saved between
two iterations, so that beside them only its memory is to be kept: LSTM states, and action noise that goes on.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from sb3_contrib import ARS, RecurrentPPO
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import OrnsteinUhlenbeckActionNoise, VectorizedActionNoise


def capture_generators(device: torch.device) -> dict[str, Any]:
    """Return where the generators of the process stand, as plain data."""
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002  # theirs, not ours
    state: dict[str, Any] = {
        "python": {"version": version, "words": np.array(words, dtype=np.uint32), "gauss": gauss},
        "numpy": {"kind": kind, "keys": keys, "rest": [int(position), int(has_gauss), float(cached)]},
        "torch": torch.get_rng_state().numpy(),
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device).numpy()
    return state


def restore_generators(state: dict[str, Any], device: torch.device) -> None:
    """Put the generators of the process where they stood; only for a process that belongs to a single run."""
    python, numpy = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(int(word) for word in python["words"]), python["gauss"]))
    position, has_gauss, cached = numpy["rest"]
    keys = np.array(numpy["keys"], dtype=np.uint32)
    np.random.set_state((numpy["kind"], keys, position, has_gauss, cached))  # noqa: NPY002  # theirs, not ours
    torch.set_rng_state(torch.from_numpy(np.array(state["torch"])))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(torch.from_numpy(np.array(state["cuda"])), device)


def capture_memory(model: BaseAlgorithm) -> list[Any] | None:
    """Return what a recurrent policy remembers of the episodes under way; None where it has no memory."""
    if not isinstance(model, RecurrentPPO):
        return None
    states: Any = model._last_lstm_states
    return [part.detach().cpu().numpy() for pair in (states.pi, states.vf) for part in pair]


def restore_memory(model: BaseAlgorithm, memory: list[Any] | None) -> None:
    """Have a recurrent policy remember what `capture_memory` returned."""
    if isinstance(model, RecurrentPPO) and memory is not None:
        actor, actor_cell, critic, critic_cell = (torch.from_numpy(np.array(part)).to(model.device) for part in memory)
        model._last_lstm_states = RNNStates((actor, actor_cell), (critic, critic_cell))  # type: ignore[assignment]


def capture_noise(model: BaseAlgorithm) -> np.ndarray[Any, Any] | None:
    """Return the present noise on actions, (copies, action dimensions); None where the next owes nothing to it."""
    wandering = _wandering(model)
    return np.stack([noise.noise_prev.ravel() for noise in wandering]) if wandering else None


def restore_noise(model: BaseAlgorithm, state: np.ndarray[Any, Any]) -> None:
    """Have the noise on actions go on from what `capture_noise` returned."""
    for noise, present in zip(_wandering(model), state, strict=False):
        noise.noise_prev = np.array(present).reshape(noise.noise_prev.shape)


def _wandering(model: BaseAlgorithm) -> list[OrnsteinUhlenbeckActionNoise]:
    noise = getattr(model, "action_noise", None)
    each = noise.noises if isinstance(noise, VectorizedActionNoise) else [noise]
    return [one for one in each if isinstance(one, OrnsteinUhlenbeckActionNoise)]


def follow_weights(model: BaseAlgorithm) -> None:
    """Have a model that keeps its weights beside its policy follow what was put into that."""
    if isinstance(model, ARS):
        flat: Any = torch.nn.utils.parameters_to_vector(model.policy.parameters()).detach()
        model.weights = flat
