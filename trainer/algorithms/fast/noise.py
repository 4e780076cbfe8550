"""Noise on actions, for all copies of the environment at once, from the run's own generator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.noise import (
    ActionNoise,
    NormalActionNoise,
    OrnsteinUhlenbeckActionNoise,
    VectorizedActionNoise,
)


class ExplorationNoise:
    """What Stable-Baselines3's noise objects describe, drawn for every copy in one call.

    :param description: normal or Ornstein-Uhlenbeck noise for one copy; its numbers are read, it is never called
    :param copies: environment copies
    :raises TypeError: a noise of another class

    `state` is the present noise, (copies, action dimensions).
    """

    def __init__(self, description: ActionNoise, copies: int, generator: np.random.Generator) -> None:
        self._generator = generator
        self.follow(description)
        self.state: NDArray[Any] = np.tile(self._start, (copies, 1))

    def follow(self, description: ActionNoise) -> None:
        """Draw as another description of the same class says from now on; the present noise stays.

        :raises TypeError: a noise of another class
        """
        if isinstance(description, VectorizedActionNoise):
            description = description.base_noise
        start: Any
        if isinstance(description, OrnsteinUhlenbeckActionNoise):
            self._pull = description._theta * description._dt
            spread = description._sigma * np.sqrt(description._dt)
            start = np.zeros_like(description._mu) if description.initial_noise is None else description.initial_noise
        elif isinstance(description, NormalActionNoise):
            # Without memory: pulled all the way back to its mean at every step.
            self._pull, spread, start = 1.0, description._sigma, description._mu
        else:
            raise TypeError(f"noise of class {type(description).__name__} is not known here")
        self._mean, self._spread, self._start = np.ravel(description._mu), np.ravel(spread), np.ravel(start)

    def draw(self) -> NDArray[np.float32]:
        """Return the next noise, (copies, action dimensions)."""
        fresh = self._spread * self._generator.standard_normal(self.state.shape)
        self.state = self.state + self._pull * (self._mean - self.state) + fresh
        return self.state.astype(np.float32)

    def restart(self, copy: int) -> None:
        """Begin again for a copy whose episode has ended."""
        self.state[copy] = self._start
