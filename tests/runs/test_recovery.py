"""What a crash, a copy or a damaged disk leaves behind is gone on with, and nothing of it is thrown away."""

import json
import os
import platform
import shutil
import time
from urllib.parse import quote

import pytest

from tests.run_endings import ended
from trainer.engine import Engine
from trainer.envs.state import write_object
from trainer.events import StateChanged
from trainer.runs.checkpoints import checkpoints_in
from trainer.runs.ownership import SignOfLife, is_alive

SAVES = {"every_steps": 512, "every_seconds": None, "keep": 3}
ELSEWHERE = "another-machine:1:1.00"


def _stopped(engine, config, until):
    run_id = engine.manager.submit(config).id
    until(lambda: engine.manager.get(run_id).step > 1_500)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    return run_id


def _left_running(engine, run_id, owner):
    """Have a run look as if `owner` had been at work on it."""
    engine.store.commit(StateChanged(run_id, status="running", owner=owner))


def test_a_folder_that_was_copied_from_another_machine_goes_on(engine, cartpole, until):
    run_id = _stopped(engine, cartpole(3_000, checkpoints=SAVES), until)
    _left_running(engine, run_id, ELSEWHERE)
    assert engine.manager.recover() == (run_id,)
    newest = checkpoints_in(engine.layout.run(run_id))[-1]
    assert f"Resume goes on from its checkpoint of step {newest.step:,};" in engine.manager.get(run_id).reason
    engine.manager.resume(run_id)
    ended(engine, run_id)


def test_a_process_of_another_machine_that_shares_the_folder_is_left_alone(tmp_path):
    signs = SignOfLife(tmp_path)
    signs.give()
    assert not is_alive(ELSEWHERE, signs)
    theirs = tmp_path / ".alive" / quote(ELSEWHERE, safe="")
    theirs.touch()
    assert is_alive(ELSEWHERE, signs)
    long_ago = time.time() - 600
    os.utime(theirs, (long_ago, long_ago))
    assert not is_alive(ELSEWHERE, signs)


def test_a_run_of_a_shared_database_whose_directory_is_elsewhere_is_left_alone(engine, cartpole, until):
    run_id = _stopped(engine, cartpole(3_000, checkpoints=SAVES), until)
    shutil.rmtree(engine.layout.run(run_id))
    _left_running(engine, run_id, ELSEWHERE)
    assert engine.manager.recover() == ()


def test_the_directory_of_a_single_run_goes_on_in_another_outputs_folder(tmp_path, engine, cartpole, until):
    config = cartpole(3_000, checkpoints=SAVES)
    run_id = _stopped(engine, config, until)
    (tmp_path / "other" / "runs").mkdir(parents=True)
    shutil.copytree(engine.layout.run(run_id), tmp_path / "other" / "runs" / run_id)
    straight = engine.manager.submit(config).id
    ended(engine, straight)
    other = Engine(tmp_path / "other")
    try:
        record = other.manager.get(run_id)
        assert (record.status, record.reason.split(".")[0]) == ("interrupted", "Found in the outputs folder")
        assert other.store.checkpoints(run_id)
        other.manager.resume(run_id)
        there = ended(other, run_id)
    finally:
        other.close()
    expected = engine.manager.get(straight)
    assert (there.episodes, there.return_mean) == (expected.episodes, expected.return_mean)
    assert there.evaluation == expected.evaluation


def test_checkpoints_that_cannot_be_read_do_not_cost_the_curves(engine, cartpole, until):
    run_id = _stopped(engine, cartpole(3_000, checkpoints=SAVES), until)
    for path in engine.layout.run(run_id).glob("checkpoints/step_*/checkpoint.json"):
        path.unlink()
    episodes = engine.manager.get(run_id).episodes
    engine.manager.resume(run_id)
    record = ended(engine, run_id, "failed")
    assert "Restart trains the same configuration" in record.reason
    assert record.episodes == episodes
    assert engine.store.metrics(run_id).series


