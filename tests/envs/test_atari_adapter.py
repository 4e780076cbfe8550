"""The Atari adapter against plain ale-py, and against the rules that Stable-Baselines3 relies on."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from tests.envs.atari_reference import scripted_score
from trainer.envs.atari import AtariVecEnv
from trainer.envs.atari_options import AtariOptions

# No no-ops, no FIRE and no sticky actions: a script then decides the whole game.
PLAIN = {"noop_max": 0, "fire_reset": False}


def make(game: str = "breakout", copies: int = 1, seed: int = 0, **options: Any) -> AtariVecEnv:
    env = AtariVecEnv(AtariOptions(game, **options), copies, num_threads=2)
    env.seed(seed)
    return env


def random_script(env: AtariVecEnv, length: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(env.action_space.n, size=length).tolist()


def global_generator() -> bytes:
    """Return the state of NumPy's global generator, which nothing of ours may advance."""
    return bytes(np.random.get_state()[1])  # noqa: NPY002 - looking at it is the point


def play(env: AtariVecEnv, script: list[int]) -> list[tuple[float, bool, dict[str, Any], np.ndarray]]:
    """Give every copy the same actions; return what copy 0 saw."""
    steps = []
    for action in script:
        observations, rewards, dones, infos = env.step(np.full(env.num_envs, action))
        steps.append((float(rewards[0]), bool(dones[0]), infos[0], observations[0]))
    return steps


@pytest.mark.parametrize("game", ["breakout", "pong", "space_invaders", "ms_pacman"])
def test_a_scripted_game_scores_what_a_single_atari_env_scores(game: str) -> None:
    env = make(game, **PLAIN)
    env.reset()
    script = random_script(env, 2500)
    score, steps, lost = scripted_score(env.options, script)
    history = play(env, script[:steps])
    episodes = [info["episode"] for _, _, info, _ in history if "episode" in info]
    assert [(episode["r"], episode["l"]) for episode in episodes] == [(score, steps)]
    assert "episode" in history[-1][2]
    last_life_or_none = 1 if lost else 0
    assert sum(info.get("life_lost", False) for _, _, info, _ in history) == max(0, lost - last_life_or_none)
    env.close()


def test_fire_begins_the_game_as_one_raw_frame_of_a_single_atari_env_does() -> None:
    env = make("pong", noop_max=1, fire_reset=True)
    env.reset()
    script = random_script(env, 2500, seed=3)
    score, steps, _ = scripted_score(env.options, script)
    episode = play(env, script[:steps])[-1][2]["episode"]
    assert (episode["r"], episode["l"]) == (score, steps)


def test_rewards_are_clipped_by_sign_and_returns_are_not() -> None:
    env = make("space_invaders", **PLAIN)
    env.reset()
    script = random_script(env, 2500)
    score, steps, _ = scripted_score(env.options, script)
    history = play(env, script[:steps])
    rewards = {reward for reward, _, _, _ in history}
    assert rewards == {0.0, 1.0}
    assert history[-1][2]["episode"]["r"] == score > sum(reward for reward, _, _, _ in history)


def test_without_clipping_rewards_come_as_the_game_gives_them() -> None:
    env = make("space_invaders", clip_reward=False, **PLAIN)
    env.reset()
    script = random_script(env, 2500)
    score, steps, _ = scripted_score(env.options, script)
    assert sum(reward for reward, _, _, _ in play(env, script[:steps])) == score


def test_a_lost_life_is_done_and_the_game_goes_on_from_the_same_observation() -> None:
    env = make(**PLAIN)
    env.reset()
    history = play(env, random_script(env, 400))
    lost = [(info, seen) for _, done, info, seen in history if done and "life_lost" in info]
    assert len(lost) >= 4
    for info, seen in lost:
        assert "episode" not in info
        assert info["TimeLimit.truncated"] is False
        assert np.array_equal(info["terminal_observation"], seen)
    assert [info["lives"] for info, _ in lost[:4]] == [4, 3, 2, 1]


def test_a_game_over_is_done_with_its_episode_and_a_fresh_start() -> None:
    env = make(**PLAIN)
    env.reset()
    history = play(env, random_script(env, 400))
    ended = [(info, seen) for _, done, info, seen in history if done and "life_lost" not in info]
    assert ended
    for info, seen in ended:
        assert info["lives"] == 0
        assert info["TimeLimit.truncated"] is False
        assert info["episode"]["l"] > 100
        assert not seen[:3].any(), "after a reset only the newest of the stacked frames is filled"
        assert seen[3].any()
        assert info["terminal_observation"][:3].any(), "the last observation of the old game is a full stack"


def test_episodes_count_all_lives_of_a_game_when_lives_end_training_episodes() -> None:
    script = random_script(make(), 700)
    returns = []
    for terminal in (True, False):
        env = make(terminal_on_life_loss=terminal, **PLAIN)
        env.reset()
        history = play(env, script)
        returns.append([info["episode"]["r"] for _, _, info, _ in history if "episode" in info])
        dones = sum(done for _, done, _, _ in history)
        assert (dones > len(returns[-1])) is terminal
    assert returns[0] == returns[1] != []


