"""Forking: a run of its own from another one's checkpoint, with other settings."""

import json
import platform
import shutil

import pytest

from tests.run_endings import ended
from trainer import whole_files as checkpoint_files
from trainer.engine import Engine
from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.events import StateChanged
from trainer.runs.checkpoints import checkpoints_in

SAVES = {"every_steps": 512, "every_seconds": None, "keep": 20}
SAC = {
    "environment": {"id": "Pendulum-v1", "n_envs": 2},
    "algorithm": {"name": "sac", "learning_starts": 100, "buffer_size": 700, "batch_size": 32},
    "policy": {"net_arch": [32, 32]},
    "checkpoints": {**SAVES, "every_steps": 300},
    "evaluation": {"frequency": 400, "episodes": 2, "final_episodes": 2},
}


def _trained(engine, config):
    return ended(engine, engine.manager.submit(config).id)


def _forked(engine, parent, **given):
    return ended(engine, engine.manager.fork(parent.id, **given).id)


def _points(engine, run_id, after=0):
    """Every number of a run beyond a step that does not measure the machine."""
    found = {}
    for name, one in engine.store.metrics(run_id, max_points=20_000).series.items():
        points = list(zip(one.numbers or one.steps, one.steps, one.values, strict=True))
        if not name.startswith("time/") and any(point[1] > after for point in points):
            found[name] = [point for point in points if point[1] > after]
    return found


def _steps(engine, run_id):
    return [checkpoint.step for checkpoint in checkpoints_in(engine.layout.run(run_id))]


