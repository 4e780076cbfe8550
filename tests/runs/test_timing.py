"""The timing tree books every moment once, leaves waits out, and costs next to nothing."""

import time

import pytest

from trainer import timing
from trainer.timing import BRANCHES, Timing, shares


def test_laps_are_booked_where_they_are_told(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    clock = Timing()
    now[0] = 11.0
    clock.lap(timing.INFERENCE)
    now[0] = 13.5
    clock.skip(1.5)
    clock.lap(timing.ENVIRONMENT)
    now[0] = 20.0
    clock.start()
    now[0] = 20.5
    clock.lap(timing.ENVIRONMENT)
    with clock.booked(timing.VIDEO):
        now[0] = 22.5
    assert clock.snapshot() == {
        "collect/inference": 1.0,
        "collect/environment": 1.5,
        "video": 2.0,
        "waiting": 1.5,
    }
    assert shares(clock.snapshot())["video"] == pytest.approx(2 / 4.5)
    assert shares({}) == {}


def test_a_block_that_fails_is_booked_too():
    clock = Timing()
    with pytest.raises(OSError, match="disk"), clock.booked(timing.CHECKPOINT):
        time.sleep(0.01)
        raise OSError("disk")
    assert clock.seconds[timing.CHECKPOINT] >= 0.009


@pytest.mark.alone
def test_a_lap_costs_less_than_two_microseconds():
    clock = Timing()
    began = time.perf_counter()
    for _ in range(20_000):
        clock.lap(timing.BUFFER)
    assert (time.perf_counter() - began) / 20_000 < 2e-6
    assert set(clock.seconds) == set(BRANCHES)


def test_a_run_books_nearly_all_of_its_time(engine, cartpole, monkeypatch):
    from trainer.runs import session

    kept = []
    real = session.Session.__init__

    def keep(self, *args, **kwargs):
        real(self, *args, **kwargs)
        kept.append(self)

    monkeypatch.setattr(session.Session, "__init__", keep)
    record = engine.manager.submit(cartpole(20_000))
    assert engine.manager.wait(record.id, 120)
    seconds = kept[0].timing.seconds
    assert {branch for branch, spent in seconds.items() if spent > 0} >= {
        "collect/inference",
        "collect/environment",
        "collect/buffer",
        "update/forward",
        "update/backward",
        "update/optimiser",
        "evaluation",
        "checkpoint",
        "logging",
    }
    booked = sum(seconds.values())
    assert booked >= 0.8 * engine.manager.get(record.id).elapsed_seconds


def test_a_pause_is_nobodys_time(engine, cartpole, until):
    record = engine.manager.submit(cartpole(10_000_000))
    until(lambda: engine.manager.get(record.id).step > 2_000)
    engine.manager.pause(record.id)
    assert engine.manager.get(record.id).status == "paused"
    time.sleep(1.5)
    engine.manager.resume(record.id)
    step = engine.manager.get(record.id).step
    until(lambda: engine.manager.get(record.id).step > step + 2_000)
    engine.manager.stop(record.id)
    assert engine.manager.wait(record.id, 60)
    found = engine.manager.get(record.id)
    assert found.timing["waiting"] >= 1.4
    busy = sum(seconds for branch, seconds in found.timing.items() if branch != "waiting")
    assert busy <= found.elapsed_seconds + 0.5
