"""Pruning says beforehand what goes and what the disk gets back, takes that and nothing else."""

import shutil

import pytest

from tests.tools.conftest import train
from trainer import whole_files
from trainer.config import load_config
from trainer.engine import Engine
from trainer.errors import ConflictError, NotFoundError
from trainer.runs.checkpoints import checkpoints_in
from trainer.tools.progress import Progress
from trainer.tools.pruning import plan, preview, prune
from trainer.tools.subject import Subject
from trainer.tools.tasks import Prune
from trainer.whole_files import sealed


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "outputs")
    yield engine
    engine.close()


def looked_at(engine, **wanted):
    return preview(engine.manager, engine.layout, Prune(**wanted), Progress())


def done(engine, **wanted):
    return prune(engine.manager, engine.layout, Prune(**wanted), engine.store.emit, Progress())


def steps(engine, run_id):
    return [each.step for each in checkpoints_in(engine.layout.run(run_id))]


def taken(engine):
    """Bytes that the runs take on the disk, a file under several names counted once."""
    files = {}
    for path in engine.layout.runs.rglob("*"):
        if path.is_file():
            status = path.stat()
            files[status.st_ino] = status.st_size
    return sum(files.values())


def test_the_preview_changes_nothing_and_foretells_the_bytes_that_come_free(engine):
    run_id = train(engine, "pendulum")
    before, all_steps = taken(engine), steps(engine, run_id)
    foretold = looked_at(engine, run=run_id, milestones=False)
    assert (taken(engine), steps(engine, run_id)) == (before, all_steps)
    assert foretold["checkpoint_count"] == len(all_steps) - len(foretold["runs"][0]["kept"]) > 0
    result = done(engine, run=run_id, milestones=False)
    assert result["freed_bytes"] == foretold["freed_bytes"] == before - taken(engine)
    assert steps(engine, run_id) == [each["step"] for each in foretold["runs"][0]["kept"]]


def test_what_is_called_the_best_is_what_keeping_the_best_keeps(engine, tmp_path):
    # Of equal ones the later is the best, though the earlier was saved as it.
    folder = tmp_path / "run" / "checkpoints"
    for step, kind, mean in ((20, "best", 500.0), (32, "milestone", 500.0), (40, "final", 9.0)):
        (folder / f"step_{step}").mkdir(parents=True)
        about = {"step": step, "kind": kind, "mean_return": mean, "run": "run"}
        (folder / f"step_{step}" / "checkpoint.json").write_text(sealed(about), encoding="utf-8")
    run = engine.manager.submit(load_config({}), start=False)
    found = plan(run, tmp_path / "run", Prune(milestones=False)).as_json()
    assert [(each["step"], each["best"]) for each in found["checkpoints"]] == [(20, False)]
    assert [(each["step"], each["best"]) for each in found["kept"]] == [(32, True), (40, False)]


def test_the_store_knows_and_the_run_goes_on_from_what_is_left(engine):
    run_id = train(engine, "pendulum")
    done(engine, run=run_id, best=False, milestones=False, replay=False)
    engine.store.flush()
    assert [each.step for each in engine.store.checkpoints(run_id)] == steps(engine, run_id) == [300]
    assert checkpoints_in(engine.layout.run(run_id))[0].has_replay
    engine.manager.extend(run_id, 350)
    assert engine.manager.wait(run_id, 60)
    assert engine.manager.get(run_id).step == 350


def test_replay_buffers_alone_may_go(engine):
    run_id = train(engine, "pendulum")
    all_steps = steps(engine, run_id)
    foretold = looked_at(engine, run=run_id, newest=10, replay=False)
    assert foretold["checkpoint_count"] == 0
    assert foretold["replay_count"] > 0
    done(engine, run=run_id, newest=10, replay=False)
    assert steps(engine, run_id) == all_steps
    found = checkpoints_in(engine.layout.run(run_id))
    assert [each.has_replay for each in found] == [False] * (len(found) - 1) + [True]
    assert all(each.damage is None for each in found)
    engine.store.flush()
    known = {each.step: each.size_bytes for each in engine.store.checkpoints(run_id)}
    assert known == {each.step: each.size_bytes for each in found}


