"""Hindsight experience replay (Andrychowicz et al. 2017): also learning from the goals that were reached by chance.

The semantics are those of Stable-Baselines3's `HerReplayBuffer`: only whole episodes are drawn from, an episode that
has begun to be overwritten is left out, and a fixed share of every batch has another goal and the reward that the
environment computes for it. Goals and rows are drawn from the run's own generator. Unlike there, nothing is learnt
before the first episode has ended, where that one raises an error.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from trainer.algorithms.fast.replay import Replay, Transitions

Strategy = Literal["future", "final", "episode"]


class HindsightReplay(Replay):
    """Transitions of goal environments: observations hold `achieved_goal` and `desired_goal`.

    :param env: whose `compute_reward` says what a transition is worth with another goal
    :param goals: how many transitions with another goal stand beside each with its own
    :param strategy: which of the goals that its episode reached: from then on, at the end, or any
    """

    def __init__(self, env: VecEnv, goals: int, strategy: Strategy, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._env = env
        self._share = 1 - 1 / (goals + 1)
        self._strategy = strategy
        shape = (self.steps, self.copies)
        # Of each step: where its episode begins, and how long it is; 0 while it goes on or is partly overwritten.
        self._starts = np.zeros(shape, dtype=np.int64)
        self._lengths = np.zeros(shape, dtype=np.int64)
        self._began = np.zeros(self.copies, dtype=np.int64)
        self._taken = np.zeros(self.copies, dtype=np.int64)
        self._whole: NDArray[np.int64] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether there is an episode to draw from."""
        return len(self._rows()) > 0

    def add(
        self, observation: Any, following: Any, actions: Any, rewards: Any, dones: Any, infos: list[dict[str, Any]]
    ) -> None:
        """Remember one step of every copy; an episode that it overwrites is drawn from no more."""
        at = self.position
        for copy in np.flatnonzero(self._lengths[at]).tolist():
            rest = self._starts[at, copy] + self._lengths[at, copy] - at
            self._lengths[(at + np.arange(rest % self.steps or self.steps)) % self.steps, copy] = 0
            self._whole = None
        self._starts[at] = self._began
        super().add(observation, following, actions, rewards, dones, infos)
        self._taken += 1
        if dones.any():
            for copy in np.flatnonzero(dones).tolist():
                self._end(copy)

    def break_off(self) -> None:
        """Let the episodes under way end here: as if a time limit had cut them off."""
        super().break_off()
        for copy in np.flatnonzero(self._taken).tolist():
            self._end(copy)

    def marks(self) -> dict[str, Any]:
        """Return where the rings stand, as plain data; where episodes begin and end is told by their ends."""
        order = (self.position + np.arange(self.steps)) % self.steps
        dead = [int(np.argmax(column > 0)) if column.any() else self.steps for column in self._lengths[order].T]
        return {**super().marks(), "began": self._began, "taken": self._taken, "overwritten": np.array(dead)}

    def restore(self, marks: dict[str, Any]) -> None:
        """Take the marks of a buffer whose rows have been put into this one's rings."""
        super().restore(marks)
        self._lengths[:], self._whole = 0, None
        self._began[:], self._taken[:] = marks["began"], marks["taken"]
        order = (np.arange(self.steps) + (self.position if self.full else 0)) % self.steps
        held = self.steps if self.full else self.position
        for copy in range(self.copies):
            skipped = int(marks["overwritten"][copy]) if self.full else 0
            under_way = min(int(self._taken[copy]), held)
            ends = np.flatnonzero(self.dones[order[skipped : held - under_way], copy]) + skipped
            for begins, end in zip([skipped, *(ends[:-1] + 1)], ends, strict=False):
                rows = order[begins : end + 1]
                self._starts[rows, copy], self._lengths[rows, copy] = rows[0], len(rows)
            self._starts[order[held - under_way : held], copy] = self._began[copy]

    def sample(self, batch_size: int, normalizer: VecNormalize | None = None) -> Transitions:
        """Draw transitions, a share of them with goals that their episodes reached.

        :param normalizer: whose present statistics observations and rewards are normalised with
        """
        steps, copies = self._draw(batch_size)
        flat = steps * self.copies + copies
        before, after, _ = self._observations(flat, flat)
        rewards = self.rewards.reshape(-1)[flat]
        made_up = int(self._share * batch_size)
        if made_up:
            goals = self._goals(steps[:made_up], copies[:made_up])
            before["desired_goal"][:made_up] = after["desired_goal"][:made_up] = goals
            rewards[:made_up] = self._rewarded(after["achieved_goal"][:made_up], goals)
        if normalizer is not None:
            before, after = normalizer.normalize_obs(before), normalizer.normalize_obs(after)
            rewards = normalizer.normalize_reward(rewards).astype(np.float32)
        ends = self.dones.reshape(-1)[flat] & ~self.cut.reshape(-1)[flat]
        actions = self.actions.reshape(-1, self.actions.shape[-1])[flat]
        discounts = np.full(batch_size, self.gamma, dtype=np.float32)
        return Transitions(before, actions, rewards, after, ends.astype(np.float32), discounts)

    def _end(self, copy: int) -> None:
        """Note that the episode of a copy ends with what was stored last."""
        length, began = int(self._taken[copy]), self._began[copy]
        if length <= self.steps:  # a longer one has overwritten its own beginning
            self._lengths[(began + np.arange(length)) % self.steps, copy] = length
        self._began[copy], self._taken[copy], self._whole = self.position, 0, None

    def _rows(self) -> NDArray[np.int64]:
        """Return the rows, of all copies in one, that belong to whole episodes."""
        if self._whole is None:
            self._whole = np.flatnonzero(self._lengths)
        return self._whole

    def _draw(self, batch_size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = self._rows()
        chosen = rows[self._generator.integers(0, len(rows), size=batch_size)]
        return chosen // self.copies, chosen % self.copies

    def _goals(self, steps: NDArray[np.int64], copies: NDArray[np.int64]) -> NDArray[Any]:
        """Return what the episodes of these steps reached: (rows, goal)."""
        starts, lengths = self._starts[steps, copies], self._lengths[steps, copies]
        if self._strategy == "final":
            within = lengths - 1
        else:
            # As in Stable-Baselines3 the step itself is among those that come from then on.
            first = (steps - starts) % self.steps if self._strategy == "future" else np.zeros_like(steps)
            within = self._generator.integers(first, lengths)
        reached: Any = self._after
        goals: NDArray[Any] = reached["achieved_goal"][(starts + within) % self.steps, copies]
        return goals

    def _rewarded(self, reached: NDArray[Any], goals: NDArray[Any]) -> NDArray[np.float32]:
        infos: list[dict[str, Any]] = [{} for _ in goals]
        # All copies are alike, so the first one answers for all.
        (rewards,) = self._env.env_method("compute_reward", reached, goals, infos, indices=[0])
        return np.asarray(rewards, dtype=np.float32)
