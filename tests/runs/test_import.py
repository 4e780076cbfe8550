"""Model files from elsewhere: their weights are taken in, and nothing that is in them is run."""

import json
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import stable_baselines3
import torch

from trainer.algorithms.imports import ImportModelError, UntrustedFileError
from trainer.paths import program
from trainer.runs.checkpoints.folder import checkpoints_in

ROOT = Path(__file__).resolve().parents[2]
TAKES_PART = {
    "ppo": ("CartPole-v1", {"n_steps": 64, "batch_size": 64}, {"n_steps": 64}),
    "a2c": ("Pendulum-v1", {}, {}),
    "dqn": ("CartPole-v1", {"buffer_size": 500, "learning_starts": 50}, {"buffer_size": 500, "learning_starts": 50}),
    "sac": ("Pendulum-v1", {"buffer_size": 500, "learning_starts": 50}, {"buffer_size": 500, "learning_starts": 50}),
    "td3": ("Pendulum-v1", {"buffer_size": 500, "learning_starts": 50}, {"buffer_size": 500, "learning_starts": 50}),
}


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.fixture
def foreign(tmp_path):
    """A file of plain Stable-Baselines3, and what its model does."""

    def make(name="ppo", steps=192, **more):
        environment, arguments, _ = TAKES_PART[name]
        model = getattr(stable_baselines3, name.upper())("MlpPolicy", environment, device="cpu", **arguments, **more)
        model.learn(steps)
        model.save(tmp_path / "theirs.zip")
        return tmp_path / "theirs.zip", model

    return make


@pytest.fixture
def config(cartpole):
    def make(name="ppo", steps=640, **sections):
        environment, _, ours = TAKES_PART[name]
        return cartpole(
            steps,
            environment={"id": environment, "n_envs": 1},
            algorithm={"name": name, **ours},
            evaluation={"enabled": False},
            checkpoints={"every_steps": 300, "every_seconds": None},
            **sections,
        )

    return make


def _with_entry(path, name, data):
    """Put other bytes in the place of one entry of a zip."""
    with zipfile.ZipFile(path) as archive:
        kept = {each: archive.read(each) for each in archive.namelist() if each != name}
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in {**kept, name: data}.items():
            archive.writestr(each, content)


@pytest.mark.parametrize("name", TAKES_PART)
def test_a_model_of_plain_stable_baselines3_is_trained_on(engine, foreign, config, name):
    path, theirs = foreign(name, policy_kwargs={"net_arch": [32, 32]})
    record = engine.manager.import_model(path, config(name, policy={"net_arch": [32, 32]}))
    assert (record.status, record.step) == ("stopped", theirs.num_timesteps)
    (checkpoint,) = checkpoints_in(engine.layout.run(record.id))
    kind = getattr(stable_baselines3, name.upper())
    ours = kind.load(checkpoint.path / "model.zip", device="cpu")
    observation = theirs.observation_space.sample()
    for _ in range(20):
        action, expected = (model.predict(observation, deterministic=True)[0] for model in (ours, theirs))
        assert np.array_equal(action, expected)
        observation = theirs.observation_space.sample()
    if name == "sac":
        assert torch.equal(ours.log_ent_coef, theirs.log_ent_coef)
    engine.manager.resume(record.id)
    assert engine.manager.wait(record.id, 120)
    ended = engine.manager.get(record.id)
    assert ended.status == "completed", ended.error
    assert ended.step >= 640
    assert engine.store.episodes(record.id)[0].step > record.step


def test_nothing_in_the_file_is_run(engine, foreign, config, tmp_path):
    path, _ = foreign()
    trap = tmp_path / "sprung"
    import base64

    with zipfile.ZipFile(path) as archive:
        data = json.loads(archive.read("data"))
    for value in data.values():
        if isinstance(value, dict) and ":serialized:" in value:
            value[":serialized:"] = base64.b64encode(pickle.dumps(_Trap(trap))).decode()
    _with_entry(path, "data", json.dumps(data))
    record = engine.manager.import_model(path, config())
    assert record.step == 192
    assert not trap.exists()


