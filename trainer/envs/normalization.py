"""Observation statistics: kept by the training environment alone, read by every other one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn


class ReadOnlyNormalization(VecEnvWrapper):
    """Shows observations as the training environment would at this moment, and never changes its statistics.

    Rewards pass through as they are.

    :param venv: environment of the same observations as the one inside `source`
    :param source: the training environment's normalisation, read at every step
    """

    def __init__(self, venv: VecEnv, source: VecNormalize) -> None:
        super().__init__(venv, observation_space=source.observation_space)
        self.source = source

    def reset(self) -> VecEnvObs:
        """Reset and normalise."""
        observations: VecEnvObs = self._normalized(self.venv.reset())
        return observations

    def step_wait(self) -> VecEnvStepReturn:
        """Step and normalise the observations, those that ended an episode too."""
        observations, rewards, dones, infos = self.venv.step_wait()
        for copy in np.flatnonzero(dones).tolist():
            if "terminal_observation" in infos[copy]:
                infos[copy]["terminal_observation"] = self._normalized(infos[copy]["terminal_observation"])
        return self._normalized(observations), rewards, dones, infos

    def _normalized(self, observations: Any) -> Any:
        return self.source.normalize_obs(observations)


def normalization_of(venv: VecEnv) -> VecNormalize | None:
    """Return the layer that keeps normalisation statistics, or None where nothing is normalised."""
    layer = venv
    while isinstance(layer, VecEnvWrapper):
        if isinstance(layer, VecNormalize):
            return layer
        layer = layer.venv
    return None


def sync_normalization(source: VecEnv, target: VecEnv) -> None:
    """Copy the statistics of `source` into `target`; later changes of one do not reach the other.

    An environment made with `training_env=` reads the training statistics itself and needs no copy.

    :raises ValueError: `target` keeps statistics and `source` has none to give
    """
    receiving = normalization_of(target)
    if receiving is None:
        return
    giving = normalization_of(source)
    if giving is None:
        raise ValueError("There are no normalisation statistics to copy: the source environment keeps none.")
    if receiving.norm_obs:
        receiving.obs_rms = deepcopy(giving.obs_rms)
    receiving.ret_rms = deepcopy(giving.ret_rms)
