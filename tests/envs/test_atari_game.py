"""The single game must show the agent exactly what the vector environment shows."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.envs.atari import AtariVecEnv
from trainer.envs.atari_game import AtariGame
from trainer.envs.atari_options import AtariOptions


@pytest.mark.parametrize(
    ("game", "lives_end_episodes"), [("breakout", True), ("breakout", False), ("pong", True), ("ms_pacman", True)]
)
def test_single_game_and_vector_environment_agree_to_the_pixel(game: str, lives_end_episodes: bool) -> None:
    options = AtariOptions(
        game, noop_max=1, terminal_on_life_loss=lives_end_episodes, max_num_frames_per_episode=1200, clip_reward=True
    )
    vector, single = AtariVecEnv(options, 1, num_threads=1), AtariGame(options)
    vector.seed(0)
    expected = vector.reset()[0]
    seen, _ = single.reset(seed=0)
    assert np.array_equal(seen, expected)
    rng = np.random.default_rng(1)
    ends = 0
    for _ in range(320):
        action = int(rng.integers(vector.action_space.n))
        observations, rewards, dones, infos = vector.step(np.array([action]))
        seen, reward, terminated, truncated, info = single.step(action)
        assert reward == rewards[0]
        assert (terminated or truncated) == dones[0]
        if dones[0]:
            ends += 1
            assert np.array_equal(seen, infos[0]["terminal_observation"])
            assert (truncated and not terminated) == infos[0]["TimeLimit.truncated"]
            assert info.get("life_lost", False) == infos[0].get("life_lost", False)
            if "episode" in infos[0]:
                assert single.raw_return == infos[0]["episode"]["r"]
            seen, _ = single.reset()
        assert np.array_equal(seen, observations[0])
    assert ends >= 1


def test_it_draws_the_screen_in_colour_without_flicker() -> None:
    game = AtariGame(AtariOptions("ms_pacman"), "rgb_array")
    game.reset(seed=0)
    for _ in range(10):
        game.step(0)
    frame = game.render()
    assert frame is not None and frame.shape == (210, 160, 3) and frame.dtype == np.uint8
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 3
    assert game.metadata["render_fps"] == 15


def test_a_game_that_nobody_watches_draws_nothing() -> None:
    game = AtariGame(AtariOptions("pong"))
    game.reset(seed=0)
    assert game.render() is None


def test_it_takes_what_the_vector_environment_cannot() -> None:
    game = AtariGame(AtariOptions("pong", frameskip=(2, 5), difficulty=1, mode=1))
    game.reset(seed=0)
    assert game.step(0)[0].shape == (4, 84, 84)


def test_an_action_that_does_not_exist_is_refused() -> None:
    game = AtariGame(AtariOptions("pong"))
    game.reset(seed=0)
    with pytest.raises(ValueError, match="between 0 and 5"):
        game.step(6)
