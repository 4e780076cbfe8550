"""ARS with its own way of trying candidates: on every copy of the environment at once.

Stable-Baselines3-Contrib plays one candidate after the other, each on all copies, of which all but one are idle when
a candidate has a single episode; and it tells a callback of a step once for each copy. Here each copy tries another
candidate, and takes the next one when it is done. A copy for which no candidate is left plays on, since all copies
step together, but its episodes are nobody's and are told to nobody.
"""

from __future__ import annotations

import copy
from collections import deque
from typing import Any

import numpy as np
import sb3_contrib
import torch
from stable_baselines3.common.callbacks import BaseCallback


class ARS(sb3_contrib.ARS):
    """Augmented Random Search; what it saves loads in SB3-Contrib's own class."""

    def evaluate_candidates(self, candidate_weights: torch.Tensor, callback: BaseCallback, _: Any) -> torch.Tensor:
        """Let every candidate play `n_eval_episodes` episodes; return the sum of each one's returns.

        The returns are the environment's own: unclipped, not normalised.

        :param candidate_weights: (candidates, weights)
        """
        callback.on_rollout_start()
        # As there: what is shown is the mean over the candidates of one iteration.
        window: Any = self.ep_info_buffer
        window.clear()
        waiting = deque(candidate for candidate in range(self.pop_size) for _ in range(self.n_eval_episodes))
        returns = torch.zeros(self.pop_size, device=self.device)
        env: Any = self.env
        players = [_Player(copy.deepcopy(self.policy), candidate_weights) for _ in range(env.num_envs)]
        for player in players:
            player.take(waiting)
        observations = env.reset()
        while any(player.candidate is not None for player in players):
            actions = [player.act(observations[index]) for index, player in enumerate(players)]
            observations, rewards, dones, infos = env.step(np.stack(actions))
            self.num_timesteps += env.num_envs
            infos = [_heard(info, player) for info, player in zip(infos, players, strict=True)]
            callback.update_locals({"infos": infos, "dones": dones, "rewards": rewards, "new_obs": observations})
            callback.on_step()
            self._update_info_buffer(infos, dones)
            for player, info in zip(players, infos, strict=True):
                episode = info.get("episode")
                if episode is not None:
                    returns[player.candidate] += episode["r"] + self.alive_bonus_offset * episode["l"]
                    player.take(waiting)
        callback.on_rollout_end()
        return returns


class _Player:
    """What chooses the actions of one copy; `candidate` is whose weights it has, None once there is none left."""

    def __init__(self, policy: Any, weights: torch.Tensor) -> None:
        self._policy = policy
        self._weights = weights
        self.candidate: int | None = None

    def take(self, waiting: deque[int]) -> None:
        """Play the next episode for whoever waits first."""
        before, self.candidate = self.candidate, waiting.popleft() if waiting else None
        if self.candidate is not None and self.candidate != before:
            self._policy.load_from_vector(self._weights[self.candidate].cpu().numpy())

    def act(self, observation: Any) -> Any:
        """Return the action for one observation."""
        return self._policy.predict(observation, deterministic=True)[0]


def _heard(info: dict[str, Any], player: _Player) -> dict[str, Any]:
    """Return what a step has said, without how its episode went where that is no candidate's."""
    if player.candidate is not None:
        return info
    return {key: said for key, said in info.items() if key not in ("episode", "is_success")}
