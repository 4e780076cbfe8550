"""Runs in processes of their own: the same numbers and control as in a thread, and trouble that stays where it is."""

import sys
import time

import psutil
import pytest

from tests.serving_process import Server, wait_until
from trainer.engine import Engine
from trainer.hardware.limits import usable_cores
from trainer.runs.checkpoints import checkpoints_in

LONG = 50_000_000
OWN = {"executor": "process"}
SAVES = {"every_steps": 512, "every_seconds": None}


def _points(engine, run_id):
    """Every number of a run that does not measure the machine."""
    series = engine.store.metrics(run_id, max_points=20_000).series
    return {name: (one.steps, one.values) for name, one in series.items() if not name.startswith("time/")}


def _episodes(engine, run_id):
    return [(each.number, each.step, each.episode_return) for each in engine.store.episodes(run_id, limit=500)]


def _failed(engine, run_id):
    assert engine.manager.wait(run_id, 60)
    record = engine.manager.get(run_id)
    assert record.status == "failed"
    return record


def _process(engine, run_id):
    found = engine.manager.process(run_id)
    return psutil.Process(found["pid"]) if found else None


@pytest.fixture
def troubled(tmp_path, monkeypatch, cartpole):
    """CartPole within a wrapper whose step first does what `code` says, in a process of its own."""

    def make(code, **sections):
        (tmp_path / "trouble.py").write_text(
            "import faulthandler, os, time\n"
            "import gymnasium as gym\n"
            "class Trouble(gym.Wrapper):\n"
            "    steps, kept = 0, []\n"
            "    def step(self, action):\n"
            "        self.steps += 1\n"
            "        if self.steps > 300:\n"
            f"            {code}\n"
            "        return self.env.step(action)\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        wrapped = {"id": "CartPole-v1", "wrappers": [{"entry_point": "trouble:Trouble"}]}
        quiet = {"enabled": False, "final_episodes": 0}
        return cartpole(LONG, **{"environment": wrapped, "resources": OWN, "evaluation": quiet, **sections})

    return make


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_a_process_gives_the_numbers_of_a_thread(engine, cartpole, algorithm):
    steps, sections = 3_000, {}
    if algorithm == "sac":
        sac = {"name": "sac", "learning_starts": 100, "buffer_size": 700}
        sections = {"environment": {"id": "Pendulum-v1"}, "algorithm": sac, "policy": {"net_arch": [32, 32]}}
        steps = 900
    runs = [
        engine.manager.submit(cartpole(steps, resources={"executor": executor}, **sections)).id
        for executor in ("thread", "process")
    ]
    for run_id in runs:
        assert engine.manager.wait(run_id, 120)
        record = engine.manager.get(run_id)
        assert record.status == "completed", record.error
    thread, process = runs
    assert _points(engine, process) == _points(engine, thread)
    assert len(_points(engine, process)) > 10
    assert _episodes(engine, process) == _episodes(engine, thread)
    assert engine.manager.get(process).evaluation == engine.manager.get(thread).evaluation
    log = (engine.layout.run(process) / "log.txt").read_text()
    assert log.count("Preparing") == log.count("Completed.") == log.count("In a process of its own") == 1


def test_a_killed_process_fails_its_run_alone_and_the_run_goes_on_from_its_checkpoint(engine, cartpole, until):
    limits = {**OWN, "cpu_cores": 1, "nice": 3, "memory_limit_mb": 8_000}
    beside = engine.manager.submit(cartpole(LONG)).id
    quiet = {"enabled": False}
    config = cartpole(LONG, resources=limits, checkpoints=SAVES, evaluation=quiet)
    run_id = engine.manager.submit(config).id
    until(lambda: engine.store.checkpoints(run_id), 90)

    process = _process(engine, run_id)
    assert process.nice() == min(19, psutil.Process().nice() + 3)
    if hasattr(process, "cpu_affinity"):
        assert process.cpu_affinity() == [usable_cores()[-1]]
    assert engine.run_json(engine.manager.get(run_id))["process"]["memory"] > 100 * 2**20
    assert "process" not in engine.run_json(engine.manager.get(beside))

    process.kill()
    record = _failed(engine, run_id)
    assert record.reason.startswith(("Its process was ended by signal SIGKILL", "Its process was ended from outside"))
    assert "Resume goes on from its last checkpoint" in record.reason
    before = engine.manager.get(beside)
    until(lambda: engine.manager.get(beside).step > before.step)
    assert engine.manager.get(beside).status == "running"
    assert engine.manager.process(run_id) is None

    # On disk there may be one more than the program was told of.
    last = [each.step for each in checkpoints_in(engine.layout.run(run_id)) if each.damage is None][-1]
    engine.manager.resume(run_id)
    until(lambda: engine.manager.get(run_id).step > last, 90)
    engine.manager.stop(run_id)
    assert engine.manager.wait(run_id, 30)
    record = engine.manager.get(run_id)
    assert (record.status, record.rewinds) == ("stopped", 1)
    newest = max(engine.store.checkpoints(run_id), key=lambda each: each.step)
    assert (newest.kind, newest.step) == ("stop", record.step)
    assert f"Goes on from step {last:,}." in (engine.layout.run(run_id) / "log.txt").read_text()


@pytest.mark.alone
def test_a_pause_is_felt_within_a_fifth_of_a_second_and_a_stop_that_came_early_is_kept(engine, cartpole, until):
    run_id = engine.manager.submit(cartpole(LONG, resources=OWN)).id
    early = engine.manager.submit(cartpole(LONG, resources=OWN, checkpoints=SAVES)).id
    until(lambda: engine.manager.process(early), 90)
    engine.manager.stop(early)
    assert engine.manager.wait(early, 60)
    assert engine.manager.get(early).status == "stopped"

    until(lambda: engine.manager.get(run_id).step > 500, 90)
    waits = []
    for _ in range(7):
        asked = time.monotonic()
        engine.manager.pause(run_id)
        until(lambda: engine.manager.get(run_id).status == "paused")
        waits.append(time.monotonic() - asked)
        held_at = engine.manager.get(run_id).step
        engine.manager.resume(run_id)
        until(lambda: engine.manager.get(run_id).status == "running")
        until(lambda held_at=held_at: engine.manager.get(run_id).step > held_at)
    # On a machine whose cores are lent out the odd one waits for a core rather than for us.
    assert sorted(waits)[len(waits) // 2] < 0.2, waits

    engine.manager.pause(run_id)
    until(lambda: engine.manager.get(run_id).status == "paused")
    engine.manager.stop(run_id)
    assert engine.manager.wait(run_id, 30)
    assert engine.manager.get(run_id).status == "stopped"


def test_a_run_over_there_is_edited_and_made_longer_as_one_in_a_thread_is(engine, cartpole, until):
    config = cartpole(20_480, resources=OWN, checkpoints=SAVES, evaluation={"enabled": False})
    run_id = engine.manager.submit(config).id
    until(lambda: engine.manager.get(run_id).step > 500, 90)
    engine.manager.edit(run_id, {"algorithm.learning_rate": 1e-5})
    until(lambda: engine.manager.get(run_id).edits == 1)
    assert engine.manager.wait(run_id, 90)
    (edit,) = engine.store.config_edits(run_id)
    assert edit.changes == {"algorithm.learning_rate": [3e-4, 1e-5]}
    assert 500 < edit.step < 20_480

    engine.manager.extend(run_id, 22_528)
    assert engine.manager.wait(run_id, 90)
    record = engine.manager.get(run_id)
    assert (record.status, record.step) == ("completed", 22_528)
    rates = engine.store.metrics(run_id, ["train/learning_rate"], max_points=1_000).series["train/learning_rate"]
    expected = [3e-4 if step <= edit.step else 1e-5 for step in rates.steps]
    near = [abs(step - edit.step) <= 256 for step in rates.steps]  # a rollout's numbers come with the next one's
    assert all(beside or value == want for beside, value, want in zip(near, rates.values, expected, strict=True))
    assert len(set(rates.steps)) == len(rates.steps)


def test_a_run_that_takes_too_much_memory_is_ended_and_told_so(engine, troubled):
    run_id = engine.manager.submit(
        troubled("self.kept.append(bytearray(os.urandom(1)) * 2**22)", resources={**OWN, "memory_limit_mb": 700})
    ).id
    reason = _failed(engine, run_id).reason
    assert reason.startswith("It used 0.")
    assert "more than its limit of 0.68 GB (resources.memory_limit_mb)" in reason
    assert "Resume goes on from its last checkpoint" in reason


def test_a_crash_in_native_code_is_told_with_where_it_was(engine, troubled):
    record = _failed(engine, engine.manager.submit(troubled("faulthandler._sigsegv()")).id)
    assert "Its process crashed in native code" in record.reason
    assert "trouble.py" in record.error
    assert "trouble.py" in (engine.layout.run(record.id) / "log.txt").read_text()


def test_an_error_over_there_is_told_as_one_in_a_thread_is(engine, troubled):
    record = _failed(engine, engine.manager.submit(troubled("raise ValueError('the pole broke')")).id)
    assert record.reason.startswith("The environment CartPole-v1 raised ValueError: the pole broke after step ")
    assert "(in step of trouble.py, line " in record.reason
    assert 'File "' in record.error
    assert "trouble.py" in record.error
    assert not (engine.layout.run(record.id) / "crash.txt").exists()


def test_a_run_that_will_not_end_ends_with_the_program(tmp_path, troubled, until):
    engine, asleep = Engine(tmp_path / "outputs"), tmp_path / "asleep"
    run_id = engine.manager.submit(troubled(f"open({str(asleep)!r}, 'w').close(); time.sleep(1_000)")).id
    until(asleep.exists, 90)
    process = _process(engine, run_id)
    engine.manager.close(timeout=0.5)
    assert not process.is_running()
    record = engine.manager.get(run_id)
    assert (record.status, record.error) == ("interrupted", None)
    assert "did not save itself in time" in record.reason
    engine.close()


NEVER_BACK = """
import ctypes, pathlib
import gymnasium as gym

class NeverBack(gym.Wrapper):
    def step(self, action):
        pathlib.Path(__file__).with_name("gone").touch()
        ctypes.PyDLL(None).sleep(1_000)  # keeps the interpreter's lock
"""


def test_when_the_program_is_killed_nothing_of_its_runs_is_left(tmp_path):
    (tmp_path / "never_back.py").write_text(NEVER_BACK)
    stuck = {"id": "CartPole-v1", "wrappers": [{"entry_point": "never_back:NeverBack"}]}
    workers = {"id": "CartPole-v1", "n_envs": 2, "backend": "subprocess"}
    server = Server(tmp_path, environment={"PYTHONPATH": str(tmp_path)})
    try:
        server.wait_until_up()
        run_id = _post(server, workers)
        # What keeps the interpreter for itself reads no pipe; only Linux can end it for us.
        if sys.platform == "linux":
            _post(server, stuck)
            wait_until((tmp_path / "gone").exists)
        wait_until(lambda: server.api("GET", f"/api/runs/{run_id}")["step"] > 100)
        started = psutil.Process(server.process.pid).children(recursive=True)
        assert server.api("GET", f"/api/runs/{run_id}")["process"]["pid"] in [each.pid for each in started]
        assert len(started) >= 3
    finally:
        server.kill()
    wait_until(lambda: not any(_lives(each) for each in started), 10.0)


def _post(server, environment):
    training = {"total_timesteps": LONG, "torch_threads": 1}
    config = {"environment": environment, "training": training, "video": {"enabled": False}, "resources": OWN}
    return server.api("POST", "/api/runs", {"config": config})["id"]


def _lives(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_process_ends_with_the_run_that_started_it(engine, cartpole, until):
    environment = {"id": "CartPole-v1", "n_envs": 2, "backend": "subprocess"}
    run_id = engine.manager.submit(cartpole(LONG, environment=environment, resources=OWN)).id
    until(lambda: engine.manager.get(run_id).step > 100, 90)
    process = _process(engine, run_id)
    workers = process.children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    _failed(engine, run_id)
    until(lambda: not any(_lives(each) for each in workers))
