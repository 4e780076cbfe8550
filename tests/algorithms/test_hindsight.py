"""Hindsight: our buffer holds and hands out what Stable-Baselines3's does, and comes back from a checkpoint whole."""

import numpy as np
import pytest
from stable_baselines3 import HerReplayBuffer

from tests.algorithms.goal_world import GOALS
from trainer.config import load_config
from trainer.runs.introduction import notes_on

CAPACITY, COPIES = 41 * 2, 2


def _buffers(build, strategy="future", goals=4):
    """Return our buffer and Stable-Baselines3's, over the same environment."""
    algorithm = {
        "name": "her",
        "buffer_size": CAPACITY,
        "n_sampled_goal": goals,
        "goal_selection_strategy": strategy,
        "learning_starts": 0,
    }
    algorithm["batch_size"] = 16
    model, learner = build({"id": GOALS, "n_envs": COPIES}, algorithm, policy={"net_arch": [16]})
    theirs = HerReplayBuffer(
        CAPACITY,
        model.observation_space,
        model.action_space,
        model.env,
        n_envs=COPIES,
        n_sampled_goal=goals,
        goal_selection_strategy=strategy,
    )
    return model, learner, model.buffer, theirs


def _fill(model, ours, theirs, steps, seed=0, end=0.12):
    """Add the same made-up episodes of random lengths to both."""
    draws = np.random.default_rng(seed)
    for step in range(steps):
        seen, after = (
            {key: draws.normal(size=(COPIES, *space.shape)).astype(np.float32) for key, space in _spaces(model)}
            for _ in range(2)
        )
        actions, rewards = draws.uniform(-1, 1, (COPIES, 1)).astype(np.float32), np.full(COPIES, float(step))
        dones = draws.random(COPIES) < end
        infos = [{"TimeLimit.truncated": bool(draws.random() < 0.5)} for _ in range(COPIES)]
        ours.add(seen, after, actions, rewards, dones, infos)
        theirs.add(seen, after, actions, rewards, dones, infos)


def _spaces(model):
    return model.observation_space.spaces.items()


@pytest.mark.parametrize("steps", [7, 39, 41, 60, 123, 400])
def test_the_same_episodes_are_whole(build, steps):
    model, _, ours, theirs = _buffers(build)
    _fill(model, ours, theirs, steps)
    np.testing.assert_array_equal(ours._lengths, theirs.ep_length)
    whole = theirs.ep_length > 0
    np.testing.assert_array_equal(ours._starts[whole], theirs.ep_start[whole])
    assert ours.is_ready == whole.any()


@pytest.mark.parametrize("steps", [30, 60, 400])
@pytest.mark.parametrize("breaks_off", [False, True])
def test_a_buffer_comes_back_whole_and_goes_on(build, steps, breaks_off):
    model, _, ours, theirs = _buffers(build)
    _fill(model, ours, theirs, steps)
    _, _, again, _ = _buffers(build)
    for ring, source in zip(again.rings(), ours.rings(), strict=True):
        ring.rows[...] = source.rows
    again.restore(ours.marks())
    if breaks_off:
        again.break_off()
        ours.break_off()
        theirs.truncate_last_trajectory()
    for seed in range(3):
        np.testing.assert_array_equal(again._lengths, ours._lengths)
        np.testing.assert_array_equal(again._lengths, theirs.ep_length)
        whole = ours._lengths > 0
        np.testing.assert_array_equal(again._starts[whole], ours._starts[whole])
        _fill_both(model, again, ours, theirs, seed + 5)


def _fill_both(model, again, ours, theirs, seed):
    class Both:
        def add(self, *arguments):
            again.add(*arguments)
            ours.add(*arguments)

    _fill(model, Both(), theirs, 17, seed)


