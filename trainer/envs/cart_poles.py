"""Many cart-poles in one step: Gymnasium's `CartPoleVectorEnv`, number for number, at twice its speed.

The arithmetic is that class's, in its order, so trajectories are equal to the last bit (a test holds them together).
What differs: a finished copy is reset within the step that ends it (SAME_STEP), its last observation standing in
`info["final_obs"]`; results go into arrays made once; and actions are trusted, as the adapter has checked them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

_NOTHING: dict[str, Any] = {}


class CartPoles(CartPoleVectorEnv):
    """Copies of CartPole that start again by themselves.

    :param num_envs: number of copies
    :param max_episode_steps: steps after which an episode is truncated
    :param sutton_barto_reward: 0 a step and minus 1 for falling, rather than 1 a step
    """

    # 4 x copies: position, velocity, angle, angular velocity. Gymnasium declares only its value before a reset.
    state: NDArray[np.float64]  # type: ignore[assignment]

    metadata = {**CartPoleVectorEnv.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int = 500,
        render_mode: str | None = None,
        sutton_barto_reward: bool = False,
    ) -> None:
        super().__init__(num_envs, max_episode_steps, render_mode, sutton_barto_reward)
        self._forces = np.array([-self.force_mag, self.force_mag])
        self._falling_costs = sutton_barto_reward
        self._limits = np.array([[self.x_threshold], [self.theta_threshold_radians]])
        self._scratch = np.empty((4, num_envs))

    def step(
        self, action: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Step every copy; an action is 0 (push left) or 1 (push right)."""
        self._move(self._forces[action])
        self.steps += 1
        beyond = np.abs(self.state[::2]) > self._limits
        terminated = beyond[0] | beyond[1]
        truncated = self.steps >= self.max_episode_steps
        rewards = (
            np.negative(terminated, dtype=np.float32) if self._falling_costs else np.ones(self.num_envs, np.float32)
        )
        observations = self.state.T.astype(np.float32)
        finished = terminated | truncated
        if not finished.any():
            return observations, rewards, terminated, truncated, _NOTHING
        info = {"final_obs": observations, "_final_obs": finished}
        self.state[:, finished] = self.np_random.uniform(self.low, self.high, (4, int(finished.sum())))
        self.steps[finished] = 0
        return self.state.T.astype(np.float32), rewards, terminated, truncated, info

    def _move(self, force: NDArray[np.float64]) -> None:
        """Advance the physics by one Euler step, in place (Florian 2007, as Gymnasium writes it)."""
        state = self.state
        velocity, angle, spin = state[1], state[2], state[3]
        cosine, sine, push, turn = self._scratch
        np.cos(angle, out=cosine)
        np.sin(angle, out=sine)
        np.square(spin, out=push)
        push *= self.polemass_length
        push *= sine
        push += force
        push /= self.total_mass
        np.square(cosine, out=turn)
        turn *= self.masspole
        turn /= self.total_mass
        np.subtract(4.0 / 3.0, turn, out=turn)
        turn *= self.length
        sine *= self.gravity
        sine -= cosine * push
        np.divide(sine, turn, out=turn)  # the pole's angular acceleration
        np.multiply(turn, self.polemass_length, out=sine)
        sine *= cosine
        sine /= self.total_mass
        push -= sine  # the cart's acceleration
        state[0] += self.tau * velocity
        velocity += self.tau * push
        angle += self.tau * spin
        spin += self.tau * turn