def test_a_torn_checkpoint_gives_way_when_its_step_comes_again(engine, cartpole, until):
    run_id = _stopped(engine, cartpole(3_072, checkpoints=SAVES), until)
    newest = checkpoints_in(engine.layout.run(run_id))[-1]
    (newest.path / "checkpoint.json").write_text('{"step": 15, "ki')
    engine.manager.resume(run_id)
    ended(engine, run_id)


def test_when_only_the_replay_buffer_is_damaged_everything_else_goes_on(engine, cartpole, until):
    algorithm = {"name": "dqn", "learning_starts": 100, "buffer_size": 700, "train_freq": 4}
    run_id = _stopped(engine, cartpole(3_000, algorithm=algorithm, checkpoints=SAVES), until)
    for path in engine.layout.run(run_id).glob("checkpoints/step_*/replay/rewards.0"):
        path.write_bytes(b"rotten")
    engine.manager.resume(run_id)
    ended(engine, run_id)
    log = (engine.layout.run(run_id) / "log.txt").read_text()
    assert "only the replay buffer is damaged" in log
    assert "The replay buffer starts empty" in log
    assert "begins again" not in log


def test_a_milestone_that_is_also_the_best_so_far_stays(engine, cartpole):
    config = cartpole(
        2_560,
        evaluation={"frequency": 256, "episodes": 1, "final_episodes": 0},
        checkpoints={"milestones": True, "every_seconds": None, "keep": 1},
    )
    run_id = engine.manager.submit(config).id
    ended(engine, run_id)
    assert len(checkpoints_in(engine.layout.run(run_id))) == 10


def test_what_the_end_of_the_program_cut_short_goes_on_by_itself(tmp_path, cartpole, until):
    engine = Engine(tmp_path / "outputs")
    run_id = engine.manager.submit(cartpole(20_000, checkpoints=SAVES)).id
    until(lambda: engine.manager.get(run_id).step > 1_000)
    engine.close()
    again = Engine(tmp_path / "outputs", auto_resume=True)
    try:
        ended(again, run_id)
        assert again.manager.get(run_id).rewinds == 1
    finally:
        again.close()


def test_interrupted_runs_go_on_before_those_that_only_waited(tmp_path, cartpole, until):
    engine = Engine(tmp_path / "outputs")
    waiting = engine.manager.submit(cartpole(512), start=False).id
    interrupted = _stopped(engine, cartpole(10_000_000, checkpoints=SAVES), until)
    engine.close()
    other = Engine(tmp_path / "outputs", recover=False, slots=1)
    try:
        _left_running(other, interrupted, f"{platform.node()}:1:1.0")
        other.store.commit(StateChanged(waiting, status="queued", owner=f"{platform.node()}:1:1.0"))
        assert other.manager.recover(go_on=True) == (interrupted,)
        until(lambda: other.manager.get(interrupted).status == "running")
        assert other.manager.get(waiting).status == "queued"
        other.manager.stop(interrupted)
        ended(other, waiting)
    finally:
        other.close()


def test_the_store_learns_which_checkpoints_there_really_are(engine, cartpole, until):
    run_id = _stopped(engine, cartpole(20_000, checkpoints=SAVES), until)
    there = checkpoints_in(engine.layout.run(run_id))
    shutil.rmtree(there[0].path)
    engine.manager.resume(run_id)
    until(lambda: all((engine.layout.run(run_id) / each.path).is_dir() for each in engine.store.checkpoints(run_id)))
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../outside", "pipe"])
def test_a_list_of_files_from_a_stranger_leads_nowhere(engine, cartpole, until, name):
    run_id = _stopped(engine, cartpole(20_000, checkpoints=SAVES), until)
    (newest,) = checkpoints_in(engine.layout.run(run_id))[-1:]
    if name == "pipe" and hasattr(os, "mkfifo"):
        os.mkfifo(newest.path / name)
    manifest = newest.path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), name: "0" * 64}))
    assert newest.damage == f"{name} is not there"


def test_a_state_from_a_stranger_changes_no_class():
    class Thing:
        pass

    thing = Thing()
    with pytest.raises(ValueError, match="__class__"):
        write_object(thing, {"__class__": {"attributes of the object": {"step": 1}}})
    assert not hasattr(Thing, "step")