def test_truncation_is_reported_with_the_observation_before_the_reset() -> None:
    limit = 25
    env = make("pong", max_num_frames_per_episode=4 * limit, **PLAIN)
    endless = make("pong", **PLAIN)
    env.reset(), endless.reset()
    script = random_script(env, 2 * limit)
    cut, whole = play(env, script), play(endless, script)
    assert [step for step, (_, done, _, _) in enumerate(cut, start=1) if done] == [limit, 2 * limit]
    info, seen = cut[limit - 1][2], cut[limit - 1][3]
    assert info["TimeLimit.truncated"] is True
    assert info["episode"]["l"] == limit
    assert info["episode"]["r"] == sum(reward for reward, _, _, _ in cut[:limit])
    assert np.array_equal(info["terminal_observation"][:3], whole[limit - 1][3][:3])
    assert not seen[:3].any()


def test_a_lost_life_on_the_very_frame_of_the_limit_is_a_truncation() -> None:
    script = random_script(make(), 60)
    env = make(**PLAIN)
    env.reset()
    first_loss = next(step for step, (_, done, _, _) in enumerate(play(env, script), start=1) if done)
    cut = make(max_num_frames_per_episode=4 * first_loss, **PLAIN)
    cut.reset()
    info = play(cut, script[:first_loss])[-1][2]
    assert info["TimeLimit.truncated"] is True
    assert "life_lost" not in info
    assert info["episode"]["l"] == first_loss


def test_only_the_copy_that_ended_gets_a_terminal_observation() -> None:
    env = make(copies=4, terminal_on_life_loss=False, noop_max=30)
    env.reset()
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(400):
        _, _, dones, infos = env.step(rng.integers(4, size=4))
        for done, info in zip(dones, infos, strict=True):
            assert ("terminal_observation" in info) == ("episode" in info) == done
            ends += done
    assert ends >= 4


def test_after_a_lost_life_the_next_action_becomes_fire() -> None:
    """Without FIRE Breakout waits for ever; with it the ball is in play although the agent only ever waits."""
    waiting = [0] * 700
    env = make(noop_max=0, fire_reset=True)
    env.reset()
    assert any("episode" in info for _, _, info, _ in play(env, waiting))
    stuck = make(noop_max=0, fire_reset=False)
    stuck.reset()
    assert not any(done for _, done, _, _ in play(stuck, waiting))


@pytest.mark.parametrize(
    "actions",
    [np.array([0, 9]), np.array([-1, 0]), np.array([0.0, 1.0]), np.array([0]), np.array([[0], [1]])],
    ids=["too large", "negative", "not whole", "too few", "two axes"],
)
def test_actions_that_would_hang_the_emulators_are_refused_and_play_goes_on(actions: np.ndarray) -> None:
    env = make(copies=2)
    env.reset()
    with pytest.raises(ValueError, match="Actions must"):
        env.step(actions)
    env.step(np.array([0, 1]))


def test_observations_already_returned_are_never_overwritten() -> None:
    env = make(copies=2)
    first = env.reset()
    kept = first.copy()
    for _ in range(20):
        env.step(np.array([1, 2]))
    assert np.array_equal(first, kept)


def test_the_same_seed_gives_the_same_game_and_touches_no_global_generator() -> None:
    before = global_generator()

    def frames(seed: int) -> np.ndarray:
        env = make("ms_pacman", copies=3, seed=seed, repeat_action_probability=0.25)
        seen = [env.reset()]
        seen += [env.step(np.array([1, 2, 3]))[0] for _ in range(25)]
        env.close()
        return np.stack(seen)

    assert np.array_equal(frames(7), frames(7))
    assert not np.array_equal(frames(7), frames(8))
    assert global_generator() == before


def test_two_games_in_two_threads_play_as_each_does_alone() -> None:
    script = random_script(make(), 60)

    def total(game: str) -> list[float]:
        env = make(game, copies=2, seed=1)
        env.reset()
        return [reward for reward, _, _, _ in play(env, script)]

    alone = {game: total(game) for game in ("breakout", "boxing")}
    together: dict[str, list[float]] = {}
    threads = [threading.Thread(target=lambda g=game: together.update({g: total(g)})) for game in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_closing_and_resetting_in_the_middle_of_a_step_does_not_hang() -> None:
    env = make(copies=2)
    env.reset()
    env.step_async(np.array([0, 1]))
    assert env.reset().shape == (2, 4, 84, 84)
    env.step_async(np.array([0, 1]))
    env.close()
    env.close()


def test_what_needs_the_single_game_is_refused() -> None:
    with pytest.raises(ValueError, match="mode or difficulty"):
        AtariVecEnv(AtariOptions("pong", difficulty=1), 1)
