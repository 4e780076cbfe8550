"""Runs from submission to their end, with a real store, real environments and real training."""

import gc
import json
import re
import subprocess
import sys
import time
import weakref
from functools import partial, partialmethod

import pytest
from stable_baselines3.common.buffers import ReplayBuffer

from trainer.algorithms.fast.replay import Replay
from trainer.config import load_config
from trainer.engine import Engine
from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.runs.states import RunState
from trainer.runs.watch import Watch
from trainer.store import Store, StoreError

LONG = 10_000_000


def _status(engine, run_id):
    return engine.manager.get(run_id).status


def test_a_run_trains_to_its_end_and_leaves_everything_behind(engine, cartpole):
    record = engine.manager.submit(cartpole())
    assert record.status in ("queued", "starting")
    assert engine.manager.wait(record.id, 120)
    record = engine.manager.get(record.id)
    assert record.status == "completed", record.error
    assert record.step >= 2_000
    assert record.progress == 1.0
    assert record.episodes > 10
    assert record.return_best >= record.return_mean > 0
    assert record.evaluation["episodes"] == 3
    directory = engine.layout.run(record.id)
    assert json.loads((directory / "config.json").read_text())["training"]["total_timesteps"] == 2_000
    assert (directory / "command.txt").read_text().startswith(("./webui.sh train", "webui.bat train"))
    assert "Completed." in (directory / "log.txt").read_text()
    latest = (directory / "checkpoints" / "latest").read_text().strip()
    assert (directory / "checkpoints" / latest / "model.zip").is_file()
    series = engine.store.metrics(record.id).series
    assert {"episode/return", "episode/length", "train/loss", "train/entropy_loss", "train/learning_rate"} <= set(
        series
    )
    assert {"time/fps", "rollout/ep_rew_mean", "eval/mean_return"} <= set(series)
    assert len(series["episode/return"].steps) == record.episodes


