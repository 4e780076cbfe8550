"""Wrappers by name, and the choice of what draws without a display."""

from __future__ import annotations

import sys
import threading
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from trainer.config.environment import EnvironmentConfig
from trainer.envs import rendering
from trainer.envs.factory import make_render_env
from trainer.envs.wrappers import wrap
from trainer.errors import ConfigError, PalaestraError


def test_wrappers_go_on_from_the_inside_out() -> None:
    env = wrap(gym.make("CarRacing-v3"), [("grayscale_observation", {}), ("flatten_observation", {})])
    assert env.observation_space.shape == (96 * 96,)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("time_limt", "no wrapper called"),
        ("os:system", "not a subclass"),
        ("subprocess:Popen", "not a subclass"),
        ("builtins:exec", "not a subclass"),
        ("no.such.module:Thing", "cannot be imported"),
        ("gymnasium.wrappers:NoSuch", "cannot be imported"),
    ],
)
def test_what_is_no_gymnasium_wrapper_is_never_called(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        wrap(gym.make("CartPole-v1"), [(name, {})])


def test_arguments_that_a_wrapper_refuses_are_named_at_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        wrap(gym.make("CartPole-v1"), [("time_limit", {"max_episode_steps": 3}), ("time_limit", {"steps": 3})])
    assert caught.value.faults[0].field == "environment.wrappers.1.kwargs.steps"


def test_arguments_that_a_stranger_refuses_are_named_at_its_place() -> None:
    with pytest.raises(ConfigError, match="refuses its arguments or this place") as caught:
        wrap(gym.make("CartPole-v1"), [("gymnasium.wrappers:TimeLimit", {"steps": 3})])
    assert caught.value.faults[0].field == "environment.wrappers.0"


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return monkeypatch


def offer(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    monkeypatch.setattr(rendering.ctypes.util, "find_library", lambda name: name if name in libraries else None)


def test_without_a_display_egl_comes_first_and_osmesa_second(headless: pytest.MonkeyPatch) -> None:
    offer(headless, "EGL", "OSMesa")
    assert rendering.choose_mujoco_backend() == "egl"
    headless.delenv("MUJOCO_GL")
    offer(headless, "OSMesa")
    assert rendering.choose_mujoco_backend() == "osmesa"


def test_with_neither_it_says_what_to_install(headless: pytest.MonkeyPatch) -> None:
    offer(headless)
    with pytest.raises(PalaestraError, match="apt install"):
        rendering.choose_mujoco_backend()


def test_the_users_own_choice_and_a_display_are_left_alone(headless: pytest.MonkeyPatch) -> None:
    offer(headless)
    headless.setenv("MUJOCO_GL", "osmesa")
    assert rendering.choose_mujoco_backend() == "osmesa"
    headless.delenv("MUJOCO_GL")
    headless.setenv("DISPLAY", ":0")
    assert rendering.choose_mujoco_backend() == "glfw"


def test_several_threads_draw_different_environments_at_once() -> None:
    """Closing one of Gymnasium's pygame environments ends pygame for all; the others must not notice."""
    failures: list[tuple[str, Exception]] = []

    def draw(env_id: str) -> None:
        try:
            for _ in range(2):
                env = make_render_env(EnvironmentConfig(id=env_id), 0)
                env.reset()
                for _ in range(5):
                    env.step(np.array([env.action_space.sample()]))
                    assert _is_picture(env.get_images()[0])
                env.close()
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test, whatever it is
            failures.append((env_id, error))

    ids = ["CartPole-v1", "Acrobot-v1", "Pendulum-v1", "Taxi-v4", "FrozenLake-v1", "PongNoFrameskip-v4"]
    threads = [threading.Thread(target=draw, args=(env_id,)) for env_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def _is_picture(frame: Any) -> bool:
    return frame is not None and frame.ndim == 3 and float(frame.std()) > 0