@pytest.mark.parametrize("where", ["policy.pth", "a bare pickle"])
def test_weights_with_a_trap_are_refused_and_leave_nothing(engine, foreign, config, tmp_path, where):
    path, _ = foreign()
    trap = tmp_path / "sprung"
    if where == "policy.pth":
        torch.save({"weights": _Trap(trap)}, tmp_path / "trap.pth")
        _with_entry(path, "policy.pth", (tmp_path / "trap.pth").read_bytes())
    else:
        path.write_bytes(pickle.dumps(_Trap(trap)))
    with pytest.raises(UntrustedFileError, match="--trust"):
        engine.manager.import_model(path, config())
    assert not trap.exists()
    assert list(engine.layout.runs.iterdir()) == []
    assert engine.manager.list().items == []


def test_an_explicit_word_of_trust_reads_what_would_be_refused(engine, foreign, config, tmp_path):
    path, theirs = foreign()
    weights = theirs.policy.state_dict()
    weights["made_by"] = Path("somebody")  # more than numbers
    torch.save(weights, tmp_path / "policy.pth")
    _with_entry(path, "policy.pth", (tmp_path / "policy.pth").read_bytes())
    with pytest.raises(UntrustedFileError):
        engine.manager.import_model(path, config())
    with pytest.raises(ImportModelError, match="its made_by is unknown here"):
        engine.manager.import_model(path, config(), trust=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"policy": {"net_arch": [32, 32]}}, r"policy_net\.0\.weight is 64x4 in it and 32x4 here.*policy\.net_arch"),
        ({"algorithm": {"name": "dqn"}}, r"it has no q_net\.q_net\.0\.weight"),
    ],
    ids=["network", "algorithm"],
)
def test_what_does_not_fit_is_said_in_words(engine, foreign, cartpole, change, words):
    path, _ = foreign()
    with pytest.raises(ImportModelError, match=words):
        engine.manager.import_model(path, cartpole(**change))
    assert list(engine.layout.runs.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip", b"not a model at all"])
def test_what_is_no_model_is_refused(engine, config, tmp_path, content):
    path = tmp_path / "thing.zip"
    path.write_bytes(content)
    with pytest.raises(ImportModelError, match=re.escape("thing.zip")):
        engine.manager.import_model(path, config())
    with pytest.raises(ImportModelError, match="cannot be read"):
        engine.manager.import_model(tmp_path / "absent.zip", config())


@pytest.mark.parametrize("content", [b"root:x:0:0:root:/root\n" * 20, bytes(range(7, 256)) * 20, b"\x80\x02." * 300])
@pytest.mark.parametrize("trust", [False, True])
def test_rubbish_is_no_matter_of_trust(engine, config, tmp_path, content, trust):
    path = tmp_path / "rubbish.zip"
    path.write_bytes(content)
    with pytest.raises(ImportModelError) as refused:
        engine.manager.import_model(path, config(), trust=trust)
    assert not isinstance(refused.value, UntrustedFileError)
    assert engine.manager.list().items == []


def test_numbers_that_are_not_finite_are_refused(engine, foreign, config):
    path, theirs = foreign()
    with torch.no_grad():
        theirs.policy.value_net.bias[0] = float("nan")
    theirs.save(path)
    with pytest.raises(ImportModelError, match=r"value_net\.bias is not finite"):
        engine.manager.import_model(path, config())


def test_a_file_that_would_fill_the_memory_is_left_packed(engine, foreign, config):
    path, _ = foreign()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pytorch_variables.pth", bytes(64 << 20))
    with pytest.raises(ImportModelError, match="many times as large"):
        engine.manager.import_model(path, config())


def test_the_command_line_takes_a_model_in(foreign, tmp_path):
    path, theirs = foreign()
    command = ["import", str(path), "--preset", "ppo_cartpole", "--outputs", str(tmp_path / "outputs"), "--json"]

    def run(*words):
        line = [sys.executable, "app.py", *command, *words]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    done = run()
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["status"], result["step"]) == ("stopped", theirs.num_timesteps)
    assert f"{program()} resume {result['id']}" in done.stderr
    refused = run("--set", "policy.net_arch=[32]")
    assert refused.returncode == 2
    assert "does not fit this configuration" in refused.stderr
    assert "Traceback" not in refused.stderr