@pytest.mark.parametrize(
    ("algorithm", "environment"),
    [
        ({"name": "a2c"}, "CartPole-v1"),
        ({"name": "dqn", "learning_starts": 50, "buffer_size": 1000}, "CartPole-v1"),
        (
            {
                "name": "ddpg",
                "learning_starts": 50,
                "buffer_size": 1000,
                "action_noise": {"kind": "ornstein_uhlenbeck", "sigma": 0.2, "theta": 0.1, "dt": 0.02},
            },
            "Pendulum-v1",
        ),
        (
            {"name": "td3", "learning_starts": 50, "buffer_size": 1000, "action_noise": {"kind": "normal"}},
            "Pendulum-v1",
        ),
        ({"name": "sac", "learning_starts": 50, "buffer_size": 1000, "learning_rate": "lin_1e-3"}, "Pendulum-v1"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else value,
)
def test_every_algorithm_trains(engine, cartpole, algorithm, environment):
    config = cartpole(
        300,
        algorithm=algorithm,
        environment={"id": environment},
        evaluation={"enabled": False},
    )
    record = engine.manager.submit(config)
    assert engine.manager.wait(record.id, 120)
    record = engine.manager.get(record.id)
    assert record.status == "completed", record.error
    assert record.step == 300


@pytest.mark.alone
def test_pause_holds_the_steps_resume_goes_on_and_stop_saves(engine, cartpole, until):
    run_id = engine.manager.submit(cartpole(LONG)).id
    until(lambda: engine.manager.get(run_id).step > 500)
    asked = time.monotonic()
    assert engine.manager.pause(run_id).status == "paused"
    assert time.monotonic() - asked < 0.2
    held_at = engine.manager.get(run_id).step
    time.sleep(0.5)
    record = engine.manager.get(run_id)
    assert (record.step, record.fps) == (held_at, 0.0)
    assert engine.store.run(run_id).status == "paused"
    assert engine.manager.resume(run_id).status == "running"
    until(lambda: engine.manager.get(run_id).step > held_at)
    engine.manager.stop(run_id)
    assert engine.manager.wait(run_id, 30)
    record = engine.manager.get(run_id)
    assert record.status == "stopped"
    assert record.reason.startswith("Stopped at step")
    checkpoints = engine.store.checkpoints(run_id)
    assert [checkpoint.kind for checkpoint in checkpoints][-1] == "stop"
    assert checkpoints[-1].step == record.step


def test_a_paused_run_can_be_stopped(engine, cartpole, until):
    run_id = engine.manager.submit(cartpole(LONG)).id
    until(lambda: _status(engine, run_id) == "running")
    engine.manager.pause(run_id)
    until(lambda: _status(engine, run_id) == "paused")
    engine.manager.stop(run_id)
    assert engine.manager.wait(run_id, 30)
    assert _status(engine, run_id) == "stopped"


@pytest.mark.alone
def test_a_run_of_a_set_duration_ends_by_time_and_pausing_does_not_count(engine, cartpole, until):
    config = cartpole(training={"total_timesteps": 1, "duration_seconds": 2.0}, evaluation={"enabled": False})
    run_id = engine.manager.submit(config).id
    until(lambda: _status(engine, run_id) == "running")
    engine.manager.pause(run_id)
    until(lambda: _status(engine, run_id) == "paused")
    time.sleep(1.0)
    engine.manager.resume(run_id)
    assert engine.manager.wait(run_id, 60)
    record = engine.manager.get(run_id)
    assert record.status == "completed"
    assert record.total_steps is None
    assert 2.0 <= record.elapsed_seconds < 4.0
    assert record.ended_at - record.started_at > 2.9


def test_two_run_four_wait_and_each_gets_its_turn(tmp_path, cartpole, until):
    from trainer.engine import Engine

    engine = Engine(tmp_path / "outputs", slots=2)
    try:
        ids = [engine.manager.submit(cartpole(LONG)).id for _ in range(6)]
        until(lambda: [_status(engine, each) for each in ids[:2]] == ["running", "running"])
        assert [_status(engine, each) for each in ids[2:]] == ["queued"] * 4
        engine.manager.pause(ids[0])
        time.sleep(0.3)
        assert _status(engine, ids[2]) == "queued", "a paused run keeps its place"
        engine.manager.stop(ids[3])
        assert _status(engine, ids[3]) == "stopped"
        engine.manager.stop(ids[0])
        until(lambda: _status(engine, ids[2]) == "running")
        assert [_status(engine, each) for each in ids[4:]] == ["queued"] * 2
    finally:
        engine.close()


def test_a_run_submitted_without_starting_waits_for_start(engine, cartpole):
    record = engine.manager.submit(cartpole(), start=False)
    assert (record.status, record.reason) == ("queued", "Waits until you press Start.")
    assert engine.manager.actions(record)["start"] is None
    time.sleep(0.3)
    assert _status(engine, record.id) == "queued"
    engine.manager.start(record.id)
    assert engine.manager.wait(record.id, 120)
    assert _status(engine, record.id) == "completed"


def test_what_is_impossible_is_refused_in_words_and_changes_nothing(engine, cartpole):
    run_id = engine.manager.submit(cartpole(), start=False).id
    with pytest.raises(ConflictError, match="has not started yet"):
        engine.manager.pause(run_id)
    with pytest.raises(ConflictError, match="stop it before you delete it"):
        engine.manager.delete(run_id)
    with pytest.raises(NotFoundError):
        engine.manager.stop("no-such-run")
    assert _status(engine, run_id) == "queued"
    engine.manager.stop(run_id)
    with pytest.raises(ConflictError, match="has ended"):
        engine.manager.pause(run_id)
    engine.manager.delete(run_id)
    assert not engine.layout.run(run_id).exists()
    with pytest.raises(NotFoundError):
        engine.manager.get(run_id)


def test_a_deletion_that_fails_or_is_cut_short_leaves_a_run_whole_or_gone(tmp_path, engine, cartpole, monkeypatch):
    run_id = engine.manager.submit(cartpole(), start=False).id
    engine.manager.stop(run_id)
    directory = engine.layout.run(run_id)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete_run", partialmethod(_refuse, StoreError("The database takes nothing.")))
        with pytest.raises(StoreError):
            engine.manager.delete(run_id)
        assert (_status(engine, run_id), (directory / "config.json").is_file()) == ("stopped", True)
    # Killed after the rename: the next start brings it to its end.
    directory.rename(directory.with_name(f".{run_id}.removed"))
    engine.manager.take_in_found()
    assert list(engine.layout.runs.iterdir()) == []
    with pytest.raises(NotFoundError):
        engine.manager.get(run_id)


def _refuse(_store, error, _run_id):
    raise error


BROKEN = '''
import gymnasium

class Broken(gymnasium.Wrapper):
    """Raises at its tenth step."""

    def __init__(self, env):
        super().__init__(env)
        self.steps = 0

    def step(self, action):
        self.steps += 1
        if self.steps == 10:
            raise ZeroDivisionError("the pole broke")
        return super().step(action)
'''


def test_one_runs_error_ends_that_run_alone(engine, cartpole, until, tmp_path, monkeypatch):
    (tmp_path / "broken_pole.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(str(tmp_path))
    healthy = engine.manager.submit(cartpole(LONG)).id
    environment = {"id": "CartPole-v1", "wrappers": [{"entry_point": "broken_pole:Broken"}]}
    beside = {"executor": "thread"}  # left to choose, a wrapper of one's own gets a process
    broken = engine.manager.submit(cartpole(environment=environment, resources=beside)).id
    assert engine.manager.wait(broken, 60)
    record = engine.manager.get(broken)
    assert record.status == "failed"
    assert "the pole broke" in record.reason
    assert "ZeroDivisionError" in record.error
    assert any("Traceback" in line.text for line in engine.store.logs(broken))
    assert "Traceback" in (engine.layout.run(broken) / "log.txt").read_text()
    until(lambda: _status(engine, healthy) == "running")
    step = engine.manager.get(healthy).step
    until(lambda: engine.manager.get(healthy).step > step)


@pytest.mark.parametrize("broken", [False, True], ids=["completed", "failed"])
@pytest.mark.parametrize("kind", [Replay, ReplayBuffer], ids=["ours", "their own"])
def test_the_memory_of_an_ended_run_is_free_without_a_collection(engine, cartpole, monkeypatch, kind, broken):
    buffers = []
    original = kind.sample

    def sample(self, *args, **kwargs):
        buffers.append(weakref.ref(self))
        if broken:
            raise ZeroDivisionError("the dice broke")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(kind, "sample", sample)
    dqn = {"name": "dqn", "learning_starts": 50, "buffer_size": 1000}
    if kind is ReplayBuffer:
        dqn["replay_buffer_class"] = "stable_baselines3.common.buffers:ReplayBuffer"
    gc.disable()
    try:
        config = cartpole(300, algorithm=dqn, evaluation={"enabled": False}, resources={"executor": "thread"})
        run_id = engine.manager.submit(config).id
        assert engine.manager.wait(run_id, 120)
        assert _status(engine, run_id) == ("failed" if broken else "completed")
        assert buffers
        assert [buffer() for buffer in buffers] == [None] * len(buffers)
    finally:
        gc.enable()


def test_a_bad_configuration_is_refused_with_every_fault_and_leaves_no_trace(engine):
    config = load_config(
        {
            "environment": {"id": "Pendulum-v1"},
            "algorithm": {"name": "dqn"},
            "policy": {"class": "CnnPolicy"},
        }
    )
    with pytest.raises(ConfigError) as caught:
        engine.manager.submit(config)
    fields = {fault.field for fault in caught.value.faults}
    assert {"algorithm.name", "policy.class"} <= fields
    assert engine.manager.list().items == []
    assert list(engine.layout.runs.iterdir()) == []


def test_an_unknown_environment_is_named_with_the_nearest(engine):
    config = load_config({"environment": {"id": "CartPoll-v1"}})
    (fault,) = engine.manager.check(config)
    assert fault.field == "environment.id"
    assert "CartPole-v1" in f"{fault.message} {fault.hint}"


KILLED = """
import os, time
from pathlib import Path
from trainer.config import load_config
from trainer.engine import Engine
engine = Engine(Path({outputs!r}), slots=1)
config = load_config({config!r})
first = engine.manager.submit(config).id
engine.manager.submit(config)
while engine.manager.get(first).step < 1000:
    time.sleep(0.05)
engine.store.flush()
os.kill(os.getpid(), 9)
"""


def _train_until_killed(outputs, config):
    code = KILLED.format(outputs=str(outputs), config=config.model_dump(mode="json"))
    subprocess.run([sys.executable, "-c", code], timeout=120, check=False)


def test_runs_whose_process_died_are_interrupted_and_the_waiting_ones_kept(tmp_path, cartpole, engine):
    _train_until_killed(tmp_path / "killed", cartpole(LONG))
    revived = Engine(tmp_path / "killed")
    try:
        assert len(revived.interrupted) == 1
        by_status = {record.status: record for record in revived.manager.list().items}
        assert set(by_status) == {"interrupted", "queued"}
        assert "Its process ended" in by_status["interrupted"].reason
        assert revived.manager.actions(by_status["queued"])["start"] is None
        assert RunState(by_status["interrupted"].status).ended
    finally:
        revived.close()


def test_a_run_whose_process_dies_beside_us_does_not_stay_running(tmp_path, cartpole, until, monkeypatch):
    monkeypatch.setattr("trainer.engine.Watch", partial(Watch, period=0.2))
    engine = Engine(tmp_path / "shared")
    try:
        _train_until_killed(tmp_path / "shared", cartpole(LONG))
        until(lambda: {record.status for record in engine.manager.list().items} == {"interrupted", "queued"})
        (ended,) = engine.manager.list(status=["interrupted"]).items
        assert "Its process ended" in ended.reason
        engine.manager.delete(ended.id)
        assert [record.status for record in engine.manager.list().items] == ["queued"]
    finally:
        engine.close()


def test_a_submission_that_the_database_did_not_answer_is_not_found_waiting_later(engine, cartpole, until, monkeypatch):
    monkeypatch.setattr("trainer.store.store.Store.commit", partialmethod(Store.commit, timeout=0.0))
    with pytest.raises(StoreError):
        engine.manager.submit(cartpole())
    until(lambda: [record.status for record in engine.manager.list().items] == ["failed"])


def test_the_reason_for_ending_the_program_stays_with_the_run(tmp_path, cartpole, until):
    engine = Engine(tmp_path / "ended")
    run_id = engine.manager.submit(cartpole(LONG)).id
    until(lambda: _status(engine, run_id) == "running")
    engine.close()
    again = Engine(tmp_path / "ended", recover=False)
    try:
        assert re.fullmatch(r"The program was ended\. Stopped at step [\d,]+\.", again.manager.get(run_id).reason)
    finally:
        again.close()