def _middle(engine, run_id):
    steps = _steps(engine, run_id)
    return steps[len(steps) // 2 - 1]


def _log(engine, run_id):
    return (engine.layout.run(run_id) / "log.txt").read_text()


def _faults(error):
    return {fault.field: f"{fault.message} {fault.hint}" for fault in error.value.faults}


@pytest.mark.parametrize("sections", [{"checkpoints": SAVES}, SAC], ids=["ppo", "sac"])
def test_a_fork_with_nothing_changed_trains_as_its_parent_did_to_the_last_bit(engine, cartpole, sections):
    parent = _trained(engine, cartpole(4_000 if "algorithm" not in sections else 1_500, **sections))
    step = _middle(engine, parent.id)
    fork = _forked(engine, parent, step=step)
    assert (fork.parent_id, fork.parent_step, fork.difference) == (parent.id, step, {})
    assert fork.config_hash == parent.config_hash
    assert 0 < step < parent.step == fork.step
    expected = _points(engine, parent.id, after=step)
    assert "episode/return" in expected
    assert _points(engine, fork.id) == expected
    assert fork.episodes == parent.episodes


def test_a_fork_has_the_parents_checkpoint_under_its_own_roof(engine, cartpole):
    parent = _trained(engine, cartpole(1_500, **SAC))
    step = _middle(engine, parent.id)
    held = engine.manager.fork(parent.id, step=step, name="Another", start=False)
    assert (held.status, held.step, held.name) == ("queued", step, "Another")
    own, theirs = (engine.layout.run(each.id) / "checkpoints" / f"step_{step}" for each in (held, parent))
    assert (own / "model.zip").samefile(theirs / "model.zip")
    assert (own / "replay" / "rewards.0").samefile(theirs / "replay" / "rewards.0")
    (listed,) = engine.store.checkpoints(held.id)
    assert (listed.step, listed.kind, listed.path) == (step, "fork", f"checkpoints/step_{step}")
    engine.manager.delete(parent.id)
    engine.manager.start(held.id)
    fork = ended(engine, held.id)
    assert fork.parent_id == parent.id
    assert f"Goes on from step {step:,} of {parent.id}." in _log(engine, held.id)
    command = (engine.layout.run(held.id) / "command.txt").read_text()
    assert f"fork {parent.id} --step {step}" in command


def test_new_settings_hold_from_the_fork_on(engine, cartpole):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    changes = {
        "algorithm.learning_rate": 0.01,
        "algorithm.n_steps": 32,
        "algorithm.stats_window_size": 3,
        "training.total_timesteps": 2_048,
        "evaluation.frequency": 100,
    }
    fork = _forked(engine, parent, step=512, overrides=changes)
    assert fork.difference == {
        "algorithm.learning_rate": [0.0003, 0.01],
        "algorithm.n_steps": [64, 32],
        "algorithm.stats_window_size": [100, 3],
        "training.total_timesteps": [1_024, 2_048],
        "evaluation.frequency": [1_000, 100],
    }
    assert (fork.step, fork.total_steps, fork.name) == (2_048, 2_048, f"{parent.name} · from 512")
    points = _points(engine, fork.id)
    # What is logged first is of the last update that the parent made.
    assert {value for _, _, value in points["train/learning_rate"][1:]} == {0.01}
    assert [step for _, step, _ in points["eval/mean_return"]][:3] == [640, 768, 896]
    assert points["train/learning_rate"][0][1] == 640
    numbers = [number for number, _, _ in points["episode/return"]]
    assert numbers[0] > 1
    assert numbers == list(range(numbers[0], fork.episodes + 1))
    assert fork.config_hash != parent.config_hash
    assert "algorithm.learning_rate 0.01 instead of 0.0003" in _log(engine, fork.id)


def test_another_seed_goes_on_from_fresh_episodes(engine, cartpole):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    fork = _forked(engine, parent, step=512, overrides={"training.seed": 7})
    assert "fresh episodes: the setting training.seed changed" in _log(engine, fork.id)
    assert _points(engine, fork.id)["episode/return"] != _points(engine, parent.id, after=512)["episode/return"]


def test_rewards_may_be_shaped_and_normalised_anew(engine, cartpole):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    scaled = [{"entry_point": "gymnasium.wrappers:NormalizeReward"}]
    changes = {"environment.normalize_reward": True, "environment.wrappers": scaled}
    fork = _forked(engine, parent, step=512, overrides=changes)
    assert "fresh episodes: the settings environment." in _log(engine, fork.id)
    assert fork.step == 1_024


def test_a_replay_buffer_of_another_size_starts_empty(engine, cartpole):
    parent = _trained(engine, cartpole(1_500, **SAC))
    fork = _forked(engine, parent, step=600, overrides={"algorithm.buffer_size": 900})
    assert "The replay buffer starts empty: the replay buffer was of another size" in _log(engine, fork.id)


@pytest.mark.parametrize(("value", "expected"), [(0.25, 0.25), ("auto_0.5", 0.5)])
def test_an_entropy_coefficient_that_is_changed_wins_over_the_checkpoints(engine, cartpole, value, expected):
    parent = _trained(engine, cartpole(900, **SAC))
    fork = _forked(engine, parent, step=600, overrides={"algorithm.ent_coef": value})
    first = _points(engine, fork.id)["train/ent_coef"][0][2]
    assert first == pytest.approx(expected, abs=0.06)


def test_what_a_checkpoint_cannot_take_is_refused_field_by_field(engine, cartpole):
    parent = _trained(engine, cartpole(512, checkpoints=SAVES))
    before = {path.name for path in engine.layout.runs.iterdir()}
    changes = {
        "environment.id": "Acrobot-v1",
        "environment.n_envs": 2,
        "environment.normalize_observation": True,
        "policy.net_arch": [8],
        "policy.class": "MlpPolicy",
        "algorithm.learning_rate": 0.01,
    }
    with pytest.raises(ConfigError) as error:
        engine.manager.fork(parent.id, overrides=changes)
    faults = _faults(error)
    assert set(faults) == {*changes, "training.total_timesteps"} - {"algorithm.learning_rate"}
    assert "made for it" in faults["policy.net_arch"]
    assert "Choose more than 512; 1,024 trains" in faults["training.total_timesteps"]
    with pytest.raises(ConfigError) as error:
        engine.manager.fork(parent.id, overrides={"algorithm.name": "a2c"})
    assert list(_faults(error)) == ["algorithm.name", "training.total_timesteps"]
    shape = [{"entry_point": "gymnasium.wrappers:TimeAwareObservation"}]
    with pytest.raises(ConfigError) as error:
        engine.manager.fork(parent.id, overrides={"environment.wrappers": shape, "training.total_timesteps": 999})
    assert "observations would be" in _faults(error)["environment.wrappers"]
    with pytest.raises(ConfigError) as error:
        engine.manager.fork(parent.id, overrides={"algorithm.gama": 0.9})
    assert "gamma" in _faults(error)["algorithm.gama"]
    assert {path.name for path in engine.layout.runs.iterdir()} == before
    assert len(engine.manager.list().items) == 1


def test_a_checkpoint_that_is_not_there_or_not_whole_is_refused_in_words(engine, cartpole):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    more = {"training.total_timesteps": 4_096}
    with pytest.raises(ConfigError) as error:
        engine.manager.fork(parent.id, step=3, overrides=more)
    assert "512, 1,024" in _faults(error)["step"]
    newest = engine.layout.run(parent.id) / "checkpoints" / "step_1024"
    (newest / "state.npz").unlink()
    (newest / "state.npz").write_bytes(b"torn")
    with pytest.raises(ConflictError, match=r"1,024 cannot be gone on from: state.npz is not as it was written"):
        engine.manager.fork(parent.id, step=1_024, overrides=more)
    assert engine.manager.fork(parent.id, overrides=more, start=False).parent_step == 512
    shutil.rmtree(newest.parent)
    with pytest.raises(ConflictError, match="no checkpoint yet"):
        engine.manager.fork(parent.id)
    with pytest.raises(NotFoundError):
        engine.manager.fork("nobody")


def test_a_checkpoint_removed_while_it_is_copied_leaves_nothing_behind(engine, cartpole, monkeypatch):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    real, taken = checkpoint_files.link, []

    def link(source, target):
        if taken:
            checkpoint_files.remove(source.parent)
        taken.append(source)
        real(source, target)

    monkeypatch.setattr(checkpoint_files, "link", link)
    with pytest.raises((ConflictError), match="removed while it was copied"):
        engine.manager.fork(parent.id, step=512)
    assert [path.name for path in engine.layout.runs.iterdir()] == [parent.id]
    assert engine.manager.family(parent.id) == [engine.manager.get(parent.id)]


def test_a_running_run_is_forked_and_goes_on_undisturbed(engine, cartpole, until):
    run_id = engine.manager.submit(cartpole(10_000_000, checkpoints=SAVES)).id
    until(lambda: _steps(engine, run_id))
    fork = engine.manager.fork(run_id, overrides={"training.total_timesteps": 20_000_000})
    until(lambda: engine.manager.get(fork.id).step > fork.parent_step)
    assert engine.manager.get(run_id).status == "running"
    for each in (run_id, fork.id):
        engine.manager.stop(each)
        ended(engine, each, "stopped")


def test_a_waiting_fork_survives_its_program(tmp_path, cartpole):
    engine = Engine(tmp_path / "outputs")
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    fork = engine.manager.fork(parent.id, step=512, start=False)
    engine.close()
    other = Engine(tmp_path / "outputs", recover=False)
    try:
        other.store.commit(StateChanged(fork.id, status="queued", owner=f"{platform.node()}:1:1.0"))
        other.manager.recover(go_on=True)
        record = ended(other, fork.id)
        assert record.parent_step == 512
        assert f"Goes on from step 512 of {parent.id}." in _log(other, fork.id)
    finally:
        other.close()


def test_a_family_is_known_from_any_of_its_members(engine, cartpole):
    root = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    left = _forked(engine, root, step=512)
    right = engine.manager.fork(root.id, step=512, overrides={"algorithm.gamma": 0.9}, start=False)
    grandchild = engine.manager.fork(left.id, overrides={"training.total_timesteps": 2_048}, start=False)
    other = engine.manager.submit(cartpole(512), start=False)
    expected = [root.id, left.id, right.id, grandchild.id]
    for each in expected:
        assert [record.id for record in engine.manager.family(each)] == expected
    assert [record.id for record in engine.manager.family(other.id)] == [other.id]
    assert len(engine.store.family(grandchild.id, most=3)) == 3
    engine.manager.stop(right.id)
    engine.manager.delete(root.id)
    assert [record.id for record in engine.manager.family(grandchild.id)] == [left.id, right.id, grandchild.id]


def test_a_fork_that_is_stopped_at_once_is_resumed_with_its_own_settings(engine, cartpole, until):
    parent = _trained(engine, cartpole(1_024, checkpoints=SAVES))
    changes = {"algorithm.learning_rate": 0.01, "training.total_timesteps": 6_000}
    fork = engine.manager.fork(parent.id, overrides=changes, start=False)
    engine.manager.stop(fork.id)
    engine.manager.resume(fork.id)
    record = ended(engine, fork.id)
    assert record.step >= 6_000
    assert {value for _, _, value in _points(engine, fork.id)["train/learning_rate"][1:]} == {0.01}
    config = json.loads((engine.layout.run(fork.id) / "config.json").read_text())
    assert config["algorithm"]["learning_rate"] == 0.01
