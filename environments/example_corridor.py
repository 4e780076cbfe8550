"""An example: a corridor that is walked to its end. Copy it, change it, and enable it on the Environments page."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

LENGTH = 10
CELL = 16  # pixels


class Corridor(gym.Env[NDArray[np.float32], np.int64]):
    """Left or right; each step costs a little, the end pays one."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 8}

    def __init__(self, render_mode: str | None = None) -> None:
        self.observation_space = gym.spaces.Box(0.0, 1.0, (1,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        self.render_mode = render_mode
        self._at = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin somewhere in the first half."""
        super().reset(seed=seed, options=options)
        self._at = int(self.np_random.integers(LENGTH // 2))
        return self._seen(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Take one step; 0 is left, 1 is right."""
        self._at = max(0, self._at + (1 if action == 1 else -1))
        arrived = self._at >= LENGTH
        return self._seen(), 1.0 if arrived else -0.01, arrived, False, {}

    def render(self) -> NDArray[np.uint8]:
        """Return the corridor with the walker in it."""
        frame = np.full((3 * CELL, (LENGTH + 1) * CELL, 3), 235, dtype=np.uint8)
        frame[:, LENGTH * CELL :] = (80, 170, 110)
        frame[CELL : 2 * CELL, self._at * CELL : (self._at + 1) * CELL] = (40, 90, 180)
        return frame

    def _seen(self) -> NDArray[np.float32]:
        return np.array([min(self._at, LENGTH) / LENGTH], dtype=np.float32)


gym.register("ExampleCorridor-v0", entry_point=Corridor, max_episode_steps=100, reward_threshold=0.9)
