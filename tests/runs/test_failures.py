"""What goes wrong around a run harms that run alone, is told in words, and loses nothing that could be kept."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.run_endings import ended
from tests.runs.troubled_environments import Troubled, register
from trainer.algorithms.fast.ppo import PPO
from trainer.engine import Engine
from trainer.runs.checkpoints.folder import checkpoints_in

SAVES = {"every_steps": 1_024, "every_seconds": None, "keep": 1}


@pytest.fixture(autouse=True)
def _nobody_hangs_for_ever():
    register()
    Troubled.released.clear()
    yield
    Troubled.released.set()


@pytest.fixture
def troubled(cartpole):
    def make(trouble, at=300, steps=100_000, training=None, **sections):
        environment = {"id": "Troubled-v0", "n_envs": 2, "kwargs": {"trouble": trouble, "at": at}, "backend": "dummy"}
        sections = {"evaluation": {"enabled": False}, "checkpoints": {**SAVES, "every_steps": 256}, **sections}
        return cartpole(steps, environment=environment, **sections, **({"training": training} if training else {}))

    return make


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "palaestra-test", str(place)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root on Linux only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def small_engine(small_disk):
    engine = Engine(small_disk / "outputs")
    yield engine
    engine.close()


@contextlib.contextmanager
def _filled(disk, leaving=0):
    """Fill a disk to its last byte, or leave some."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x")
    if leaving:
        os.truncate(filler, filler.stat().st_size - leaving)
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)


def _points(engine, run_id):
    """Every number of a run that does not measure the machine."""
    series = engine.store.metrics(run_id, max_points=20_000).series
    return {name: (one.steps, one.values) for name, one in series.items() if not name.startswith("time/")}


