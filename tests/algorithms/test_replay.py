"""The replay buffers of the fast core against those of Stable-Baselines3."""

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer

from trainer.algorithms.fast.replay import FrameReplay, Replay, SharedReplay
from trainer.errors import ConfigError

BOX = spaces.Box(-1, 1, (3,), np.float32)
KWARGS = {"handle_timeout_termination": False}


class _Game:
    """Stacked 8 x 8 pictures of several copies; episodes end, are cut off, or go on after a lost life."""

    def __init__(self, copies, seed=0, p_end=0.1):
        self.generator = np.random.default_rng(seed)
        self.copies, self.p_end = copies, p_end
        self.stack = np.zeros((copies, 4, 8, 8), np.uint8)
        for copy_index in range(copies):
            self._reset(copy_index)

    def _frame(self):
        return self.generator.integers(0, 256, (8, 8), dtype=np.uint8)

    def _reset(self, copy_index):
        self.stack[copy_index] = 0
        self.stack[copy_index, -1] = self._frame()

    def step(self):
        before = self.stack.copy()
        self.stack[:, :-1] = self.stack[:, 1:]
        for copy_index in range(self.copies):
            self.stack[copy_index, -1] = self._frame()
        following = self.stack.copy()
        dones = self.generator.random(self.copies) < self.p_end
        infos = [{"TimeLimit.truncated": bool(self.generator.random() < 0.5)} for _ in range(self.copies)]
        for copy_index in np.flatnonzero(dones):
            if self.generator.random() < 0.7:  # else a life is lost and the game goes on
                self._reset(copy_index)
        rewards = self.generator.standard_normal(self.copies).astype(np.float32)
        return before, following, self.generator.integers(0, 3, self.copies), rewards, dones, infos


@pytest.mark.parametrize("p_end", [0.02, 0.3, 0.9])
def test_frames_stored_once_give_back_the_same_transitions(p_end):
    space, actions = spaces.Box(0, 255, (4, 8, 8), np.uint8), spaces.Discrete(3)
    frames = FrameReplay(4, 150, space, actions, 3, np.random.default_rng(5), gamma=0.99)
    game, seen = _Game(3, p_end=p_end), []
    for _ in range(400):
        step = game.step()
        seen.append(step)
        frames.add(*step)
    batch = frames.sample(500)
    by_reward = {
        float(step[3][copy_index]): (step, copy_index) for step in seen[-frames.steps :] for copy_index in range(3)
    }
    for row in range(500):
        step, copy_index = by_reward[float(batch.rewards[row])]
        np.testing.assert_array_equal(batch.observations[row], step[0][copy_index])
        np.testing.assert_array_equal(batch.next_observations[row], step[1][copy_index])
        np.testing.assert_array_equal(batch.frames[row], [*step[0][copy_index], step[1][copy_index][-1]])
        assert batch.actions[row, 0] == step[2][copy_index]
        cut = step[5][copy_index]["TimeLimit.truncated"]
        assert batch.ends[row] == float(step[4][copy_index] and not cut)
    assert len({float(reward) for reward in batch.rewards}) > (60 if p_end < 0.5 else 15)


def test_frames_take_a_quarter_of_the_memory():
    space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    replay = FrameReplay(4, 10_000, space, spaces.Discrete(3), 8, np.random.default_rng(0), gamma=0.99)
    stable_baselines3 = 2 * 10_000 * 4 * 84 * 84
    assert replay._frames.nbytes < 0.14 * stable_baselines3


def _filled(replay, steps, copies, seed=0):
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        before, after = generator.standard_normal((2, copies, 3)).astype(np.float32)
        dones = generator.random(copies) < 0.15
        infos = [{"TimeLimit.truncated": bool(done and generator.random() < 0.5)} for done in dones]
        rewards = generator.standard_normal(copies).astype(np.float32)
        replay.add(before, after, generator.standard_normal((copies, 3)).astype(np.float32), rewards, dones, infos)
    return replay


