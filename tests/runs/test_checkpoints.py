"""Checkpoints on disk: whole or absent, pruned by their rank, loadable by plain Stable-Baselines3."""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from trainer.events import CheckpointRemoved, CheckpointSaved
from trainer.runs.checkpoints import AbandonedError, CheckpointFolder


@pytest.fixture
def model():
    return PPO("MlpPolicy", DummyVecEnv([lambda: gymnasium.make("CartPole-v1")]), device="cpu")


@pytest.fixture
def folder(tmp_path):
    events = []
    folder = CheckpointFolder(tmp_path, 2, "run", events.append)
    folder.events = events
    return folder


def _save(folder, model, step, kind, mean_return=None):
    model.num_timesteps = step
    return folder.save(model, kind, mean_return)


def _steps(folder):
    return {checkpoint.step: checkpoint.kind for checkpoint in folder.all()}


def test_the_newest_are_kept_and_milestones_final_and_the_best_so_far_always(folder, model):
    _save(folder, model, 1, "milestone")
    _save(folder, model, 2, "best", 10.0)
    for step in (3, 4, 5):
        _save(folder, model, step, "periodic")
    _save(folder, model, 6, "best", 20.0)
    assert _steps(folder) == {1: "milestone", 4: "periodic", 5: "periodic", 6: "best"}
    removed = [event.path for event in folder.events if isinstance(event, CheckpointRemoved)]
    assert removed == ["checkpoints/step_3", "checkpoints/step_2"]
    assert sum(isinstance(event, CheckpointSaved) for event in folder.events) == 6
    assert folder.latest().step == 6


def test_saving_again_at_the_same_step_keeps_the_stronger_kind(folder, model):
    _save(folder, model, 7, "best", 5.0)
    saved = _save(folder, model, 7, "periodic")
    assert saved.kind == "best"
    assert _save(folder, model, 7, "final").kind == "final"
    (checkpoint,) = folder.all()
    assert (checkpoint.kind, checkpoint.mean_return) == ("final", 5.0)


def test_a_save_that_fails_leaves_what_was_there(folder, model, monkeypatch, tmp_path):
    _save(folder, model, 1, "periodic")

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        _save(folder, model, 2, "periodic")
    assert _steps(folder) == {1: "periodic"}
    assert (tmp_path / "checkpoints" / "latest").read_text() == "step_1\n"
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["latest", "step_1"]


def test_a_torn_checkpoint_is_passed_over(folder, model, tmp_path):
    _save(folder, model, 1, "periodic")
    torn = tmp_path / "checkpoints" / "step_9"
    torn.mkdir()
    (torn / "checkpoint.json").write_text('{"step": 9, "ki')
    assert folder.latest().step == 1


def test_a_saved_model_loads_in_plain_stable_baselines3_and_acts_the_same(folder, model, tmp_path):
    _save(folder, model, 1, "final")
    observation = np.array([0.1, -0.2, 0.03, 0.4], dtype=np.float32)
    expected, _ = model.predict(observation, deterministic=True)
    path = tmp_path / "checkpoints" / "step_1" / "model.zip"
    code = f"""
import sys, numpy as np
from stable_baselines3 import PPO
observation = np.array({observation.tolist()}, dtype=np.float32)
action, _ = PPO.load({str(path)!r}, device="cpu").predict(observation, deterministic=True)
assert not any(name.split(".")[0] == "trainer" for name in sys.modules)
print(int(action))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert int(done.stdout) == int(expected)


def test_running_statistics_are_saved_as_plain_arrays(folder, tmp_path):
    env = VecNormalize(DummyVecEnv([lambda: gymnasium.make("CartPole-v1")]))
    env.reset()
    env.step(np.array([1]))
    _save(folder, PPO("MlpPolicy", env, device="cpu"), 1, "final")
    saved = np.load(tmp_path / "checkpoints" / "step_1" / "normalization.npz", allow_pickle=False)
    assert np.array_equal(saved["observation_mean"], env.obs_rms.mean)
    assert float(saved["return_count"]) == env.ret_rms.count
    about = json.loads((tmp_path / "checkpoints" / "step_1" / "checkpoint.json").read_text())
    assert (about["algorithm"], about["step"], about["kind"]) == ("ppo", 1, "final")


def _save_within(folder, model, step, kind, within, **options):
    model.num_timesteps = step
    return folder.save(model, kind, within=within, **options)


def test_another_place_in_the_same_step_takes_the_place_of_the_checkpoint(folder, model, tmp_path):
    _save_within(folder, model, 4, "pause", "gradient step 3")
    _save_within(folder, model, 4, "periodic", None)
    (checkpoint,) = folder.all()
    assert (checkpoint.kind, checkpoint.within) == ("periodic", None)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["latest", "step_4"]


def test_a_crash_between_taking_the_old_one_away_and_putting_the_new_one_there_leaves_the_old_one(
    folder, model, tmp_path
):
    _save(folder, model, 4, "pause")
    place = tmp_path / "checkpoints" / "step_4"
    place.rename(place.with_name(".step_4.replaced"))
    place.with_name(".step_4.1.tmp").mkdir()
    again = CheckpointFolder(tmp_path, 2, "run", lambda _event: None)
    assert _steps(again) == {4: "pause"}
    assert sorted(path.name for path in place.parent.iterdir()) == ["latest", "step_4"]


def test_a_checkpoint_that_nobody_waits_for_any_more_is_given_up(folder, model, tmp_path):
    _save(folder, model, 1, "periodic")
    with pytest.raises(AbandonedError):
        _save_within(folder, model, 2, "pause", None, wanted=lambda: False)
    assert _steps(folder) == {1: "periodic"}
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["latest", "step_1"]
