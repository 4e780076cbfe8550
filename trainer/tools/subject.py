"""A checkpoint opened for play: its own configuration, environment, network and statistics, and nothing of training.

What always holds: nothing is unpickled; the run's directory is only read, in one go, so a run that trains on may
remove the checkpoint afterwards; the model calculates on the processor in fp32, where Stable-Baselines3 would load it
too, so that a tool neither takes a graphics card from a training run nor depends on there being one.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.algorithms import state as model_state
from trainer.algorithms.build import build_model
from trainer.config import RunConfig, load_config
from trainer.envs.factory import evaluation_copies, make_evaluation_env, make_render_env
from trainer.envs.vector_state import restore_normalization
from trainer.errors import ConflictError
from trainer.runs.checkpoints import Checkpoint
from trainer.tools.choosing import NEWEST, choose
from trainer.whole_files import read_json

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

# Nothing is learnt here, and Atari's replay buffer alone would take gigabytes.
_BUFFER = 1_000


@dataclass(frozen=True)
class Subject:
    """One checkpoint, read.

    :param directory: of its run
    :param config: what it was trained with, for the processor and without buffers
    :param state: what the run stood at
    """

    directory: Path
    checkpoint: Checkpoint
    config: RunConfig
    state: dict[str, Any]

    @classmethod
    def read(cls, directory: Path, which: str | int = NEWEST) -> Subject:
        """Read the checkpoint of a run that `which` names.

        :param which: as in `choosing.choose`
        :raises PalaestraError: there is none, or it is damaged; the message says which and why
        """
        checkpoint = choose(directory, which)
        damage = checkpoint.damage_beside_replay
        if damage is not None:
            raise ConflictError(f"The checkpoint of step {checkpoint.step:,} cannot be used: {damage}.")
        try:
            state = checkpoint.state()
            # Those of early programs do not hold the configuration; then it is the run's.
            data = state.get("config") or read_json(directory / "config.json")
        except (OSError, ValueError) as error:
            raise ConflictError(f"The checkpoint of step {checkpoint.step:,} cannot be read: {error}.") from error
        return cls(directory, checkpoint, for_play(load_config(data)), state)

    @property
    def step(self) -> int:
        """Environment steps that it was trained for."""
        return self.checkpoint.step

    @contextlib.contextmanager
    def examined_in(self, seed: int, episodes: int) -> Iterator[VecEnv]:
        """Give an environment to measure the policy in, closed afterwards.

        :raises ConfigError: it cannot be made
        """
        copies = evaluation_copies(self.config.environment, episodes)
        with contextlib.closing(make_evaluation_env(self.config.environment, seed, copies)) as env:
            yield self._prepared(env)

    @contextlib.contextmanager
    def filmed_in(self, seed: int) -> Iterator[VecEnv]:
        """Give a single copy that draws itself, closed afterwards.

        :raises ConfigError: it cannot be made
        :raises PalaestraError: it has no picture of itself
        """
        with contextlib.closing(make_render_env(self.config.environment, seed)) as env:
            yield self._prepared(env)

    def model(self, env: VecEnv, seed: int = 0) -> BaseAlgorithm:
        """Return the policy on `env`, with random numbers of its own for when it does not act deterministically.

        :raises ConflictError: the file does not hold the weights of this model
        """
        config = self.config.model_copy(update={"training": self.config.training.model_copy(update={"seed": seed})})
        with warnings.catch_warnings():
            # Of minibatches, which nobody draws here.
            warnings.simplefilter("ignore", UserWarning)
            model = build_model(config, env, global_seed=False)
        try:
            model_state.load_weights(model, self.checkpoint.path / "model.zip")
        except (OSError, ValueError) as error:
            message = f"The checkpoint of step {self.step:,} cannot be used, or was removed meanwhile: {error}."
            raise ConflictError(message) from error
        model.num_timesteps = self.step
        rate = self.state["model"]["counters"].get("exploration_rate")
        if rate is not None and hasattr(model, "exploration_rate"):
            model.exploration_rate = rate
        model.policy.set_training_mode(False)
        return model

    def _prepared(self, env: VecEnv) -> VecEnv:
        restore_normalization(env, self.state["normalization"], same_episodes=False, same_settings=False)
        return env


def for_play(config: RunConfig) -> RunConfig:
    """Return a run's configuration without what only training needs: memory, graphics card, compiler."""
    training = config.training.model_copy(update={"device": "cpu", "precision": "fp32", "torch_compile": False})
    algorithm = config.algorithm
    smaller: dict[str, Any] = {}
    if hasattr(algorithm, "buffer_size"):
        smaller["buffer_size"] = min(algorithm.buffer_size, _BUFFER)
    if hasattr(algorithm, "hindsight"):
        smaller["hindsight"] = False
    for name in ("replay_buffer_class", "rollout_buffer_class"):
        if getattr(algorithm, name, None) is not None:
            smaller |= {name: None, name.replace("_class", "_kwargs"): {}}
    return config.model_copy(update={"training": training, "algorithm": algorithm.model_copy(update=smaller)})
