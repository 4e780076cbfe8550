"""Environments that go wrong in a known way at a known step; each test registers the one it needs."""

import threading

import gymnasium
import numpy as np
from gymnasium import spaces


class Troubled(gymnasium.Env):
    """Ten-step episodes of noise; at step `at` of this copy, `trouble` happens.

    :param trouble: `raise`, `hang`, `memory`, `nan reward`, `nan observation`, `inf observation` or `none`
    """

    metadata = {"render_modes": []}
    released = threading.Event()  # what a hanging one waits for

    def __init__(self, trouble="none", at=100, render_mode=None):
        self.observation_space = spaces.Box(-1, 1, (3,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.render_mode = render_mode
        self._trouble, self._at, self._steps, self._in_episode = trouble, at, 0, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._in_episode = 0
        return self._observation(), {}

    def step(self, action):
        self._steps += 1
        self._in_episode += 1
        observation, reward = self._observation(), 1.0
        if self._steps == self._at:
            observation, reward = self._happen(observation, reward)
        return observation, reward, self._in_episode >= 10, False, {}

    def _happen(self, observation, reward):
        if self._trouble == "raise":
            raise ValueError("the joint angle is nan")
        if self._trouble == "memory":
            raise MemoryError
        if self._trouble == "hang":
            Troubled.released.wait()
        if self._trouble == "nan reward":
            reward = float("nan")
        if self._trouble.endswith("observation"):
            observation[1] = float(self._trouble.split()[0])
        return observation, reward

    def _observation(self):
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)


def register():
    """Make `Troubled-v0` known; doing so again changes nothing."""
    if "Troubled-v0" not in gymnasium.registry:
        gymnasium.register("Troubled-v0", entry_point=Troubled)