def _whole(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# A full disk


def test_a_full_disk_pauses_a_run_that_loses_nothing(small_engine, small_disk, cartpole, until):
    manager = small_engine.manager
    config = cartpole(40_000, checkpoints=SAVES, evaluation={"enabled": False}, tracking={"tensorboard": True})
    straight = manager.submit(config).id
    ended(small_engine, straight, "completed")
    shutil.rmtree(small_disk / "outputs" / "runs" / straight)
    broken = manager.submit(config).id
    until(lambda: manager.get(broken).step > 2_000)
    with _filled(small_disk):
        until(lambda: manager.get(broken).status == "paused")
        reason = manager.get(broken).reason
        assert reason.startswith(f"The disk that holds {small_disk}")
        assert "press Resume: nothing is lost" in reason
        stood = manager.get(broken).step
        manager.resume(broken)  # too soon
        until(lambda: manager.get(broken).status == "paused" and "is full" in (manager.get(broken).reason or ""))
        assert manager.get(broken).step - stood <= 2 * 1_024
    manager.resume(broken)
    ended(small_engine, broken, "completed")
    assert _points(small_engine, broken) == _points(small_engine, straight)
    small_engine.store.flush()
    assert _whole(small_disk / "outputs" / "palaestra.db")
    assert "is full" in (small_engine.layout.run(broken) / "log.txt").read_text()


def test_a_save_that_finds_no_room_is_tried_again(small_engine, small_disk, cartpole, until):
    manager = small_engine.manager
    manager._guardian.has_room = lambda: True  # nobody looks ahead
    run_id = manager.submit(cartpole(20_000, checkpoints=SAVES, evaluation={"enabled": False})).id
    until(lambda: manager.get(run_id).step > 2_000)
    with _filled(small_disk):
        until(lambda: manager.get(run_id).status == "paused")
        record = manager.get(run_id)
        assert record.reason.startswith(f"The disk that holds {small_disk}")
        assert "is full (" in record.reason
        held_at = record.step
    manager.resume(run_id)
    ended(small_engine, run_id, "completed")
    assert any(saved.step >= held_at for saved in small_engine.store.checkpoints(run_id))


def test_a_stop_without_room_says_what_is_left(small_engine, small_disk, cartpole, until):
    manager = small_engine.manager
    run_id = manager.submit(cartpole(10_000_000, checkpoints=SAVES, evaluation={"enabled": False})).id
    until(lambda: checkpoints_in(small_engine.layout.run(run_id)))
    with _filled(small_disk):
        until(lambda: manager.get(run_id).status == "paused")
        manager.stop(run_id)
        until(lambda: manager.get(run_id).status == "failed")
        newest = checkpoints_in(small_engine.layout.run(run_id))[-1].step
        reason = manager.get(run_id).reason
        assert "without a checkpoint of that step" in reason
        assert f"Resume goes on from its checkpoint of step {newest:,}." in reason
    until(lambda: manager.actions(manager.get(run_id))["resume"] is None)
    manager.resume(run_id)
    until(lambda: manager.get(run_id).step > newest)
    manager.stop(run_id)
    ended(small_engine, run_id, "stopped")


def test_a_video_that_finds_no_room_is_left_out_and_later_ones_are_made(small_engine, small_disk, cartpole, until):
    manager, store = small_engine.manager, small_engine.store
    manager._guardian.has_room = lambda: True  # nobody looks ahead
    video = {"enabled": True, "every_steps": 500, "milestones": False, "max_length": 30}
    quiet = {"evaluation": {"enabled": False}, "checkpoints": {"enabled": False}}
    run_id = manager.submit(cartpole(10_000_000, video=video, **quiet)).id
    until(lambda: store.videos(run_id).items)
    with _filled(small_disk):
        stood = manager.get(run_id).step
        until(lambda: manager.get(run_id).step > stood + 3_000)
        assert manager.get(run_id).status == "running"
    until(lambda: any(one.step > stood + 3_000 for one in store.videos(run_id).items))
    assert any("the disk is full" in line.text for line in store.logs(run_id, limit=5_000))
    manager.stop(run_id)
    ended(small_engine, run_id, "stopped")
    videos = small_engine.layout.run(run_id) / "videos"
    known = {one.path for one in store.videos(run_id, limit=1_000).items}
    assert {f"videos/{path.name}" for path in videos.glob("*.mp4")} == known
    assert all((videos.parent / path).stat().st_size > 0 for path in known)


def test_a_small_disk_is_good_enough_as_long_as_there_is_room(small_engine, cartpole):
    run_id = small_engine.manager.submit(cartpole(4_000, checkpoints=SAVES)).id
    record = ended(small_engine, run_id, "completed")
    assert record.reason is None


def test_a_disk_that_is_not_full_is_not_blamed(engine, cartpole, until, monkeypatch):
    run_id = engine.manager.submit(cartpole(10_000_000, checkpoints=SAVES, evaluation={"enabled": False})).id
    until(lambda: checkpoints_in(engine.layout.run(run_id)))

    def broken(*_args, **_kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("trainer.whole_files.write_manifest", broken)
    record = ended(engine, run_id, "failed")
    assert "Input/output error" in record.reason


# A database that does not answer, a folder that cannot be written


def test_a_locked_database_costs_a_run_nothing(tmp_path, cartpole, until):
    engine = Engine(tmp_path / "outputs")
    manager = engine.manager
    try:
        config = cartpole(1_000_000, checkpoints={**SAVES, "enabled": False}, evaluation={"enabled": False})
        run_id = manager.submit(config).id
        until(lambda: manager.get(run_id).step > 1_000)
        with contextlib.closing(sqlite3.connect(tmp_path / "outputs" / "palaestra.db", isolation_level=None)) as other:
            until(lambda: _locks(other))
            before = manager.get(run_id).step
            until(lambda: engine.store.last_error is not None, 60)
            assert "locked" in engine.store.last_error
            until(lambda: manager.get(run_id).step > before + 10_000)
            assert engine.snapshot()["store"]["ok"] is False
            other.execute("ROLLBACK")
        until(lambda: engine.store.last_error is None and engine.store.pending < 200)
        manager.stop(run_id)
        record = ended(engine, run_id, "stopped")
        assert [one.number for one in engine.store.episodes(run_id, limit=10_000_000)] == list(
            range(1, record.episodes + 1)
        )
    finally:
        engine.close()
    assert _whole(tmp_path / "outputs" / "palaestra.db")


def _locks(connection):
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


@pytest.mark.parametrize("command", [["train", "ppo_cartpole"], ["--headless"]], ids=["train", "serve"])
def test_outputs_that_cannot_be_written_are_refused_in_one_sentence(tmp_path, command):
    outputs = tmp_path / "file" / "outputs"
    (tmp_path / "file").write_text("not a folder")
    status, said = _answer(command, outputs)
    assert status in (2, 3), said
    assert str(outputs) in said
    assert "Traceback" not in said


def test_a_disk_that_is_read_only_is_refused_in_one_sentence(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    outputs = small_disk / "outputs"
    for command, folder in (
        (["train", "ppo_cartpole"], outputs),
        (["--headless"], outputs),
        (["--headless"], small_disk),
    ):
        status, said = _answer(command, folder)
        assert status in (2, 3), said
        assert str(folder) in said
        assert "Traceback" not in said


def _answer(command, outputs):
    """Return the exit status and what was said on the error stream."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "app.py", *command, "--outputs", str(outputs)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


# Environments that go wrong


@pytest.mark.parametrize("at", [1, 37, 300])
def test_an_environment_that_raises_ends_its_run_alone(engine, cartpole, troubled, at):
    other = engine.manager.submit(cartpole(3_000)).id
    run_id = engine.manager.submit(troubled("raise", at)).id
    record = ended(engine, run_id, "failed")
    what, place = "ValueError: the joint angle is nan", "in _happen of troubled_environments.py, line"
    assert record.reason.startswith(f"The environment Troubled-v0 raised {what} after step {2 * (at - 1):,} ({place}")
    assert "\n" not in record.reason
    assert "the joint angle is nan" in record.error
    ended(engine, other, "completed")


def test_an_environment_that_eats_memory_is_told_so(engine, troubled):
    record = ended(engine, engine.manager.submit(troubled("memory")).id, "failed")
    assert record.reason.startswith("There was not enough memory")


def test_an_environment_that_hangs_is_given_up_and_the_others_go_on(engine, cartpole, troubled, until):
    manager = engine.manager
    hanging = manager.submit(troubled("hang", training={"total_timesteps": 100_000, "watchdog_seconds": 2})).id
    others = [manager.submit(cartpole(60_000, evaluation={"enabled": False})).id for _ in range(2)]
    record = ended(engine, hanging, "failed")
    assert record.reason.startswith("The environment Troubled-v0 has not answered for")
    assert "in _happen of troubled_environments.py" in record.reason
    warnings = [line.text for line in engine.store.logs(hanging) if line.level == "warning"]
    assert any("After 2 s the run is given up" in text for text in warnings)
    for run_id in others:
        ended(engine, run_id, "completed")


def test_a_run_that_was_given_up_goes_on_and_its_old_thread_is_heard_no_more(engine, troubled, until):
    manager = engine.manager
    config = troubled("hang", steps=2_000, training={"total_timesteps": 2_000, "watchdog_seconds": 1})
    run_id = manager.submit(config).id
    ended(engine, run_id, "failed")
    old = [thread for thread in threading.enumerate() if thread.name == f"run-{run_id}"]
    manager.resume(run_id)
    until(lambda: manager.get(run_id).status == "running")
    Troubled.released.set()  # the old one comes back, and the new one is not held up
    for thread in old:
        thread.join(30)
        assert not thread.is_alive()
    record = ended(engine, run_id, "completed")
    assert record.step == 2_048
    steps = [one.step for one in engine.store.episodes(run_id, limit=10_000)]
    assert steps == sorted(steps)
    assert "Traceback" not in (engine.layout.run(run_id) / "log.txt").read_text()


def test_pauses_and_long_updates_are_no_hangs(engine, troubled, until, monkeypatch):
    manager = engine.manager
    training = {"total_timesteps": 4_000, "watchdog_seconds": 0.5}
    run_id = manager.submit(troubled("none", training=training)).id
    until(lambda: manager.get(run_id).status == "running")
    manager.pause(run_id)
    time.sleep(3)  # several looks of the watchdog
    manager.resume(run_id)
    ended(engine, run_id, "completed")
    slow = threading.Event()
    train = PPO.train

    def long_update(self):
        if not slow.is_set():
            slow.set()
            time.sleep(3)
        train(self)

    monkeypatch.setattr(PPO, "train", long_update)
    ended(engine, manager.submit(troubled("none", training=training)).id, "completed")
    assert slow.is_set()