@pytest.mark.parametrize("strategy", ["future", "final", "episode"])
def test_goals_are_those_that_the_episode_reached(build, strategy):
    model, _, ours, theirs = _buffers(build, strategy)
    _fill(model, ours, theirs, 300)
    batch = ours.sample(2000)
    made_up = int(0.8 * 2000)
    reached, wanted = ours._after["achieved_goal"], ours._before["desired_goal"]
    found = set()
    for row in range(2000):
        step, copy = np.argwhere((ours._before["observation"] == batch.observations["observation"][row]).all(axis=2))[0]
        goal = batch.observations["desired_goal"][row]
        assert theirs.ep_length[step, copy] > 0, "only whole episodes are drawn from"
        if row >= made_up:
            assert goal == wanted[step, copy]
            assert batch.rewards[row] == ours.rewards[step, copy]
            continue
        np.testing.assert_array_equal(goal, batch.next_observations["desired_goal"][row])
        start, length = theirs.ep_start[step, copy], theirs.ep_length[step, copy]
        own = (step - start) % ours.steps
        allowed = {"future": range(own, length), "final": [length - 1], "episode": range(length)}[strategy]
        places = [place for place in allowed if reached[(start + place) % ours.steps, copy] == goal]
        assert places
        found.add(places[0] - own)
        after = batch.next_observations["achieved_goal"][row]
        assert batch.rewards[row] == -float(abs(after - goal)[0] > 0.2)
    assert (min(found) < 0) == (strategy == "episode")
    assert max(found) > 0


def test_without_goals_in_hindsight_there_are_only_real_ones(build):
    model, _, ours, theirs = _buffers(build, goals=0)
    _fill(model, ours, theirs, 100)
    batch = ours.sample(50)
    assert set(batch.rewards) <= set(ours.rewards.reshape(-1))


@pytest.mark.parametrize("keeps_infos", [False, True])
def test_nothing_is_learnt_before_the_first_episode_has_ended(build, keeps_infos):
    algorithm = {"name": "her", "learning_starts": 0, "batch_size": 16, "copy_info_dict": keeps_infos}
    model, learner = build({"id": GOALS, "n_envs": COPIES}, {**algorithm, "buffer_size": CAPACITY})
    assert isinstance(model.replay_buffer, HerReplayBuffer) == keeps_infos
    for _ in range(11):
        learner.iterate()
    assert model._n_updates == 0
    for _ in range(3):
        learner.iterate()
    assert model._n_updates > 0


def test_a_run_says_that_hindsight_with_infos_keeps_no_buffer(build):
    def notes(environment, **algorithm):
        sections = {"environment": environment, "algorithm": {"buffer_size": CAPACITY, **algorithm}}
        model, _ = build(*sections.values())
        return " ".join(notes_on(model, model.get_env(), load_config(sections)))

    assert notes({"id": GOALS}, name="her") == ""
    told = notes({"id": GOALS}, name="her", copy_info_dict=True)
    assert "hindsight keeps infos" in told
    assert "in no checkpoint" in told
    own = {"replay_buffer_class": "stable_baselines3.common.buffers:ReplayBuffer"}
    assert "in no checkpoint" in notes({"id": "Pendulum-v1"}, name="sac", **own)
    rollouts = {"name": "ppo", "rollout_buffer_class": "stable_baselines3.common.buffers:RolloutBuffer"}
    model, _ = build({"id": "CartPole-v1"}, rollouts)
    assert "checkpoint" not in " ".join(notes_on(model, model.get_env(), load_config({"algorithm": rollouts})))


@pytest.mark.slow
def test_what_was_reached_by_chance_makes_a_rare_reward_learnable(build):
    algorithm = {"name": "her", "buffer_size": 20_000, "learning_starts": 100, "learning_rate": 3e-3, "gamma": 0.9}
    algorithm["batch_size"] = 64
    model, learner = build({"id": GOALS, "n_envs": 2}, algorithm, policy={"net_arch": [32, 32]})
    while model.num_timesteps < 1_600:
        learner.iterate()
    assert np.mean(model.ep_success_buffer) > 0
    plays = model.player()
    observations = model.env.reset()
    near = []
    for step in range(1, 49):
        observations, rewards, _, _ = model.env.step(plays(observations))
        if step % 12 > 6:
            near.append(rewards)
    assert np.mean(near) > -0.5, "most of the time it is where it is wanted"
