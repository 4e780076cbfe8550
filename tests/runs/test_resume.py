"""Going on from a checkpoint: after a stop, after a crash, with more steps, or from the beginning."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.run_endings import ended
from trainer.config import load_config
from trainer.engine import Engine
from trainer.errors import ConfigError, ConflictError, PalaestraError, StorageError
from trainer.events import ConfigChanged, StateChanged
from trainer.runs import intake
from trainer.runs.checkpoints import CheckpointFolder
from trainer.runs.checkpoints.folder import checkpoints_in
from trainer.runs.standing import newest_whole
from trainer.whole_files import read_json

SAVES = {"every_steps": 512, "every_seconds": None, "keep": 3}


def _points(engine, run_id):
    """Every number of a run that does not measure the machine."""
    series = engine.store.metrics(run_id, max_points=20_000).series
    return {
        name: list(zip(one.numbers or one.steps, one.steps, one.values, strict=True))
        for name, one in series.items()
        if not name.startswith("time/")
    }


def _stopped_at(engine, config, step, until):
    """Start a run and stop it once it has come to `step`."""
    run_id = engine.manager.submit(config).id
    until(lambda: engine.manager.get(run_id).step >= step)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    return run_id


def _interrupt(engine, run_id):
    """Have a stopped run look as if its process had died."""
    engine.store.commit(StateChanged(run_id, status="interrupted"))


def _log(engine, run_id):
    return (engine.layout.run(run_id) / "log.txt").read_text()


ALGORITHMS = {
    "ppo": ({"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 2}, "CartPole-v1"),
    "a2c": ({"name": "a2c"}, "CartPole-v1"),
    "dqn": ({"name": "dqn", "learning_starts": 100, "buffer_size": 700, "train_freq": 4}, "CartPole-v1"),
    "sac": ({"name": "sac", "learning_starts": 100, "buffer_size": 700}, "Pendulum-v1"),
    "td3": (
        {"name": "td3", "learning_starts": 100, "buffer_size": 700, "action_noise": {"kind": "ornstein_uhlenbeck"}},
        "Pendulum-v1",
    ),
    "ddpg": ({"name": "ddpg", "learning_starts": 100, "buffer_size": 700}, "Pendulum-v1"),
    # In a process of its own, with that process's generators.
    "trpo": ({"name": "trpo", "n_steps": 64, "batch_size": 64}, "CartPole-v1"),
}


NORMALIZED = ("a2c", "dqn", "sac")


@pytest.mark.parametrize(
    ("name", "normalized"),
    [pytest.param(name, False, id=name, marks=[pytest.mark.slow] * (name == "trpo")) for name in ALGORITHMS]
    + [
        pytest.param(name, True, id=f"{name}-normalized", marks=[] if name in NORMALIZED else [pytest.mark.slow])
        for name in ALGORITHMS
        if name != "trpo"
    ],
)
def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_been(engine, cartpole, until, name, normalized):
    algorithm, environment = ALGORITHMS[name]
    steps = 4_000 if name in ("ppo", "a2c", "dqn") else 800
    config = cartpole(
        steps,
        algorithm=algorithm,
        environment={
            "id": environment,
            "n_envs": 2,
            "normalize_observation": normalized,
            "normalize_reward": normalized,
        },
        checkpoints={**SAVES, "every_steps": 300},
        evaluation={"frequency": 350, "episodes": 2, "final_episodes": 2},
    )
    straight = engine.manager.submit(config).id
    ended(engine, straight)
    broken = _stopped_at(engine, config, steps // 3, until)
    stopped_at = engine.manager.get(broken).step
    assert stopped_at < steps
    engine.manager.resume(broken)
    record = ended(engine, broken)
    assert _points(engine, broken) == _points(engine, straight)
    assert record.episodes == engine.manager.get(straight).episodes
    assert record.rewinds == 1
    assert f"Goes on from step {stopped_at:,}." in _log(engine, broken)


WRAPPERS = (
    "action_noise",
    "sticky_action",
    "action_smoothing",
    "delayed_reward",
    "time_feature",
    "history",
    "frame_stack",
)


def test_wrappers_go_on_where_they_were(engine, cartpole, until):
    config = cartpole(
        1_500,
        algorithm={"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 2},
        environment={"id": "Pendulum-v1", "n_envs": 2, "wrappers": [{"name": name} for name in WRAPPERS]},
        checkpoints={**SAVES, "every_steps": 300},
        evaluation={"frequency": 350, "episodes": 2, "final_episodes": 2},
    )
    straight = engine.manager.submit(config).id
    ended(engine, straight)
    broken = _stopped_at(engine, config, 500, until)
    assert engine.manager.get(broken).step < 1_500
    engine.manager.resume(broken)
    ended(engine, broken)
    assert len(_points(engine, straight)) > 10
    assert _points(engine, broken) == _points(engine, straight)


def test_numbers_after_the_checkpoint_give_way(engine, cartpole, until):
    config = cartpole(40_000, checkpoints=SAVES)
    run_id = _stopped_at(engine, config, 3_000, until)
    checkpoints = sorted(engine.store.checkpoints(run_id), key=lambda each: each.step)
    last = engine.layout.run(run_id) / checkpoints[-1].path
    (last / "state.npz").write_bytes(b"torn")
    _interrupt(engine, run_id)
    engine.manager.resume(run_id)
    until(lambda: engine.manager.get(run_id).step > checkpoints[-1].step)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    log = _log(engine, run_id)
    assert f"The checkpoint of step {checkpoints[-1].step:,} cannot be gone on from: state.npz is not as" in log
    assert f"Goes on from step {checkpoints[-2].step:,}." in log
    for points in _points(engine, run_id).values():
        numbers = [point[0] for point in points]
        assert numbers == sorted(set(numbers))


def test_with_no_whole_checkpoint_nothing_is_thrown_away(engine, cartpole, until):
    run_id = _stopped_at(engine, cartpole(40_000, checkpoints=SAVES), 2_000, until)
    for folder in (engine.layout.run(run_id) / "checkpoints").glob("step_*"):
        (folder / "model.zip").write_bytes(b"torn")
    before = _points(engine, run_id)
    engine.manager.resume(run_id)
    record = ended(engine, run_id, "failed")
    assert "Restart trains the same configuration from the beginning" in record.reason
    assert _points(engine, run_id) == before


def test_a_run_killed_before_its_first_checkpoint_begins_again(engine, cartpole, until):
    run_id = _stopped_at(engine, cartpole(3_000, checkpoints=SAVES), 600, until)
    shutil.rmtree(engine.layout.run(run_id) / "checkpoints")
    _interrupt(engine, run_id)
    engine.manager.resume(run_id)
    record = ended(engine, run_id)
    assert record.step >= 3_000
    assert "begins again" in _log(engine, run_id)


def test_a_finished_run_can_be_given_more_steps(engine, cartpole):
    run_id = engine.manager.submit(cartpole(1_024, checkpoints=SAVES)).id
    ended(engine, run_id)
    with pytest.raises(ConflictError, match="Extend gives it more steps"):
        engine.manager.resume(run_id)
    with pytest.raises(ConfigError, match="already"):
        engine.manager.extend(run_id, 1_000)
    engine.manager.extend(run_id, 2_048)
    record = ended(engine, run_id)
    assert (record.step, record.total_steps, record.progress) == (2_048, 2_048, 1.0)
    assert engine.store.run_config(run_id)["training"]["total_timesteps"] == 2_048
    assert json.loads((engine.layout.run(run_id) / "config.json").read_text())["training"]["total_timesteps"] == 2_048


def test_a_longer_run_and_its_turn_are_one_transaction(engine, cartpole, until):
    run_id = _stopped_at(engine, cartpole(2_000), 500, until)
    longer = load_config(engine.store.run_config(run_id) | {"training": {"total_timesteps": 9_000}})
    change = ConfigChanged(run_id, config=longer.to_data(), total_steps=9_000)
    with_fault = ConfigChanged(run_id, config=longer.to_data(), total_steps="many")
    with pytest.raises(PalaestraError):
        engine.store.reopen_run(run_id, "elsewhere:1:1.0", with_fault)
    assert engine.store.run(run_id).status == "stopped"
    engine.store.reopen_run(run_id, "elsewhere:1:1.0", change)
    record = engine.store.run(run_id)
    assert (record.status, record.total_steps) == ("queued", 9_000)
    assert engine.store.run_config(run_id)["training"]["total_timesteps"] == 9_000


def test_a_longer_run_that_cannot_be_written_is_as_it_was(engine, cartpole, until, monkeypatch):
    run_id = _stopped_at(engine, cartpole(2_000), 500, until)
    before = engine.store.run_config(run_id)

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(intake, "write_run_files", full)
    with pytest.raises(StorageError, match="full"):
        engine.manager.extend(run_id, 9_000)
    engine.store.flush()
    record = engine.store.run(run_id)
    assert (record.status, record.total_steps) == ("stopped", 2_000)
    assert engine.store.run_config(run_id) == before


def test_restart_is_a_run_of_its_own(engine, cartpole):
    run_id = engine.manager.submit(cartpole(512)).id
    ended(engine, run_id)
    again = engine.manager.restart(run_id)
    assert again.id != run_id
    ended(engine, again.id)
    assert _points(engine, again.id) == _points(engine, run_id)


def test_only_one_of_two_programs_gets_to_go_on(tmp_path, engine, cartpole, until):
    run_id = _stopped_at(engine, cartpole(10_000_000), 500, until)
    other = Engine(engine.layout.outputs, recover=False)
    try:
        engine.manager.resume(run_id)
        with pytest.raises(ConflictError):
            other.manager.resume(run_id)
        with pytest.raises(ConflictError, match="somebody else"):
            other.store.reopen_run(run_id, "elsewhere:1:1.0")
    finally:
        other.close()
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")


def test_all_interrupted_runs_go_on_together(engine, cartpole, until):
    ids = [_stopped_at(engine, cartpole(6_000, checkpoints=SAVES), 500, until) for _ in range(2)]
    for run_id in ids:
        _interrupt(engine, run_id)
    assert {record.id for record in engine.manager.resume_interrupted()} == set(ids)
    for run_id in ids:
        ended(engine, run_id)


def test_atari_goes_on_from_fresh_games_and_says_so(engine, cartpole, until):
    config = cartpole(
        2_000,
        environment={"id": "ALE/Pong-v5", "n_envs": 2, "frame_stack": 4},
        algorithm={"name": "dqn", "learning_starts": 100, "buffer_size": 600, "batch_size": 8, "gradient_steps": 1},
        policy={"class": "CnnPolicy"},
        evaluation={"enabled": False},
        checkpoints={"every_steps": 200, "every_seconds": None},
    )
    run_id = _stopped_at(engine, config, 700, until)
    engine.manager.resume(run_id)
    record = ended(engine, run_id)
    assert record.step >= 2_000
    assert "Training goes on from fresh episodes: ale-py" in _log(engine, run_id)


def test_a_checkpoint_links_what_of_the_replay_buffer_has_not_changed(engine, cartpole, until):
    config = cartpole(
        100_000,
        environment={"id": "ALE/Pong-v5", "n_envs": 1, "frame_stack": 4},
        algorithm={"name": "dqn", "learning_starts": 90_000, "buffer_size": 10_000},
        policy={"class": "CnnPolicy"},
        evaluation={"enabled": False},
        checkpoints={"every_steps": 1_500, "every_seconds": None, "keep": 2},
    )
    run_id = _stopped_at(engine, config, 3_200, until)
    folders = sorted((engine.layout.run(run_id) / "checkpoints").glob("step_*"), key=lambda path: int(path.name[5:]))
    names = [read_json(folder / "replay" / "replay.json")["pieces"] for folder in folders]
    shared = [name for name in names[-1] if names[-2].get(name) == names[-1][name] and name.startswith("frames")]
    assert shared
    for name in shared:
        assert (folders[-1] / "replay" / name).samefile(folders[-2] / "replay" / name)
    changed = sum(
        (folders[-1] / "replay" / name).stat().st_nlink == 1 for name in names[-1] if name.startswith("frames")
    )
    assert changed < len(names[-1])
    frames = np.concatenate(
        [np.fromfile(folders[-1] / "replay" / f"frames-0.{piece}", dtype=np.uint8) for piece in range(4)]
    )
    assert frames.any()


def test_a_pause_leaves_a_checkpoint_in_the_middle_of_a_rollout(engine, cartpole, until):
    algorithm = {"name": "ppo", "n_steps": 100_000, "batch_size": 64, "n_epochs": 2}
    run_id = engine.manager.submit(
        cartpole(10_000_000, algorithm=algorithm, checkpoints={"every_steps": None, "every_seconds": 3_600})
    ).id
    until(lambda: engine.manager.get(run_id).step > 500)
    engine.manager.pause(run_id)
    (paused,) = until(lambda: engine.store.checkpoints(run_id))
    assert (paused.kind, paused.step) == ("pause", engine.manager.get(run_id).step)
    assert read_json(engine.layout.run(run_id) / paused.path / "checkpoint.json")["within"].startswith("step ")
    assert engine.manager.resume(run_id).status == "running"
    until(lambda: engine.manager.get(run_id).step > paused.step)
    engine.manager.stop(run_id)
    record = ended(engine, run_id, "stopped")
    assert record.step < 400_000, "a stop waits for no rollout to end"


def test_time_runs_out_for_no_one_in_a_long_rollout(engine, cartpole, until):
    algorithm = {"name": "ppo", "n_steps": 100_000, "batch_size": 64, "n_epochs": 2}
    run_id = engine.manager.submit(
        cartpole(10_000_000, algorithm=algorithm, checkpoints={"every_steps": None, "every_seconds": 0.2})
    ).id
    until(lambda: engine.store.checkpoints(run_id))
    assert engine.manager.get(run_id).step < 400_000
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")


FILES = ["model.zip", "state.json", "state.npz", "normalization.npz", "manifest.json", "checkpoint.json"]
REPLAY_FILES = ["replay/replay.json", "replay/rewards.0", "replay/dones.0", "replay/actions.0"]


@pytest.fixture(scope="module")
def two_checkpoints(tmp_path_factory):
    """The directory of a run that has stopped with two whole checkpoints, each with a replay buffer."""
    engine = Engine(tmp_path_factory.mktemp("two") / "outputs")
    data = {
        "algorithm": {"name": "dqn", "learning_starts": 100, "buffer_size": 700, "train_freq": 4},
        "environment": {"id": "CartPole-v1", "n_envs": 2, "normalize_observation": True},
        "training": {"total_timesteps": 600},
        "evaluation": {"enabled": False},
        "video": {"enabled": False},
        "tracking": {"tensorboard": False},
        "checkpoints": {"every_steps": 300, "every_seconds": None, "keep": 3, "milestones": False},
    }
    run_id = engine.manager.submit(load_config(data)).id
    ended(engine, run_id)
    engine.close()
    return engine.layout.run(run_id)


def _flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x01
    file.write_bytes(data)


def _truncate(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("harm", [_flip, _truncate, Path.unlink], ids=["flipped", "truncated", "gone"])
@pytest.mark.parametrize("name", [*FILES, *REPLAY_FILES])
def test_whichever_file_is_harmed_the_checkpoint_before_is_used(tmp_path, two_checkpoints, name, harm):
    run = tmp_path / "run"
    shutil.copytree(two_checkpoints, run)
    before, newest = checkpoints_in(run)[-2:]
    folder = CheckpointFolder(run, 3, "run", lambda _event: None)
    told = []
    assert newest_whole(folder, lambda *line: told.append(line))[0].step == newest.step
    assert told == []
    harm(newest.path / name)
    assert newest_whole(folder, lambda *line: told.append(line))[0].step == before.step
    # One that cannot even say what it is counts as none.
    assert [f"step {newest.step:,} cannot be gone on from" in text for text, _ in told] == [True] * (
        name != "checkpoint.json"
    )
