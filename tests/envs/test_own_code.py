"""Code of the user's own in an environment: imported only where enabled, tried apart, and it takes nothing down."""

from __future__ import annotations

import sys
import threading

import pytest

from trainer.config import RunConfig, advise, check
from trainer.config.environment import EnvironmentConfig, WrapperConfig
from trainer.envs import apart, catalogue
from trainer.envs.entry_points import has_own_code, imported, placed
from trainer.envs.layers import heights_of
from trainer.envs.registry import making
from trainer.errors import ConfigError

MARK = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
WALLED = """\
import sys
import time
import gymnasium as gym
from gymnasium.envs.classic_control import CartPoleEnv

class Walled(CartPoleEnv):
    def __init__(self, track=None, render_mode=None):
        super().__init__(render_mode=render_mode)
        if track == "for ever":
            time.sleep(1000)
        if track == "leaves":
            sys.exit("no track")
        if track is not None:
            open(track)

class Numbered(gym.wrappers.TimeAwareObservation):
    pass

gym.register("PalaestraWalled-v0", entry_point=Walled, max_episode_steps=50)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of environments beside the modules that Python finds, as the project's own is."""
    folder = tmp_path / "worlds"
    folder.mkdir()
    (folder / "curious.py").write_text(MARK, encoding="utf-8")
    (folder / "walled.py").write_text(WALLED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@pytest.fixture
def walled(shelf):
    digest = next(file.digest for file in shelf.listing() if file.name == "walled")
    assert shelf.enable("walled", digest).state == "enabled"


def section(environment_id="CartPole-v1", *entry_points, **kwargs):
    wrappers = [WrapperConfig(entry_point=each) for each in entry_points]
    return EnvironmentConfig(id=environment_id, kwargs=kwargs, wrappers=wrappers)


def fault_of(environment):
    with pytest.raises(ConfigError) as caught:
        catalogue.environment_spaces(environment)
    return caught.value.faults[0]


def test_no_entry_point_runs_a_file_that_nobody_has_enabled(shelf, folder) -> None:
    assert fault_of(section("CartPole-v1", "worlds.curious:Nothing")).field == "environment.wrappers.0"
    for module in ("worlds.curious", "worlds", "curious"):
        with pytest.raises(ConfigError, match=r"algorithm\.replay_buffer_class"):
            imported(f"{module}:Nothing", "algorithm.replay_buffer_class")
    assert not (folder / "curious.ran").exists()
    assert "worlds.curious" not in sys.modules


def test_the_projects_own_folder_is_guarded_before_anybody_has_opened_it() -> None:
    with pytest.raises(ConfigError, match="only enabled files"):
        imported("environments.example_corridor:Corridor", "environment.wrappers.0")


def test_a_wrapper_in_an_enabled_file_goes_by_the_files_name(walled) -> None:
    environment = section("CartPole-v1", "walled:Numbered")
    assert catalogue.environment_spaces(environment).observation_shape == (5,)
    assert [each["observation"]["shape"] for each in heights_of(environment)] == [[4], [5]]
    assert "only enabled files" in fault_of(section("CartPole-v1", "worlds.walled:Numbered")).message


@pytest.mark.parametrize(
    ("track", "said"), [("/no/such/track", "FileNotFoundError"), ("leaves", "SystemExit: no track")]
)
def test_whatever_a_constructor_raises_names_its_arguments(walled, track, said) -> None:
    fault = fault_of(section("PalaestraWalled-v0", track=track))
    assert fault.field == "environment.kwargs" and said in fault.message


def test_a_constructor_that_never_returns_holds_up_nobody(walled, monkeypatch) -> None:
    monkeypatch.setattr(apart, "TRY_SECONDS", 4.0)
    found = []
    asking = threading.Thread(target=lambda: found.append(fault_of(section("PalaestraWalled-v0", track="for ever"))))
    asking.start()
    for _ in range(3):
        asking.join(1)
        assert making.acquire(timeout=0.5), "environments could not be made meanwhile"
        making.release()
    asking.join(30)
    assert "not made within 4 s" in found[0].message
    assert fault_of(section("PalaestraWalled-v0", track="for ever")) == found[0], "it was tried once more"


def test_a_fork_sees_when_a_wrapper_of_ones_own_changes_what_is_observed(walled) -> None:
    plain, numbered = section(), section("CartPole-v1", "walled:Numbered")
    assert "observations would be" in catalogue.space_faults(plain, numbered)[0].message
    assert catalogue.space_faults(numbered, numbered) == []


@pytest.mark.parametrize("module", ["unittest.__main__", "__main__", "", ".relative", "worlds.curious.deeper"])
def test_what_cannot_be_imported_is_a_fault_of_its_field(shelf, module) -> None:
    with pytest.raises(ConfigError, match=r"environment\.wrappers\.0"):
        imported(f"{module}:Nothing", "environment.wrappers.0")


def test_a_run_on_code_of_ones_own_gets_a_process_and_says_why(walled) -> None:
    own = [section("PalaestraWalled-v0"), section("CartPole-v1", "walled:Numbered")]
    others = [section("CartPole-v1", "gymnasium.wrappers:TimeAwareObservation"), section()]
    assert [has_own_code(each) for each in (*own, *others)] == [True, True, False, False]
    config = RunConfig(environment=own[0], resources={"cpu_cores": 1})
    where = placed(config)
    assert where.executor == "process" and "of your own may draw" in (where.by_itself or "")
    assert check(config, catalogue.environment_spaces(own[0])) == [], "its limits need a process, which it has"
    (remark,) = advise(config, own_code=True)
    assert remark.field == "resources.executor" and where.by_itself in remark.message
    assert placed(RunConfig(environment=own[0], resources={"executor": "thread"})).executor == "thread"
