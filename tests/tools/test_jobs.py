"""Tasks of the server: done beside it, known by id, cancelled without a trace, told in words when they fail."""

import shutil
import time

import pytest

from tests.tools.conftest import train
from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.media.parts import part_of
from trainer.runs.checkpoints import checkpoints_in
from trainer.tools import pruning
from trainer.tools.jobs import ToolJobs
from trainer.tools.progress import Progress
from trainer.tools.results import evaluations_in, exports_in
from trainer.tools.subject import Subject
from trainer.tools.tasks import Card, Evaluate, Export, Render, read_task
from trainer.tools.work import perform


@pytest.fixture
def submit(trained_engine, cartpole_run):
    def submit(**task):
        return trained_engine.tools.submit(read_task({"run": cartpole_run, **task}))["id"]

    return submit


def ended(engine, job_id):
    job = engine.tools.wait(job_id, 60)
    assert job["ended_at"] is not None, job
    return job


def test_an_evaluation_is_done_in_a_process_of_its_own_and_kept(trained_engine, cartpole_run, submit):
    job = ended(trained_engine, submit(kind="evaluate", episodes=4, seeds=[0, 1]))
    assert job["state"] == "done", job["error"]
    assert job["result"]["all"]["episodes"] == 8
    assert job["progress"] == 1.0
    assert job["result"]["file"] in [each["file"] for each in evaluations_in(trained_engine.layout.run(cartpole_run))]


def test_recorded_episodes_appear_among_the_runs_videos(trained_engine, cartpole_run, submit):
    job = ended(trained_engine, submit(kind="render", episodes=2, max_length=40))
    assert job["state"] == "done", job["error"]
    trained_engine.store.flush()
    known = {each.path: each for each in trained_engine.store.videos(cartpole_run).items}
    assert (len(job["result"]["videos"]), job["progress"]) == (2, 1.0)
    for video in job["result"]["videos"]:
        assert known[video["path"]].episode_return == video["episode_return"]
        assert (trained_engine.layout.run(cartpole_run) / video["path"]).stat().st_size == video["size_bytes"]


def test_a_cancelled_task_leaves_nothing(trained_engine, cartpole_run, submit):
    directory = trained_engine.layout.run(cartpole_run)
    before = evaluations_in(directory), exports_in(directory)
    job_id = submit(kind="evaluate", episodes=10_000, seeds=[0, 1, 2])
    while trained_engine.tools.get(job_id)["progress"] == 0.0:
        time.sleep(0.02)
    running = trained_engine.tools.get(job_id)
    assert running["state"] == "running"
    assert running["eta_seconds"] > 0
    assert "of 30,000" in running["words"]
    trained_engine.tools.cancel(job_id)
    assert ended(trained_engine, job_id)["state"] == "cancelled"
    assert (evaluations_in(directory), exports_in(directory)) == before
    with pytest.raises(ConflictError, match="cancelled already"):
        trained_engine.tools.cancel(job_id)


def test_two_tasks_go_at_once_and_the_others_wait_their_turn(trained_engine, submit):
    jobs = [submit(kind="evaluate", episodes=10_000) for _ in range(3)]
    states = [trained_engine.tools.get(job)["state"] for job in jobs]
    deadline = time.monotonic() + 20
    while states.count("running") < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
        states = [trained_engine.tools.get(job)["state"] for job in jobs]
    assert sorted(states) == ["running", "running", "waiting"]
    for job in jobs:
        trained_engine.tools.cancel(job)
    assert {ended(trained_engine, job)["state"] for job in jobs} == {"cancelled"}


def test_a_process_that_is_killed_fails_its_task_alone(trained_engine, submit):
    job_id = submit(kind="evaluate", episodes=10_000)
    while trained_engine.tools.get(job_id)["progress"] == 0.0:
        time.sleep(0.02)
    trained_engine.tools._find(job_id).process.kill()
    job = ended(trained_engine, job_id)
    assert job["state"] == "failed"
    assert "ended by itself" in job["error"]


def test_a_run_is_not_deleted_while_a_task_works_on_it(trained_engine):
    run_id = train(trained_engine, "cartpole")
    directory, job = trained_engine.layout.run(run_id), {"kind": "evaluate", "run": run_id, "episodes": 10_000}
    job_id = trained_engine.tools.submit(read_task(job))["id"]
    with pytest.raises(ConflictError, match=f"evaluate {job_id}"):
        trained_engine.manager.delete(run_id)
    assert all(each.damage is None for each in checkpoints_in(directory))
    trained_engine.tools.cancel(job_id)
    ended(trained_engine, job_id)
    trained_engine.manager.delete(run_id)
    assert [path.name for path in directory.parent.iterdir() if run_id in path.name] == []


