"""Environments of the user's own: run only when enabled, checked apart, known wherever a run trains."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import gymnasium as gym
import pytest

from tests.serving_process import wait_until
from trainer.config import load_config
from trainer.config.environment import EnvironmentConfig
from trainer.engine import Engine
from trainer.envs import catalogue
from trainer.envs.custom import shelf as shelf_module
from trainer.envs.custom.shelf import CustomEnvironments
from trainer.envs.custom.source import ids_of
from trainer.envs.factory import make_render_env, make_training_env
from trainer.envs.single import NoPictureError
from trainer.errors import ConfigError, ConflictError, NotFoundError, UnsafePathError
from trainer.paths import PROJECT_ROOT

GOOD = """\
import gymnasium as gym
import numpy as np
from _measures import LENGTH

class Lane(gym.Env):
    metadata = {"render_modes": []}
    def __init__(self, render_mode=None):
        self.observation_space = gym.spaces.Box(0, 1, (1,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return np.zeros(1, np.float32), {}
    def step(self, action):
        self.at += 1
        return np.array([self.at / LENGTH], np.float32), float(action), self.at >= LENGTH, False, {}

gym.register("PalaestraLane-v0", entry_point="lane:Lane")
"""
OUTSIDE_ITS_SPACE = """\
import gymnasium as gym
import numpy as np

class Wrong(gym.Env):
    def __init__(self):
        self.observation_space = gym.spaces.Box(0, 1, (2,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.full(2, 7, np.float32), {}
    def step(self, action):
        return np.zeros(2, np.float32), 0.0, False, False, {}

gym.register("PalaestraWrong-v0", entry_point=Wrong)
"""
RAISES_IN_STEP = OUTSIDE_ITS_SPACE.replace("np.full(2, 7, np.float32)", "np.zeros(2, np.float32)").replace(
    "        return np.zeros(2, np.float32), 0.0",
    "        speed = 1 / 0\n        return np.zeros(2, np.float32), speed",
)
# As one's first environment is written.
WITHOUT_RENDER_MODE = GOOD.replace(", render_mode=None", "").replace("lane:Lane", "plain:Lane")
MARK = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "_measures.py").write_text("LENGTH = 8\n", encoding="utf-8")
    (folder / "lane.py").write_text(GOOD, encoding="utf-8")
    return folder


def described(shelf, name):
    return next(file for file in shelf.listing() if file.name == name)


def enable(shelf, name, **options):
    return shelf.enable(name, described(shelf, name).digest, **options)


def write(folder, name, text):
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


def test_a_file_is_found_without_being_run_and_helpers_are_not_listed(shelf, folder) -> None:
    write(folder, "curious", MARK)
    assert [(file.name, file.state) for file in shelf.listing()] == [("curious", "new"), ("lane", "new")]
    catalogue.entries()
    shelf.take_in_enabled()
    assert not (folder / "curious.ran").exists()
    assert "lane" not in sys.modules


def test_an_enabled_file_is_checked_and_its_ids_are_a_family_of_their_own(shelf) -> None:
    file = enable(shelf, "lane")
    assert (file.state, file.ids) == ("enabled", ("PalaestraLane-v0",))
    assert [each["message"] for each in file.problems if each["severity"] == "error"] == []
    assert catalogue.find("PalaestraLane-v0").family == "yours"
    assert catalogue.spaces_of("PalaestraLane-v0").observation_shape == (1,)
    shelf.disable("lane")
    assert described(shelf, "lane").state == "new"
    with pytest.raises(ConfigError):
        catalogue.find("PalaestraLane-v0")


def test_what_was_enabled_is_there_after_a_restart_but_not_once_a_byte_has_changed(shelf, folder, tmp_path) -> None:
    enable(shelf, "lane")
    shelf.close()
    again = CustomEnvironments(folder, tmp_path / "environments.json")
    again.take_in_enabled()
    assert described(again, "lane").state == "enabled" and "PalaestraLane-v0" in gym.registry
    again.close()
    write(folder, "_measures", "LENGTH = 9\n")
    again.take_in_enabled()
    assert described(again, "lane").state == "changed"
    assert "PalaestraLane-v0" not in gym.registry, "a file it imports has changed, and it was run all the same"


def test_a_changed_file_can_be_enabled_anew_and_is_then_the_new_one(shelf, folder) -> None:
    enable(shelf, "lane")
    write(
        folder, "lane", GOOD.replace("(1,)", "(3,)").replace("zeros(1,", "zeros(3,").replace("LENGTH]", "LENGTH] * 3")
    )
    enable(shelf, "lane")
    assert catalogue.spaces_of("PalaestraLane-v0").observation_shape == (3,)


def test_a_file_that_its_check_refused_and_that_was_mended_is_not_enabled_rather_than_changed(shelf, folder) -> None:
    write(folder, "lane", "import gymnasium\nraise ValueError('not yet')\n")
    assert enable(shelf, "lane").state == "broken"
    write(folder, "lane", GOOD)
    mended = described(shelf, "lane")
    assert (mended.state, mended.problems) == ("new", ())


def test_only_the_text_that_its_reader_saw_is_enabled(shelf, folder) -> None:
    seen = described(shelf, "lane").digest
    write(folder, "lane", MARK + GOOD)
    with pytest.raises(ConflictError, match="has changed since you looked"):
        shelf.enable("lane", seen)
    assert not (folder / "lane.ran").exists()


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("import gymnasium\n\ndef f(:\n", "SyntaxError", 3),
        ("import gymnasium\nraise RuntimeError('no such track')\n", "no such track", 2),
        ("x = 1\n", "registers no environment", None),
        ("import gymnasium\ngymnasium.register('CartPole-v1', entry_point=dict)\n", "exists already", None),
        (OUTSIDE_ITS_SPACE, "not within the observation space", 8),
        (RAISES_IN_STEP, "ZeroDivisionError", 12),
        ("import os\nos.abort()\n", "ended the process", None),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line_and_the_file_is_not_enabled(shelf, folder, text, said, line) -> None:
    write(folder, "wrong", text)
    file = enable(shelf, "wrong")
    errors = [problem for problem in file.problems if problem["severity"] == "error"]
    assert file.state == "broken"
    assert said in errors[0]["message"]
    assert (errors[0]["file"], errors[0]["line"]) == ("wrong.py", line)
    assert "PalaestraWrong-v0" not in gym.registry
    assert gym.registry["CartPole-v1"].entry_point != "dict"


def test_a_file_that_fails_the_check_can_be_enabled_all_the_same(shelf, folder) -> None:
    write(folder, "wrong", OUTSIDE_ITS_SPACE)
    assert enable(shelf, "wrong").state == "broken"
    assert enable(shelf, "wrong", despite=True).state == "enabled"


def test_a_file_that_hangs_is_given_up(shelf, folder, monkeypatch) -> None:
    monkeypatch.setattr(shelf_module, "CHECK_SECONDS", 2.0)
    write(folder, "endless", "while True:\n    pass\n")
    file = enable(shelf, "endless")
    assert file.state == "broken" and "no answer for 2 s" in file.problems[0]["message"]


def test_whoever_disables_a_file_while_it_is_checked_has_the_last_word(shelf, folder) -> None:
    write(folder, "slow", "import time\ntime.sleep(20)\n" + GOOD)
    with ThreadPoolExecutor(1) as pool:
        enabling = pool.submit(enable, shelf, "slow")
        wait_until(lambda: described(shelf, "slow").checking)
        assert shelf.disable("slow").state == "new"
        with pytest.raises(ConflictError, match="cancelled"):
            enabling.result(10)
    assert described(shelf, "slow").state == "new" and ids_of("slow") == ()


def test_a_file_named_like_a_module_of_python_does_not_stand_in_for_it(shelf, folder) -> None:
    write(folder, "json", GOOD)
    assert "already" in enable(shelf, "json").problems[0]["message"]


@pytest.mark.parametrize("name", ["../lane", "_measures", "nothing"])
def test_only_files_of_the_folder_can_be_enabled(shelf, name) -> None:
    with pytest.raises((NotFoundError, UnsafePathError)):
        shelf.enable(name, "0" * 64)


def test_the_example_that_comes_along_passes_its_check(tmp_path) -> None:
    shelf = CustomEnvironments(PROJECT_ROOT / "environments", tmp_path / "memory.json")
    file = enable(shelf, "example_corridor")
    shelf.close()
    assert (file.state, file.problems) == ("enabled", ())


def test_workers_of_the_subprocess_backend_know_it(shelf) -> None:
    enable(shelf, "lane")
    venv = make_training_env(EnvironmentConfig(id="PalaestraLane-v0", n_envs=2, backend="subprocess"), seed=1)
    try:
        assert venv.reset().shape == (2, 1)
    finally:
        venv.close()


def test_what_passes_the_check_can_be_made_and_where_it_cannot_draw_itself_that_is_said(shelf, folder) -> None:
    draws = 'metadata = {"render_modes": ["rgb_array"]}'
    write(folder, "plain", WITHOUT_RENDER_MODE.replace('metadata = {"render_modes": []}', draws))
    file = enable(shelf, "plain")
    assert (file.state, [each["severity"] for each in file.problems]) == ("enabled", ["warning"])
    assert "no picture of itself: its __init__ takes no render_mode" in file.problems[0]["message"]
    environment = EnvironmentConfig(id="PalaestraLane-v0")
    assert catalogue.spaces_of(environment.id).observation_shape == (1,)
    make_training_env(environment, seed=1).close()
    with pytest.raises(NoPictureError, match="takes no render_mode"):
        make_render_env(environment, seed=1)


def test_one_that_draws_on_the_screen_of_itself_is_told_not_to(shelf, folder) -> None:
    screen = "def __init__(self, render_mode='human'):\n        assert render_mode is None"
    write(folder, "shown", GOOD.replace("def __init__(self, render_mode=None):", screen).replace("lane:", "shown:"))
    assert enable(shelf, "shown").state == "enabled"


def test_a_run_in_a_process_of_its_own_trains_on_it_though_it_cannot_be_filmed(folder, tmp_path) -> None:
    write(folder, "plain", WITHOUT_RENDER_MODE)
    engine = Engine(tmp_path / "outputs", environments=folder)
    try:
        digest = next(file.digest for file in engine.environments.listing() if file.name == "plain")
        assert engine.environments.enable("plain", digest).state == "enabled"
        data = {
            "environment": {"id": "PalaestraLane-v0"},
            "algorithm": {"name": "ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 1},
            "training": {"total_timesteps": 64},
            "evaluation": {"enabled": False},
            "video": {"enabled": True, "every_steps": 32},
            "resources": {"executor": "process"},
        }
        run = engine.manager.submit(load_config(data))
        assert engine.manager.wait(run.id, 90)
        record = engine.manager.get(run.id)
        assert (record.status, record.error) == ("completed", None)
        log = (engine.layout.runs / run.id / "log.txt").read_text(encoding="utf-8")
        assert "No videos of this run: PalaestraLane-v0 has no picture of itself" in log
    finally:
        engine.close()
