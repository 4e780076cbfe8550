"""What is exported acts as our policy does, on what the environment really shows; and the check would notice if not."""

import json
import os
import shutil
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

from tests.tools.direct import ALGORITHMS, train_directly
from trainer.config import load_config
from trainer.errors import ConflictError, NotFoundError
from trainer.tools import formats
from trainer.tools.exporting import compare, export
from trainer.tools.portable import PortablePolicy
from trainer.tools.progress import Progress
from trainer.tools.results import exports_in, file_in
from trainer.tools.sampling import collect
from trainer.tools.subject import Subject

KINDS = ["torchscript", "onnx"]


def call(folder, about, given):
    """Load an exported policy as a stranger would and give it rows by name."""
    if about["format"] == "onnx":
        onnxruntime = pytest.importorskip("onnxruntime")
        return onnxruntime.InferenceSession(str(folder / about["file"])).run(None, given)[0]
    script = torch.jit.load(str(folder / about["file"]))
    return script(*(torch.as_tensor(given[port["name"]]) for port in about["inputs"])).numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("run", ["cartpole_run", "pendulum_run"])
def test_an_exported_policy_acts_as_ours_does(trained_engine, request, tmp_path, run, kind):
    if kind == "onnx":
        pytest.importorskip("onnxruntime")
    directory = trained_engine.layout.run(request.getfixturevalue(run))
    place = tmp_path / "exported"
    about = export(Subject.read(directory), kind, Progress(), place)
    assert about["check"]["equal"]
    assert about["check"]["observations"] == 256
    assert json.loads((place / "export.json").read_text())["check"] == about["check"]
    assert about["normalization_included"] == (run == "pendulum_run")
    # As somebody else would use it: a plain environment, one observation at a time.
    subject = Subject.read(directory)
    env = gym.make(subject.config.environment.id)
    observation, _ = env.reset(seed=3)
    for _ in range(20):
        action = call(place, about, {"observation": observation[None]})[0]
        assert env.action_space.contains(action)
        observation, *_ = env.step(action)


def test_the_check_notices_another_policy(trained_engine, pendulum_run):
    subject = Subject.read(trained_engine.layout.run(pendulum_run))
    with subject.examined_in(0, 1) as env:
        model = subject.model(env)
        sample = collect(model, env, 40, Progress())
        policy = PortablePolicy(subject, model, sample.observations)

    def act(given):
        return [policy(torch.as_tensor(given["observation"])).detach().numpy()]

    assert compare(policy, act, sample).equal
    policy.normalizers["of_0"].mean += 0.01
    found = compare(policy, act, sample)
    assert not found.equal
    assert found.largest > found.tolerance
    assert not compare(policy, lambda given: [np.full_like(act(given)[0], np.nan)], sample).equal


SPACES = {
    "images and vectors by name": (
        {"id": "MultiInputTest-v0"},
        {"name": "ppo", "n_steps": 16, "batch_size": 16, "n_epochs": 1},
        ["image", "speed"],
    ),
    "counted observations": ({"id": "FrozenLake-v1"}, {"name": "a2c"}, ["observation"]),
    "state-dependent exploration": (
        {"id": "Pendulum-v1", "normalize_observation": True, "n_envs": 2},
        {"name": "ppo", "n_steps": 32, "batch_size": 32, "use_sde": True},
        ["observation"],
    ),
    "stacked frames": (
        {"id": "Pendulum-v1", "frame_stack": 3},
        {"name": "td3", "learning_starts": 20},
        ["observation"],
    ),
    "a whole game": ({"id": "ALE/Pong-v5", "n_envs": 2}, {"name": "dqn", "learning_starts": 20}, ["observation"]),
}


class MultiInput(gym.Env):
    """Shows a small picture and a vector; wants several choices at once."""

    observation_space = gym.spaces.Dict(
        image=gym.spaces.Box(0, 255, (36, 36, 3), np.uint8), speed=gym.spaces.Box(-1, 1, (2,), np.float64)
    )
    action_space = gym.spaces.MultiDiscrete([3, 2])

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def _seen(self):
        return {name: space.sample() for name, space in self.observation_space.items()}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps = 0
        return self._seen(), {}

    def step(self, action):
        self.steps += 1
        return self._seen(), float(action[0]), False, self.steps >= 10, {}