def test_no_task_begins_with_a_run_that_is_being_deleted(trained_engine, cartpole_run, submit):
    with trained_engine.manager.holds.none_of(cartpole_run), pytest.raises(ConflictError, match="being deleted"):
        submit(kind="evaluate")


@pytest.mark.parametrize("task", [Export, Render, Evaluate, Card])
def test_a_tool_makes_nothing_where_a_run_was_deleted_meanwhile(
    trained_engine, cartpole_run, tmp_path, monkeypatch, task
):
    directory = tmp_path / "run"
    shutil.copytree(trained_engine.layout.run(cartpole_run), directory, ignore=shutil.ignore_patterns("evaluations"))
    model = Subject.model

    def deleted_then(self, *arguments, **options):
        made = model(self, *arguments, **options)
        directory.rename(tmp_path / "deleted")
        return made

    monkeypatch.setattr(Subject, "model", deleted_then)
    with pytest.raises(ConflictError, match="deleted meanwhile"):
        perform(
            task(run="run", **({"format": "torchscript"} if task is Export else {"episodes": 1})), directory, Progress()
        )
    assert not directory.exists()


def test_a_killed_process_leaves_no_half_video_and_those_of_others_stay(trained_engine, cartpole_run, submit):
    folder = trained_engine.layout.run(cartpole_run) / "videos"
    folder.mkdir(exist_ok=True)
    ours = part_of(folder / "step_0000000001.mp4")  # as a run that is filmed in this process has it
    ours.write_bytes(b"half")
    job_id = submit(kind="render", max_length=100_000, episodes=50)
    while len(list(folder.glob(".*.part"))) < 2:
        time.sleep(0.02)
    trained_engine.tools._find(job_id).process.kill()
    assert ended(trained_engine, job_id)["state"] == "failed"
    assert list(folder.glob(".*")) == [ours]
    ours.unlink()


def test_what_cannot_be_done_is_refused_at_once(trained_engine, submit):
    with pytest.raises(ConfigError) as caught:
        submit(kind="evaluate", checkpoint=7)
    assert caught.value.faults[0].field == "checkpoint"
    with pytest.raises(NotFoundError):
        trained_engine.tools.submit(read_task({"kind": "card", "run": "nobody"}))
    with pytest.raises(NotFoundError, match="restart of the server"):
        trained_engine.tools.get("gone")


def test_every_fault_of_a_task_is_named(trained_engine):
    with pytest.raises(ConfigError) as caught:
        read_task({"kind": "evaluate", "run": "x", "epsodes": 3, "seeds": []})
    faults = {fault.field: fault for fault in caught.value.faults}
    assert set(faults) == {"epsodes", "seeds"}
    assert "episodes" in faults["epsodes"].hint
    assert faults["seeds"].message == "needs a value"
    with pytest.raises(ConfigError) as caught:
        read_task({"kind": "evaluate", "run": "x", "episodes": "abc", "seeds": [0, "x"]})
    told = {fault.field: fault.message for fault in caught.value.faults}
    assert told["episodes"] == "must be a whole number, not the text 'abc'"
    assert told["seeds"] == "must be a whole number, not the text 'x'"
    for kind in ("evalute", ["evaluate"]):
        with pytest.raises(ConfigError, match="no tool"):
            read_task({"kind": kind})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"seeds": [3, 1, 3]}, "has 3 more than once"),
        ({"episodes": "2"}, "must be a whole number"),
        ({"checkpoint": True}, "must be a whole number, not true"),
        ({"deterministic": "off"}, "must be true or false"),
    ],
)
def test_no_episode_counts_twice_and_no_type_is_taken_for_another(wrong, why):
    with pytest.raises(ConfigError, match=why):
        read_task({"kind": "evaluate", "run": "x", **wrong})


def test_closing_waits_until_what_is_being_pruned_is_told(trained_engine, cartpole_run, monkeypatch):
    told = []

    def prune(_manager, _layout, _wanted, emit, progress):
        while not progress.cancelled:
            time.sleep(0.01)
        time.sleep(0.3)  # the rest of a checkpoint
        emit("removed")
        return {"cancelled": True}

    monkeypatch.setattr(pruning, "prune", prune)
    monkeypatch.setattr(trained_engine.store, "emit", told.append)
    tools = ToolJobs(trained_engine.store, trained_engine.layout, trained_engine.manager)
    job_id = tools.submit(read_task({"kind": "prune", "run": cartpole_run}))["id"]
    while tools.get(job_id)["state"] != "running":
        time.sleep(0.01)
    tools.close()
    assert told == ["removed"]
    with pytest.raises(ConflictError):
        tools.submit(read_task({"kind": "prune", "run": cartpole_run}))
