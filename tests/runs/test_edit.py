"""Editing runs that wait, train or are paused: what is accepted, when it holds, what is kept of it."""

import json

import pytest

from tests.run_endings import ended
from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.events import StateChanged
from trainer.runs.cadence import Cadence

LONG = 10_000_000
RATE = "algorithm.learning_rate"


def _points(engine, run_id, name):
    series = engine.store.metrics(run_id, [name], max_points=20_000).series[name]
    return list(zip(series.steps, series.values, strict=True))


def _edits(engine, run_id):
    engine.store.flush()
    return engine.store.config_edits(run_id)


def _running(engine, config, until):
    run_id = engine.manager.submit(config).id
    until(lambda: engine.manager.get(run_id).status == "running" and engine.manager.get(run_id).step > 500)
    return run_id


def _faults(refused):
    return {fault.field: f"{fault.message} {fault.hint or ''}" for fault in refused.value.faults}


def test_a_running_run_trains_with_the_new_value_from_the_step_that_its_history_names(engine, cartpole, until):
    run_id = _running(engine, cartpole(LONG), until)
    record = engine.manager.edit(run_id, {RATE: 1e-5, "evaluation.frequency": 5_000})
    assert record.id == run_id
    until(lambda: engine.manager.get(run_id).edits == 1)
    (edit,) = _edits(engine, run_id)
    assert edit.changes == {RATE: [3e-4, 1e-5], "evaluation.frequency": [1_000, 5_000]}
    until(lambda: engine.manager.get(run_id).step > edit.step + 2_000)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    rates = _points(engine, run_id, "train/learning_rate")
    # A rollout's numbers are logged with the next one's, at its end.
    assert {rate for step, rate in rates if step <= edit.step} == {3e-4}
    assert {rate for step, rate in rates if step > edit.step + 256} == {1e-5}
    assert engine.store.run_config(run_id)["algorithm"]["learning_rate"] == 1e-5
    directory = engine.layout.run(run_id)
    assert json.loads((directory / "config.json").read_text())["algorithm"]["learning_rate"] == 1e-5
    assert "algorithm.learning_rate=1e-05" in (directory / "command.txt").read_text()
    assert f"Edited at step {edit.step:,}: evaluation.frequency" in (directory / "log.txt").read_text() or (
        f"Edited at step {edit.step:,}: algorithm.learning_rate" in (directory / "log.txt").read_text()
    )


def test_a_schedule_goes_by_the_progress_of_the_whole_run(engine, cartpole, until):
    run_id = _running(engine, cartpole(20_000), until)
    engine.manager.edit(run_id, {RATE: "lin_0.01"})
    ended(engine, run_id)
    (edit,) = _edits(engine, run_id)
    later = [(step, rate) for step, rate in _points(engine, run_id, "train/learning_rate") if step > edit.step + 256]
    assert later
    for step, rate in later:
        # Logged one rollout later than it was used.
        assert rate == pytest.approx(0.01 * (1 - (step - 256) / 20_000))


def test_a_paused_run_takes_edits_at_once_and_follows_them_when_it_goes_on(engine, cartpole, until):
    run_id = _running(engine, cartpole(LONG), until)
    engine.manager.pause(run_id)
    until(lambda: engine.manager.get(run_id).status == "paused")
    engine.manager.edit(run_id, {"algorithm.gamma": 0.9})
    engine.manager.edit(run_id, {"algorithm.ent_coef": 0.01})
    assert engine.manager.config(run_id)["algorithm"]["gamma"] == 0.9
    assert engine.manager.config(run_id)["algorithm"]["ent_coef"] == 0.01
    assert _edits(engine, run_id) == []
    engine.manager.resume(run_id)
    until(lambda: engine.manager.get(run_id).edits == 1)
    (edit,) = _edits(engine, run_id)
    assert edit.changes == {"algorithm.gamma": [0.99, 0.9], "algorithm.ent_coef": [0.0, 0.01]}
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")


def test_a_stop_does_not_lose_what_was_accepted_while_paused(engine, cartpole, until):
    run_id = _running(engine, cartpole(LONG), until)
    engine.manager.pause(run_id)
    until(lambda: engine.manager.get(run_id).status == "paused")
    engine.manager.edit(run_id, {"algorithm.gamma": 0.9})
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    assert engine.store.run_config(run_id)["algorithm"]["gamma"] == 0.9
    assert len(_edits(engine, run_id)) == 1


def test_a_waiting_run_begins_with_what_it_was_changed_to(engine, cartpole):
    run_id = engine.manager.submit(cartpole(512), start=False).id
    engine.manager.edit(run_id, {RATE: 0.0})
    assert engine.store.run_config(run_id)["algorithm"]["learning_rate"] == 0.0
    directory = engine.layout.run(run_id)
    assert json.loads((directory / "config.json").read_text())["algorithm"]["learning_rate"] == 0.0
    engine.manager.start(run_id)
    record = ended(engine, run_id)
    assert {rate for _, rate in _points(engine, run_id, "train/learning_rate")} == {0.0}
    assert record.edits == 0


