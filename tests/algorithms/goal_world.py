"""A world of goals small enough for tests: a point on a line that is to be somewhere; and actions that are masked."""

import gymnasium as gym
import numpy as np
from gymnasium import spaces

GOALS = "TestGoals-v0"


class Goals(gym.Env):
    """A point is pushed along a line; the reward is 0 where it is at the goal, else -1."""

    def __init__(self, render_mode=None):
        place = spaces.Box(-2.0, 2.0, (1,), np.float32)
        self.observation_space = spaces.Dict(
            {"observation": spaces.Box(-2.0, 2.0, (2,), np.float32), "achieved_goal": place, "desired_goal": place}
        )
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.render_mode = render_mode
        self.place, self.speed, self.goal = 0.0, 0.0, 0.0

    def compute_reward(self, reached, goal, _infos):
        return -(np.abs(reached - goal).sum(axis=-1) > 0.2).astype(np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.speed, self.goal = 0.0, 0.0, float(self.np_random.uniform(-1.5, 1.5))
        return self._seen(), {}

    def step(self, action):
        self.speed = float(np.clip(0.5 * self.speed + 0.3 * float(action[0]), -1, 1))
        self.place = float(np.clip(self.place + self.speed, -2, 2))
        seen = self._seen()
        reward = float(self.compute_reward(seen["achieved_goal"], seen["desired_goal"], {}))
        return seen, reward, False, False, {"is_success": reward == 0}

    def _seen(self):
        at, goal = np.array([self.place], np.float32), np.array([self.goal], np.float32)
        return {
            "observation": np.array([self.place, self.speed], np.float32),
            "achieved_goal": at,
            "desired_goal": goal,
        }


class OnlyRight(gym.Wrapper):
    """Says that nothing but the last action is allowed, and breaks where another one is taken."""

    def action_masks(self):
        return np.arange(self.action_space.n) == self.action_space.n - 1

    def step(self, action):
        if not self.action_masks()[action]:
            raise ValueError(f"action {action} is not allowed")
        return self.env.step(action)


if GOALS not in gym.registry:
    gym.register(GOALS, entry_point=f"{__name__}:{Goals.__name__}", max_episode_steps=12)
