"""The policy as one function that other programs can call: from what the environment shows to what it takes.

Everything that `predict` does around the network is inside: the running statistics of normalised observations, the
scaling of images and one-hot encoding, and the way from the network's action to the environment's (clipping, or
unscaling where the policy squashes). It always acts deterministically. The memory of a recurrent policy goes in and
comes out; where invalid actions are masked, the mask is an input.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy

from trainer.algorithms.masks import mask_length
from trainer.tools.subject import Subject

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

Arrays = dict[str, NDArray[Any]]

OBSERVATION, ACTION, MASK = "observation", "action", "action_mask"
HIDDEN, CELL, START = "hidden", "cell", "episode_start"
_NEXT = "next_"


@dataclass(frozen=True)
class Port:
    """One input or output; None in `shape` is the batch."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    about: str = ""

    @property
    def batch_axis(self) -> int:
        """Which axis is the batch."""
        return self.shape.index(None)

    def as_json(self) -> dict[str, Any]:
        """Return it as `export.json` has it."""
        shape = ["batch" if side is None else side for side in self.shape]
        return {"name": self.name, "shape": shape, "dtype": self.dtype, "about": self.about}


class Normalizer(torch.nn.Module):
    """What `VecNormalize` does to one observation, with the statistics of a checkpoint, in double precision as there.

    :param statistics: `mean` and `var`
    """

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, statistics: Mapping[str, Any], epsilon: float, clip: float) -> None:
        super().__init__()
        spread = np.sqrt(np.array(statistics["var"], dtype=np.float64) + epsilon)
        self.register_buffer("mean", torch.as_tensor(np.array(statistics["mean"], dtype=np.float64)))
        self.register_buffer("spread", torch.as_tensor(spread))
        self.clip = clip

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Return the observation as the network has learnt to read it."""
        scaled = (observation.double() - self.mean) / self.spread
        return scaled.clamp(-self.clip, self.clip).float()


class PortablePolicy(torch.nn.Module):
    """The deterministic policy of a checkpoint.

    :param model: loaded, on the processor
    :param observation: a batch as the environment gives it, before normalisation, by name

    `inputs` and `outputs` say what goes in and comes out, in the order of the call.
    """

    low: torch.Tensor
    high: torch.Tensor

    def __init__(self, subject: Subject, model: BaseAlgorithm, observation: Arrays) -> None:
        super().__init__()
        self.policy: Any = alone(model.policy)
        self.action_space = model.action_space
        self.names = list(observation)
        self._is_dict = isinstance(model.observation_space, spaces.Dict)
        self.normalizers = _normalizers(subject, self.names)
        self.is_recurrent = hasattr(self.policy, "lstm_actor")
        self.is_masked = takes_masks(self.policy)
        self.inputs = [_observed(name, rows) for name, rows in observation.items()]
        self.outputs = [_acted(self.action_space)]
        if self.is_recurrent:
            memory = self.policy.lstm_actor.num_layers, None, self.policy.lstm_actor.hidden_size
            about = "memory; zeros at the first step"
            self.inputs += [Port(name, memory, "float32", about) for name in (HIDDEN, CELL)]
            self.inputs.append(
                Port(START, (None,), "float32", "1 where an episode begins with this observation, else 0")
            )
            self.outputs += [
                Port(_NEXT + name, memory, "float32", f"give it as {name} next") for name in (HIDDEN, CELL)
            ]
        if self.is_masked:
            about = "which actions are valid; one after the other where there are several dimensions"
            self.inputs.append(Port(MASK, (None, mask_length(self.action_space)), "bool", about))
        if isinstance(self.action_space, spaces.Box):
            self.register_buffer("low", torch.as_tensor(self.action_space.low))
            self.register_buffer("high", torch.as_tensor(self.action_space.high))
        self.eval()

    def forward(self, *given: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Return what `outputs` says for what `inputs` says."""
        by_name = dict(zip((port.name for port in self.inputs), given, strict=True))
        observation = self._read(by_name)
        if self.is_recurrent:
            action, memory = self._remember(observation, by_name)
            return self._for_environment(action), *memory
        if self.is_masked:
            action = self.policy.get_distribution(observation, by_name[MASK]).get_actions(deterministic=True)
        else:
            action = self.policy._predict(observation, deterministic=True)
        return self._for_environment(action)

    def _read(self, by_name: Mapping[str, torch.Tensor]) -> Any:
        read = {}
        for index, name in enumerate(self.names):
            key = f"of_{index}"
            read[name] = self.normalizers[key](by_name[name]) if key in self.normalizers else by_name[name]
        return read if self._is_dict else read[OBSERVATION]

    def _remember(
        self, observation: Any, by_name: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Take one step of a recurrent policy, forgetting where an episode begins."""
        policy = self.policy
        features = BasePolicy.extract_features(policy, observation, policy.pi_features_extractor)
        goes_on = (1.0 - by_name[START]).reshape(1, -1, 1)
        memory = by_name[HIDDEN] * goes_on, by_name[CELL] * goes_on
        latent, memory = policy.lstm_actor(features.unsqueeze(0), memory)
        latent = policy.mlp_extractor.forward_actor(latent.squeeze(0))
        return policy._get_action_dist_from_latent(latent).get_actions(deterministic=True), memory

    def _for_environment(self, action: torch.Tensor) -> torch.Tensor:
        action = action.reshape(-1, *(self.action_space.shape or ()))
        if not isinstance(self.action_space, spaces.Box):
            return action
        if self.policy.squash_output:
            return self.low + 0.5 * (action + 1.0) * (self.high - self.low)
        return torch.minimum(torch.maximum(action, self.low), self.high)


def alone(policy: Any) -> Any:
    """Return a copy of a policy that shares no memory with it, as Stable-Baselines3 would load it."""
    with torch.random.fork_rng(devices=[]):
        try:
            copy = type(policy)(**policy._get_constructor_parameters())
        except TypeError:  # the linear policy of random search cannot be made of what it says of itself
            copy = deepcopy(policy)
    copy.load_state_dict(policy.state_dict())
    copy.set_training_mode(False)
    return copy


def takes_masks(policy: Any) -> bool:
    """Return whether a policy is told which actions are valid."""
    choose = getattr(policy, "get_distribution", None)
    return choose is not None and "action_masks" in inspect.signature(choose).parameters


def named(observations: Any) -> Arrays:
    """Return a batch of observations by name; one that is no dictionary has the name `observation`."""
    if isinstance(observations, Mapping):
        return {str(name): np.asarray(rows) for name, rows in observations.items()}
    return {OBSERVATION: np.asarray(observations)}


def _normalizers(subject: Subject, names: list[str]) -> torch.nn.ModuleDict:
    environment, kept = subject.config.environment, subject.state["normalization"]
    statistics = kept["observation"] if environment.normalize_observation and kept else {}
    return torch.nn.ModuleDict(
        {
            # A module's name may not hold every character that a key may.
            f"of_{names.index(key or OBSERVATION)}": Normalizer(
                each, environment.normalize_epsilon, environment.clip_normalized_observation
            )
            for key, each in statistics.items()
        }
    )


def _observed(name: str, rows: NDArray[Any]) -> Port:
    about = "as the environment gives it, before any normalisation"
    if rows.dtype == np.uint8 and rows.ndim == 4:
        about = "image, channels first (frames newest last), 0 to 255 as the environment gives it"
    return Port(name, (None, *rows.shape[1:]), str(rows.dtype), about)


def _acted(space: spaces.Space[Any]) -> Port:
    about = "within the bounds of the action space" if isinstance(space, spaces.Box) else "counted from 0"
    dtype = "float32" if isinstance(space, (spaces.Box, spaces.MultiBinary)) else "int64"
    return Port(ACTION, (None, *(space.shape or ())), dtype, about)
