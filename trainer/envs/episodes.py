"""What an episode brought: its raw return and its length in agent steps.

A game goes on when a life is lost, a wrapper may shape or clip rewards, a time limit may cut from outside. What is
reported is always the environment's own reward, unclipped, summed from a real reset to the real end, and it is
reported once, in `info["episode"]` = {"r": return, "l": agent steps, "t": seconds since the copies were made}.
"""

from __future__ import annotations

import time
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from trainer.envs import state

EpisodeInfo = dict[str, float]


class EpisodeTracker:
    """Return and length of the episode that each copy of a native vector environment is in."""

    def __init__(self, copies: int) -> None:
        self.returns = np.zeros(copies, dtype=np.float64)
        self.lengths = np.zeros(copies, dtype=np.int64)
        self._started = time.time()

    def restart(self) -> None:
        """Begin a new episode in every copy."""
        self.returns[:] = 0.0
        self.lengths[:] = 0

    def add(self, rewards: NDArray[Any]) -> None:
        """Count one step of every copy.

        :param rewards: raw rewards, shape (copies,)
        """
        self.returns += rewards
        self.lengths += 1

    def finish(self, copy: int) -> EpisodeInfo:
        """Return what the episode of one copy brought, and begin its next."""
        episode: EpisodeInfo = {
            "r": float(self.returns[copy]),
            "l": int(self.lengths[copy]),
            "t": round(time.time() - self._started, 6),
        }
        self.returns[copy] = 0.0
        self.lengths[copy] = 0
        return episode


class RawReturn(gym.Wrapper[Any, Any, Any, Any]):
    """Innermost wrapper: sums the environment's own rewards before anything may clip or shape them."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.raw_return = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and the sum."""
        self.raw_return = 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step and add the reward."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.raw_return += float(reward)
        return observation, reward, terminated, truncated, info


class EpisodeReport(gym.Wrapper[Any, Any, Any, Any]):
    """Outermost wrapper: puts `episode` into the last info, whichever layer ended the episode.

    The environment inside offers `raw_return` (`RawReturn` or an Atari game). A step whose info says `life_lost`
    ended a life, not the game: nothing is reported and the counts go on through the reset that follows.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._started = time.time()
        self._length = 0
        self._life_lost = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Reset the environment; the length starts again unless the game merely goes on after a lost life."""
        if seed is not None or not self._life_lost:
            self._length = 0
        self._life_lost = False
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step and report the episode when it ends."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._length += 1
        if terminated or truncated:
            self._life_lost = bool(info.get("life_lost", False))
            if not self._life_lost:
                episode: EpisodeInfo = {
                    "r": float(self.env.get_wrapper_attr("raw_return")),
                    "l": self._length,
                    "t": round(time.time() - self._started, 6),
                }
                info["episode"] = episode
        return observation, reward, terminated, truncated, info

    def capture_state(self) -> dict[str, Any]:
        """Return where the copy stands as `layers`, or as `unreachable` why that cannot be said."""
        try:
            return {"layers": state.capture(self)}
        except state.UnreachableError as error:
            return {"unreachable": str(error)}

    def restore_state(self, layers: list[dict[str, Any]]) -> None:
        """Put the copy where another one stood.

        :raises ValueError: that was another kind of environment
        """
        state.restore(self, layers)