def test_a_fork_keeps_what_its_parent_loses(engine):
    parent = train(engine, "cartpole")
    first = steps(engine, parent)[0]
    fork = engine.manager.fork(parent, step=first, overrides={"training.total_timesteps": 10_000}, start=False)
    foretold = looked_at(engine, run=parent, best=False, milestones=False)
    done(engine, run=parent, best=False, milestones=False)
    assert first not in steps(engine, parent)
    assert foretold["shared_bytes"] > 0
    assert Subject.read(engine.layout.run(fork.id), first).step == first
    # It waits for its start, so it is no run that has ended.
    assert looked_at(engine)["run_count"] == 0
    with pytest.raises(ConflictError, match="queued"):
        done(engine, run=fork.id)


def test_of_all_ended_runs_those_with_nothing_to_lose_are_left_out(engine):
    runs = [train(engine, "cartpole") for _ in range(2)]
    done(engine, run=runs[0], best=False, milestones=False)
    foretold = looked_at(engine, best=False, milestones=False)
    assert [each["run"] for each in foretold["runs"]] == [runs[1]]
    result = done(engine, best=False, milestones=False)
    assert (result["runs"], result["skipped"]) == (1, [])
    assert all(len(steps(engine, run)) == 1 for run in runs)


def test_a_run_whose_newest_checkpoint_is_damaged_keeps_the_older_ones(engine):
    run_id = train(engine, "cartpole")
    before = steps(engine, run_id)
    model = checkpoints_in(engine.layout.run(run_id))[-1].path / "model.zip"
    model.write_bytes(b"damaged")
    result = done(engine, run=run_id, best=False, milestones=False)
    assert steps(engine, run_id) == before
    assert "model.zip is not as it was written" in result["skipped"][0]


@pytest.mark.parametrize("again", [True, False])
def test_a_removal_that_was_cut_short_is_brought_to_its_end(engine, again):
    run_id = train(engine, "cartpole")
    first, *others = steps(engine, run_id)
    folder = engine.layout.run(run_id) / "checkpoints"
    # Killed after the rename of a removal, in the middle of the deletion.
    (folder / f"step_{first}").rename(folder / f".step_{first}.removed")
    (folder / f"step_{others[-1]}" / ".replay.removed").mkdir()
    done(engine, run=run_id, newest=100) if again else engine.manager.take_in_found()
    assert sorted(folder.rglob(".*")) == []
    engine.store.flush()
    assert [each.step for each in engine.store.checkpoints(run_id)] == steps(engine, run_id) == others


def test_only_what_was_deleted_is_counted(engine, monkeypatch):
    run_id = train(engine, "pendulum")
    foretold = looked_at(engine, run=run_id, newest=2, best=False, milestones=False, replay=False)
    assert (foretold["checkpoint_count"], foretold["replay_count"]) == (2, 1)
    gone = foretold["runs"][0]["checkpoints"][0]["step"]
    before, remove = taken(engine), whole_files.remove

    def refused(folder):
        if folder.name != f"step_{gone}":
            raise PermissionError(13, "in use")
        return remove(folder)

    monkeypatch.setattr(whole_files, "remove", refused)
    result = done(engine, run=run_id, newest=2, best=False, milestones=False, replay=False)
    assert (result["checkpoints"], result["replays"]) == (1, 0)
    assert result["freed_bytes"] == before - taken(engine) < foretold["freed_bytes"]
    assert len(result["skipped"]) == 2


def test_a_run_that_is_deleted_meanwhile_ends_no_pruning(engine, monkeypatch):
    runs = [train(engine, "cartpole") for _ in range(2)]
    get = engine.manager.get

    def gone(run_id):
        if run_id == runs[1]:
            raise NotFoundError("There is no run.")
        return get(run_id)

    monkeypatch.setattr(engine.manager, "get", gone)
    assert done(engine, best=False, milestones=False)["runs"] == 1


def test_a_run_that_lives_looks_after_its_checkpoints_itself(engine):
    record = engine.manager.submit(load_config({}), start=False)
    with pytest.raises(ConflictError, match="until it has ended"):
        looked_at(engine, run=record.id)


def test_a_directory_that_is_gone_is_no_fault(engine):
    run_id = train(engine, "cartpole")
    shutil.rmtree(engine.layout.run(run_id) / "checkpoints")
    assert looked_at(engine)["checkpoint_count"] == 0