@pytest.mark.parametrize("name", SPACES)
def test_every_kind_of_observation_is_exported(trained_engine, tmp_path, name):
    if "MultiInputTest-v0" not in gym.registry:
        gym.register("MultiInputTest-v0", MultiInput)
    environment, algorithm, inputs = SPACES[name]
    config = {
        "environment": environment,
        "algorithm": algorithm,
        "training": {"total_timesteps": 64},
        "evaluation": {"enabled": False},
        "video": {"enabled": False},
        "tracking": {"tensorboard": False},
    }
    manager = trained_engine.manager
    record = manager.submit(load_config(config))
    assert manager.wait(record.id, 120)
    assert manager.get(record.id).status == "completed", manager.get(record.id).error
    subject = Subject.read(trained_engine.layout.run(record.id))
    for kind in KINDS if formats.missing_for("onnx") is None else ["torchscript"]:
        about = export(subject, kind, Progress(), tmp_path / kind)
        assert about["check"]["equal"], (kind, about["check"])
        assert [port["name"] for port in about["inputs"]] == inputs


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_policies_of_the_other_algorithms_are_exported_too(trained_engine, tmp_path, name):
    subject = Subject.read(train_directly(trained_engine, name))
    for kind in KINDS if formats.missing_for("onnx") is None else ["torchscript"]:
        about = export(subject, kind, Progress(), tmp_path / kind)
        assert about["check"]["equal"], (kind, about["check"])
    inputs = {port["name"] for port in about["inputs"]}
    more = {"recurrent_ppo": {"hidden", "cell", "episode_start"}, "maskable_ppo": {"action_mask"}}.get(name, set())
    assert more <= inputs


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(trained_engine, cartpole_run, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnxruntime" else object())
    with pytest.raises(ConflictError) as caught:
        export(Subject.read(trained_engine.layout.run(cartpole_run)), "onnx", Progress())
    assert f"onnxruntime, which is not installed. Install with: {sys.executable} -m pip" in caught.value.message
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    both = formats.missing_for("onnx")
    assert both.message == "Exporting to ONNX needs onnx and onnxruntime, which are not installed."
    assert both.command == f"{sys.executable} -m pip install onnx onnxruntime"
    assert formats.missing_for("torchscript") is None


def test_an_export_replaces_the_one_before_and_is_listed_with_its_files(trained_engine, cartpole_run):
    directory = trained_engine.layout.run(cartpole_run)
    for _ in range(2):
        export(Subject.read(directory, "newest"), "torchscript", Progress())
    (listed,) = [each for each in exports_in(directory) if each["format"] == "torchscript"]
    assert listed["folder"] == "step_1024_torchscript"
    assert [file["name"] for file in listed["files"]] == ["README.md", "export.json", "policy.pt"]
    assert file_in(directory, "step_1024_torchscript", "policy.pt").stat().st_size == listed["files"][2]["size_bytes"]


def test_what_a_killed_export_has_left_is_not_listed_and_goes_with_the_next(trained_engine, cartpole_run):
    directory = trained_engine.layout.run(cartpole_run)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    makers = {"dead": dead.pid, "living": os.getppid(), "own": os.getpid()}
    folders = {who: directory / "exports" / f".step_9_onnx.{number}.tmp" for who, number in makers.items()}
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "export.json").write_text('{"format": "onnx", "time": 0}')
    assert "onnx" not in {each["format"] for each in exports_in(directory)}
    for folder in folders.values():
        with pytest.raises(NotFoundError):
            file_in(directory, folder.name, "export.json")
    given_way = directory / "exports" / ".step_8_card.replaced"
    given_way.mkdir()
    export(Subject.read(directory), "torchscript", Progress())
    assert [who for who, folder in folders.items() if folder.exists()] == ["living"]
    assert not given_way.exists()
    assert given_way.with_name("step_8_card").exists(), "what was to give way is there again"
    shutil.rmtree(folders["living"])
    given_way.with_name("step_8_card").rmdir()
