"""Turns are handed on first in, first out, after their time, and are given up by whoever pauses."""

import os
import threading
import time

import pytest

from trainer.runs.control import RunControl
from trainer.runs.turns import SharedCore, Turn, TurnLock, Turns

pytestmark = pytest.mark.alone


def _workers(lock, count, slices, order, waits=None):
    """Start threads that each note, at every point, that they are running."""
    ready = threading.Barrier(count)

    def work(name):
        turn = Turn(lock, (lambda seconds: waits.append(seconds)) if waits is not None else (lambda _s: None))
        ready.wait()
        turn.begin()
        for _ in range(slices):
            order.append(name)
            time.sleep(lock.slice_seconds * 1.2)
            turn.point()
        turn.end()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_turns_go_round():
    order = []
    _workers(TurnLock(1, 0.005), 3, 4, order)
    rounds = [order[start : start + 3] for start in range(0, 12, 3)]
    assert rounds[1:] == [rounds[0]] * 3 or rounds[2:] == [rounds[1]] * 2
    assert sorted(rounds[2]) == [0, 1, 2]


def test_nobody_passes_on_before_its_time_is_up():
    lock = TurnLock(1, longest_seconds=30)
    turn = Turn(lock)
    turn.begin()
    other = threading.Thread(target=lambda: (lock.acquire(), lock.release()))
    other.start()
    deadline = time.monotonic() + 5
    while not lock.contended and time.monotonic() < deadline:
        time.sleep(0.001)
    assert lock.contended
    turn.point()
    assert lock.contended
    turn.end()
    other.join(5)
    assert not other.is_alive()


def test_the_more_wait_the_shorter_a_turn():
    lock = TurnLock(1)
    lock.acquire()
    lengths = []
    for number in range(1, 13):
        threading.Thread(target=lambda: (lock.acquire(), lock.release())).start()
        deadline = time.monotonic() + 5
        while len(lock._queue) < number and time.monotonic() < deadline:
            time.sleep(0.001)
        lengths.append(lock.slice_seconds)
    lock.release()
    assert lengths[:3] == pytest.approx([0.05] * 3)
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 0.02


def test_as_many_run_at_once_as_there_are_permits():
    lock = TurnLock(2, 0.002)
    running, most = [], []

    def work():
        turn = Turn(lock)
        turn.begin()
        for _ in range(10):
            running.append(None)
            most.append(len(running))
            time.sleep(0.001)
            running.pop()
            turn.point()
        turn.end()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert max(most) == 2


def test_waiting_is_told_and_ends_are_harmless_without_a_beginning():
    waits = []
    _workers(TurnLock(1, 0.005), 2, 3, [], waits)
    assert max(waits) >= 0.004
    turn = Turns().join(waits.append, native=True)
    turn.end()
    turn.begin()
    turn.end()
    turn.end()


def test_a_paused_run_gives_its_turn_up(until):
    lock = TurnLock(1)
    control = RunControl()
    steps = []

    def train():
        turn = Turn(lock)
        control.take_turns(turn)
        turn.begin()
        while not control.stop_requested:
            steps.append(None)
            control.hold_point()
            time.sleep(0.0005)
        turn.end()

    thread = threading.Thread(target=train)
    thread.start()
    until(lambda: steps)
    control.request_pause()
    assert control.wait_until_held(5)
    began = time.monotonic()
    lock.acquire()
    assert time.monotonic() - began < 1
    control.request_resume()
    count = len(steps)
    time.sleep(0.05)
    assert len(steps) == count  # resumed, and waiting for the turn that we have
    lock.release()
    until(lambda: len(steps) > count)
    control.request_stop()
    thread.join(5)
    assert not thread.is_alive()


needs_cores = pytest.mark.skipif(
    len(getattr(os, "sched_getaffinity", lambda _pid: {0})(0)) < 2, reason="threads cannot be moved here"
)


@needs_cores
def test_runs_that_meet_stay_on_one_core_and_leave_it_afterwards():
    lock, core, seen = TurnLock(1, 0.002), SharedCore(), {}
    everywhere = os.sched_getaffinity(0)
    done = threading.Barrier(3)

    def work(name):
        turn = Turn(lock, core=core)
        turn.begin()
        for _ in range(10):
            time.sleep(0.003)
            turn.point()
            seen.setdefault(name, set()).add(frozenset(os.sched_getaffinity(0)))
        turn.end()
        seen[name, "afterwards"] = os.sched_getaffinity(0)
        done.wait(20)

    # Nobody begins before both wait, so that they cannot miss each other.
    lock.acquire()
    for name in ("first", "second"):
        threading.Thread(target=work, args=(name,), daemon=True).start()
    deadline = time.monotonic() + 10
    while len(lock._queue) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    lock.release()
    done.wait(20)
    places = (seen["first"] | seen["second"]) - {frozenset(everywhere)}
    assert len(places) == 1
    assert len(next(iter(places))) == 1
    assert seen["first", "afterwards"] == seen["second", "afterwards"] == everywhere


@needs_cores
def test_what_a_run_starts_for_itself_is_free_to_go_anywhere():
    everywhere = os.sched_getaffinity(0)
    core, control = SharedCore(), RunControl()
    turn = Turn(TurnLock(1), core=core)
    control.take_turns(turn)
    core.stay()
    turn._stays = True
    assert len(os.sched_getaffinity(0)) == 1
    control.spread()
    assert os.sched_getaffinity(0) == everywhere


def test_a_system_that_moves_no_threads_is_no_obstacle(monkeypatch):
    def refuses(*_arguments):
        raise OSError("not permitted")

    core = SharedCore()
    monkeypatch.setattr(os, "sched_getaffinity", refuses, raising=False)
    core.stay()
    core.leave()
    monkeypatch.delattr(os, "sched_getaffinity")
    core.stay()
    core.leave()
    assert core._staying == {}


def test_only_runs_that_need_one_core_share_one():
    turns = Turns()
    assert turns.join(lambda _s: None, native=False, single=True)._core is not None
    assert turns.join(lambda _s: None, native=False)._core is None
    assert turns.join(lambda _s: None, native=True, single=True)._core is None