@pytest.mark.parametrize("steps", [20, 130])
def test_n_step_returns_are_those_of_stable_baselines3(steps):
    ours = _filled(Replay(200, BOX, BOX, 2, np.random.default_rng(1), gamma=0.9, n_steps=3), steps, 2)
    theirs = NStepReplayBuffer(200, BOX, BOX, "cpu", 2, n_steps=3, gamma=0.9)

    class _Adapter:
        def add(self, before, after, actions, rewards, dones, infos):
            theirs.add(before, after, actions, rewards, dones, infos)

    _filled(_Adapter(), steps, 2)
    batch = ours.sample(300)
    rows = {float(ours._flat_before[i][0]): i for i in range(len(ours._flat_before))}
    indices = np.array([rows[float(first)] for first in batch.observations[:, 0]])
    copies = iter([indices % 2])
    real = np.random.randint
    np.random.randint = lambda *args, **kwargs: next(copies)
    try:
        expected = theirs._get_samples(indices // 2)
    finally:
        np.random.randint = real
    np.testing.assert_allclose(batch.rewards, expected.rewards.numpy()[:, 0], atol=1e-5)
    np.testing.assert_allclose(batch.ends, expected.dones.numpy()[:, 0])
    going_on = batch.ends == 0
    np.testing.assert_allclose(batch.discounts[going_on], expected.discounts.numpy()[going_on, 0], atol=1e-6)
    np.testing.assert_array_equal(batch.next_observations[going_on], expected.next_observations.numpy()[going_on])


def test_observations_shared_between_steps_are_the_same_where_anything_follows():
    generator = np.random.default_rng(0)
    replay = SharedReplay(40, BOX, BOX, 2, np.random.default_rng(1), gamma=0.9, bootstrap_when_cut=False)
    before = generator.standard_normal((2, 3)).astype(np.float32)
    seen = {}
    for _ in range(70):
        following = generator.standard_normal((2, 3)).astype(np.float32)
        dones = generator.random(2) < 0.2
        infos = [{"TimeLimit.truncated": bool(done)} for done in dones]
        replay.add(before, following, np.zeros((2, 3)), np.zeros(2), dones, infos)
        for copy_index in range(2):
            seen[float(before[copy_index, 0])] = (following[copy_index], dones[copy_index])
        before = np.where(dones[:, None], generator.standard_normal((2, 3)).astype(np.float32), following)
    batch = replay.sample(400)
    for row in range(400):
        following, done = seen[float(batch.observations[row, 0])]
        assert batch.ends[row] == done
        if not done:
            np.testing.assert_array_equal(batch.next_observations[row], following)
    assert len(np.unique(batch.observations[:, 0])) == 38


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, Replay), ({"optimize_memory_usage": True, "replay_buffer_kwargs": KWARGS}, SharedReplay)],
)
def test_the_replay_buffer_follows_the_configuration(build, arguments, kind):
    model, _ = build({"id": "CartPole-v1"}, {"name": "dqn", "buffer_size": 100, **arguments})
    assert type(model.buffer) is kind
    assert model.buffer._bootstraps == (kind is Replay)


def test_arguments_that_the_replay_buffer_does_not_have_are_refused(build):
    with pytest.raises(ConfigError, match="knows no colour"):
        build({"id": "CartPole-v1"}, {"name": "dqn", "replay_buffer_kwargs": {"colour": "red"}})


def test_dictionaries_are_stored_key_by_key():
    space = spaces.Dict({"a": BOX, "b": spaces.Box(0, 255, (4, 4), np.uint8)})
    replay = Replay(10, space, BOX, 2, np.random.default_rng(0), gamma=0.9)
    observation = {"a": np.ones((2, 3), np.float32), "b": np.full((2, 4, 4), 7, np.uint8)}
    following = {"a": np.zeros((2, 3), np.float32), "b": np.full((2, 4, 4), 9, np.uint8)}
    replay.add(observation, following, np.zeros((2, 3)), np.zeros(2), np.zeros(2, bool), [{}, {}])
    batch = replay.sample(4)
    assert batch.observations["b"].shape == (4, 4, 4)
    assert set(np.unique(batch.next_observations["b"])) == {9}


def test_a_replay_buffer_that_does_not_fit_is_refused_before_it_is_made():
    with pytest.raises(ConfigError) as refused:
        Replay(10**12, BOX, BOX, 1, np.random.default_rng(0), gamma=0.9)
    fault = refused.value.faults[0]
    assert fault.field == "algorithm.buffer_size"
    assert "of memory are needed for 1,000,000,000,000 transitions" in fault.message
    assert "fit" in fault.hint