def test_what_cannot_change_is_refused_with_every_reason_and_nothing_is_changed(engine, cartpole, until):
    run_id = _running(engine, cartpole(LONG), until)
    before = engine.manager.config(run_id)
    with pytest.raises(ConfigError) as refused:
        engine.manager.edit(run_id, {RATE: 1e-4, "algorithm.n_epochs": 3, "training.seed": 5, "video.every_steps": 9})
    faults = _faults(refused)
    assert set(faults) == {"algorithm.n_epochs", "training.seed", "video.every_steps"}
    assert "Fork the run" in faults["algorithm.n_epochs"]
    assert "video is off" in faults["video.every_steps"]
    for overrides, field in (
        ({RATE: -1}, RATE),
        ({"algorithm.gama": 0.9}, "algorithm.gama"),
        ({"algorithm.batch_size": 100_000}, "algorithm.batch_size"),
        ({"algorithm.name": "a2c"}, "algorithm.name"),
        ({"name": "other"}, "name"),
    ):
        with pytest.raises(ConfigError) as refused:
            engine.manager.edit(run_id, overrides)
        assert set(_faults(refused)) == {field}
    engine.manager.edit(run_id, {RATE: 3e-4})
    assert engine.manager.config(run_id) == before
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    assert _edits(engine, run_id) == []


@pytest.mark.parametrize(("has", "wanted", "reason"), [("auto", 0.1, "learned"), (0.2, "auto_0.1", "fixed number")])
def test_whether_sac_learns_its_entropy_coefficient_stays_as_it_is(engine, cartpole, has, wanted, reason):
    algorithm = {"name": "sac", "ent_coef": has, "buffer_size": 1_000}
    config = cartpole(LONG, algorithm=algorithm, environment={"id": "Pendulum-v1"})
    run_id = engine.manager.submit(config, start=False).id
    with pytest.raises(ConfigError, match=reason):
        engine.manager.edit(run_id, {"algorithm.ent_coef": wanted})


def test_an_ended_or_unknown_run_is_not_edited(engine, cartpole):
    run_id = engine.manager.submit(cartpole(256)).id
    record = ended(engine, run_id)
    with pytest.raises(ConflictError, match="resume it and edit it then, or fork it"):
        engine.manager.edit(run_id, {RATE: 1e-4})
    assert "fork" in engine.manager.actions(record)["edit"]
    with pytest.raises(NotFoundError):
        engine.manager.edit("nobody", {RATE: 1e-4})


def test_a_run_that_goes_back_before_an_edit_goes_on_with_the_newest_settings(engine, cartpole, until):
    saves = {"every_steps": 2_048, "every_seconds": None, "keep": 50}
    algorithm = {"name": "sac", "learning_starts": 100, "buffer_size": 3_000, "ent_coef": 0.2, "train_freq": 64}
    config = cartpole(
        LONG,
        algorithm=algorithm,
        environment={"id": "Pendulum-v1", "n_envs": 2},
        checkpoints=saves,
        evaluation={"enabled": False},
    )
    run_id = engine.manager.submit(config).id
    until(lambda: engine.store.checkpoints(run_id))
    first = engine.store.checkpoints(run_id)[0]
    engine.manager.edit(run_id, {"algorithm.ent_coef": 0.05, RATE: 1e-5})
    until(lambda: engine.manager.get(run_id).edits == 1)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    (edit,) = _edits(engine, run_id)
    assert edit.step > first.step
    for later in engine.store.checkpoints(run_id)[1:]:
        (engine.layout.run(run_id) / later.path / "state.npz").write_bytes(b"torn")
    engine.store.commit(StateChanged(run_id, status="interrupted"))
    engine.manager.resume(run_id)
    until(lambda: engine.manager.get(run_id).rewinds and engine.manager.get(run_id).step > first.step + 3_000)
    engine.manager.stop(run_id)
    ended(engine, run_id, "stopped")
    (moved,) = _edits(engine, run_id)
    assert (moved.step, moved.changes) == (first.step, edit.changes)
    for name, value in (("train/ent_coef", 0.05), ("train/learning_rate", 1e-5)):
        assert {round(point, 6) for step, point in _points(engine, run_id, name) if step > first.step + 800} == {value}


def test_another_interval_neither_fires_at_once_nor_forgets_what_is_due():
    cadence = Cadence(every_steps=1_000)
    cadence.done(5_000, 0.0)
    cadence.change_interval(100, 5_450)
    assert [cadence.due(step, 0.0) for step in (5_450, 5_499, 5_500)] == [None, None, "periodic"]
    cadence.done(5_500, 0.0)
    cadence.change_interval(10_000, 5_550)
    assert [cadence.due(step, 0.0) for step in (5_550, 9_999, 10_000)] == [None, None, "periodic"]
    cadence.change_interval(50_000, 10_010)
    assert cadence.due(10_010, 0.0) == "periodic"
    cadence.done(10_010, 0.0)
    cadence.change_interval(None, 10_020)
    assert cadence.due(10**9, 0.0) is None


def test_a_checkpoint_from_before_an_edit_does_not_bring_the_old_interval_back():
    old = Cadence(every_steps=1_000)
    old.done(5_000, 0.0)
    for every, first in ((100, 5_100), (20_000, 20_000)):
        new = Cadence(every_steps=every)
        new.restore(old.state(), 5_000)
        assert [new.due(step, 0.0) for step in (5_000, first - 1, first)] == [None, None, "periodic"]
