"""What an off-policy run remembers: transitions in arrays made once, drawn from with the run's own generator.

`Replay` stores any observations; `FrameReplay` stores the frames of stacked images once each instead of eight times
(four in an observation, four in the next). Both hand out minibatches of the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import get_action_dim
from stable_baselines3.common.vec_env import VecNormalize

from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Floats
from trainer.config.sizes import not_enough_memory
from trainer.errors import ConfigError
from trainer.memory import available_bytes
from trainer.ring import Ring


@dataclass(frozen=True)
class Transitions:
    """A minibatch: observations as stored, all else (batch, …).

    :param ends: 1 where nothing follows; an episode that was cut off by a time limit counts as going on
    :param discounts: what the value of `next_observations` is weighted with, (batch,)
    :param frames: where observations are stacked frames, (batch, channels, height, width): those of both observations,
        which are its first and its last channels
    """

    observations: Any
    actions: NDArray[Any]
    rewards: Floats
    next_observations: Any
    ends: Floats
    discounts: Floats
    frames: NDArray[np.uint8] | None = None


class Replay:
    """The newest transitions of every copy, (steps, copies, …).

    :param capacity: transitions over all copies
    :param gamma: discount, for the returns over `n_steps` steps
    :param n_steps: how many rewards are added up before a value is asked for
    :param bootstrap_when_cut: whether an episode that a time limit cut off counts as going on
    :raises ConfigError: there is not enough free memory
    """

    def __init__(
        self,
        capacity: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        copies: int,
        generator: np.random.Generator,
        *,
        gamma: float,
        n_steps: int = 1,
        bootstrap_when_cut: bool = True,
    ) -> None:
        self.copies = copies
        self.steps = max(capacity // copies, 1)
        self.position = 0
        self.full = False
        self.added = 0  # steps ever
        self.gamma = gamma
        self.n_steps = n_steps
        self._bootstraps = bootstrap_when_cut
        self._generator = generator
        self._require_memory(observation_space)
        shape = (self.steps, copies)
        self._allocate(observation_space)
        dtype = np.float32 if action_space.dtype == np.float64 else action_space.dtype
        self.actions: NDArray[Any] = np.zeros((*shape, get_action_dim(action_space)), dtype=dtype)
        self.rewards: Floats = np.zeros(shape, dtype=np.float32)
        self.dones: NDArray[np.bool_] = np.zeros(shape, dtype=np.bool_)
        self.cut: NDArray[np.bool_] = np.zeros(shape, dtype=np.bool_)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to draw from."""
        return self.added > 0

    def __len__(self) -> int:
        return (self.steps if self.full else self.position) * self.copies

    def add(
        self, observation: Any, following: Any, actions: Any, rewards: Any, dones: Any, infos: list[dict[str, Any]]
    ) -> None:
        """Remember one step of every copy.

        :param following: what came after, the last observation of the episode where it ended
        """
        at = self.position
        self._store(at, observation, following)
        self.actions[at] = actions.reshape(self.copies, -1)
        self.rewards[at] = rewards
        self.dones[at] = dones
        cut = self.cut[at]
        cut[:] = False
        if self._bootstraps and dones.any():
            for copy in np.flatnonzero(dones).tolist():
                cut[copy] = infos[copy].get("TimeLimit.truncated", False)
        self.added += 1
        self.position = at + 1
        if self.position == self.steps:
            self.position, self.full = 0, True

    # -- going on from a checkpoint

    def rings(self) -> list[Ring]:
        """Return all that is remembered."""
        named = {"actions": self.actions, "rewards": self.rewards, "dones": self.dones, "cut": self.cut}
        return [Ring(name, rows, self.added) for name, rows in (*named.items(), *self._observed().items())]

    def marks(self) -> dict[str, Any]:
        """Return where the rings stand, as plain data."""
        return {"position": self.position, "full": self.full, "added": self.added}

    def restore(self, marks: dict[str, Any]) -> None:
        """Take the marks of a buffer whose rows have been put into this one's rings."""
        self.position, self.full, self.added = marks["position"], marks["full"], marks["added"]

    def break_off(self) -> None:
        """Note that the episodes under way go on no further: what comes next belongs to others."""
        if self.added:
            last = (self.position - 1) % self.steps
            self.cut[last] |= ~self.dones[last]
            self.dones[last] = True

    def sample(self, batch_size: int, normalizer: VecNormalize | None = None) -> Transitions:
        """Draw transitions, each equally likely, with replacement.

        :param normalizer: whose present statistics observations and rewards are normalised with
        """
        rows = self._draw(batch_size)
        flat = np.ravel_multi_index(rows, (self.steps, self.copies))
        if self.n_steps > 1:
            last, rewards, discounts = self._n_step_returns(rows, normalizer)
        else:
            last, rewards = flat, self.rewards.reshape(-1)[flat]
            discounts = np.full(batch_size, self.gamma, dtype=np.float32)
            if normalizer is not None:
                rewards = normalizer.normalize_reward(rewards).astype(np.float32)
        before, after, frames = self._observations(flat, last)
        if normalizer is not None:
            before, after = normalizer.normalize_obs(before), normalizer.normalize_obs(after)
        ends = self.dones.reshape(-1)[last] & ~self.cut.reshape(-1)[last]
        actions = self.actions.reshape(-1, self.actions.shape[-1])[flat]
        return Transitions(before, actions, rewards, after, ends.astype(np.float32), discounts, frames)

    def _draw(self, batch_size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        held = self.steps if self.full else self.position
        rows = self._generator.integers(0, held * self.copies, size=batch_size)
        return rows // self.copies, rows % self.copies

    def _n_step_returns(
        self, rows: tuple[NDArray[np.int64], NDArray[np.int64]], normalizer: VecNormalize | None
    ) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Return the last transition of each stretch, its discounted rewards, and the discount after it."""
        steps, copies = rows
        ahead = np.arange(self.n_steps)
        window = (steps[:, None] + ahead) % self.steps
        rewards = self.rewards[window, copies[:, None]]
        if normalizer is not None:
            rewards = normalizer.normalize_reward(rewards)
        # A stretch ends with its episode, or with what was stored last.
        stops = self.dones[window, copies[:, None]] | (window == (self.position - 1) % self.steps)
        stops[:, -1] = True
        length = stops.argmax(axis=1)
        weights = np.where(ahead <= length[:, None], np.float64(self.gamma) ** ahead, 0.0)
        last = window[np.arange(len(steps)), length] * self.copies + copies
        discounts = (np.float64(self.gamma) ** (length + 1)).astype(np.float32)
        return last, (rewards * weights).sum(axis=1).astype(np.float32), discounts

    # -- how observations are kept

    def _bytes(self, observation_space: spaces.Space[Any]) -> int:
        return 2 * self.steps * self.copies * observations.nbytes(observation_space)

    def _allocate(self, observation_space: spaces.Space[Any]) -> None:
        self._before = observations.allocate(observation_space, self.steps, self.copies)
        self._after = observations.allocate(observation_space, self.steps, self.copies)
        self._flat_before = observations.flattened(self._before)
        self._flat_after = observations.flattened(self._after)

    def _observed(self) -> dict[str, NDArray[Any]]:
        return _named("before", self._before) | _named("after", self._after)

    def _store(self, at: int, observation: Any, following: Any) -> None:
        observations.store(self._before, at, observation)
        observations.store(self._after, at, following)

    def _observations(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        return observations.take(self._flat_before, first), observations.take(self._flat_after, last), None

    def _require_memory(self, observation_space: spaces.Space[Any]) -> None:
        needed, free = self._bytes(observation_space), available_bytes()
        if needed > free:
            transitions = self.steps * self.copies
            fits = int(transitions * free / needed * 0.8)
            raise ConfigError([not_enough_memory(transitions, needed, free, fits)])


class SharedReplay(Replay):
    """Each observation once: what follows a step is what stands one step later.

    After the end of an episode that is the first observation of the next one, so this is for runs that take every
    end for one (`bootstrap_when_cut` is false): what follows an end is never asked for.
    """

    def _bytes(self, observation_space: spaces.Space[Any]) -> int:
        return super()._bytes(observation_space) // 2

    def _allocate(self, observation_space: spaces.Space[Any]) -> None:
        self._before = observations.allocate(observation_space, self.steps, self.copies)
        self._flat_before = observations.flattened(self._before)

    def _store(self, at: int, observation: Any, following: Any) -> None:
        observations.store(self._before, at, observation)
        observations.store(self._before, (at + 1) % self.steps, following)

    def rings(self) -> list[Ring]:
        """Return all that is remembered; what follows the newest step is written one row ahead."""
        ahead = _named("before", self._before)
        return [Ring(each.name, each.rows, self.added + (each.name in ahead)) for each in super().rings()]

    def _observed(self) -> dict[str, NDArray[Any]]:
        return _named("before", self._before)

    def break_off(self) -> None:
        """Note that the episodes under way go on no further: an end, as what followed will be overwritten."""
        self.dones[(self.position - 1) % self.steps] |= self.added > 0

    def _draw(self, batch_size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if not self.full:
            return super()._draw(batch_size)
        # The oldest step has lost its observation to what follows the newest.
        rows = self._generator.integers(self.copies, self.steps * self.copies, size=batch_size)
        return (rows // self.copies + self.position) % self.steps, rows % self.copies

    def _observations(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        after = (last + self.copies) % (self.steps * self.copies)
        return observations.take(self._flat_before, first), observations.take(self._flat_before, after), None


class FrameReplay(Replay):
    """For observations that are the newest `stack` frames of a picture, (stack x channels, height, width).

    Every copy has a ring of frames; a transition is the number of its observation's newest frame, and the next
    observation ends one frame later. The frames of the first observation after a reset are written whole. When many
    short episodes fill the ring before `capacity` transitions are held, the oldest transitions go first.

    :param stack: frames in an observation, newest last
    """

    def __init__(self, stack: int, capacity: int, observation_space: spaces.Box, *args: Any, **kwargs: Any) -> None:
        self.stack = stack
        super().__init__(capacity, observation_space, *args, **kwargs)

    @staticmethod
    def supports(observation_space: spaces.Space[Any], stack: int, n_steps: int, *, normalized: bool) -> bool:
        """Whether observations are stacks of whole images that can be kept frame by frame."""
        return (
            isinstance(observation_space, spaces.Box)
            and observation_space.dtype == np.uint8
            and len(observation_space.shape) == 3
            and stack > 1
            and observation_space.shape[0] % stack == 0
            and n_steps == 1
            and not normalized
        )

    def _ring(self) -> int:
        return self.steps + self.steps // 16 + 8 * (self.stack + 1)

    def _bytes(self, observation_space: spaces.Space[Any]) -> int:
        return self._ring() * self.copies * observations.nbytes(observation_space) // self.stack

    def _allocate(self, observation_space: spaces.Space[Any]) -> None:
        channels, height, width = observation_space.shape  # type: ignore[misc]
        self._shape = (channels, height, width)
        frame = channels // self.stack * height * width
        self._frames = np.zeros((self.copies, self._ring(), frame), dtype=np.uint8)
        self._flat_frames = self._frames.reshape(-1, frame)
        self._newest = np.zeros((self.steps, self.copies), dtype=np.int64)
        # Number of the newest frame of each copy, -1 before the first; and of the observation it is at.
        self._written = np.full(self.copies, -1, dtype=np.int64)
        self._expects_reset = np.ones(self.copies, dtype=np.bool_)
        self._offsets = np.arange(self.stack + 1) - (self.stack - 1)

    def _store(self, at: int, observation: Any, following: Any) -> None:
        frames = observation.reshape(self.copies, self.stack, -1)
        latest = following.reshape(self.copies, self.stack, -1)[:, -1]
        if self._expects_reset.any():
            for copy in np.flatnonzero(self._expects_reset).tolist():
                self._begin_episode(copy, frames[copy])
        self._newest[at] = self._written
        self._written += 1
        self._frames[np.arange(self.copies), self._written % self._frames.shape[1]] = latest

    def _begin_episode(self, copy: int, frames: NDArray[np.uint8]) -> None:
        """Write a whole stack, unless the episode merely goes on from the last frame (a lost life)."""
        ring = self._frames.shape[1]
        held = self._frames[copy, (self._written[copy] + self._offsets[:-1]) % ring]
        self._expects_reset[copy] = False
        if self._written[copy] >= self.stack - 1 and np.array_equal(held, frames):
            return
        places = (self._written[copy] + 1 + np.arange(self.stack)) % ring
        self._frames[copy, places] = frames
        self._written[copy] += self.stack

    def rings(self) -> list[Ring]:
        """Return all that is remembered; every copy has a ring of frames."""
        frames = [
            Ring(f"frames-{copy}", self._frames[copy], int(self._written[copy]) + 1) for copy in range(self.copies)
        ]
        return [*super().rings(), *frames]

    def _observed(self) -> dict[str, NDArray[Any]]:
        return {"newest": self._newest}

    def marks(self) -> dict[str, Any]:
        """Return where the rings stand, as plain data."""
        return {**super().marks(), "written": self._written, "expects_reset": self._expects_reset}

    def restore(self, marks: dict[str, Any]) -> None:
        """Take the marks of a buffer whose rows have been put into this one's rings."""
        super().restore(marks)
        self._written[:], self._expects_reset[:] = marks["written"], marks["expects_reset"]

    def break_off(self) -> None:
        """Note that the episodes under way go on no further: the next observations bring their own frames."""
        super().break_off()
        self._expects_reset[:] = True

    def add(
        self, observation: Any, following: Any, actions: Any, rewards: Any, dones: Any, infos: list[dict[str, Any]]
    ) -> None:
        """Remember one step of every copy."""
        super().add(observation, following, actions, rewards, dones, infos)
        self._expects_reset |= dones

    def _draw(self, batch_size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        steps, copies = super()._draw(batch_size)
        while (stale := self._overwritten(steps, copies)).any():
            steps[stale], copies[stale] = super()._draw(int(stale.sum()))
        return steps, copies

    def _overwritten(self, steps: NDArray[np.int64], copies: NDArray[np.int64]) -> NDArray[np.bool_]:
        oldest_frame = self._newest[steps, copies] - (self.stack - 1)
        overwritten: NDArray[np.bool_] = oldest_frame <= self._written[copies] - self._frames.shape[1]
        return overwritten

    def _observations(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        del last  # n-step returns are not kept by frames
        ring = self._frames.shape[1]
        places = (self._newest.reshape(-1)[first][:, None] + self._offsets) % ring
        places += (first % self.copies)[:, None] * ring
        frames = self._flat_frames[places]
        batch, part = len(first), (self._shape[0] // self.stack, *self._shape[1:])
        both = frames.reshape(batch, (self.stack + 1) * part[0], *part[1:])
        return both[:, : self._shape[0]], both[:, part[0] :], both


def _named(name: str, observed: observations.Observations) -> dict[str, NDArray[Any]]:
    if isinstance(observed, dict):
        return {f"{name}-{key}": array for key, array in observed.items()}
    return {name: observed}
