"""Holding and ending: requests come from any thread, the session answers from its own."""

import threading
import time

import pytest

from trainer.runs.control import RunControl

pytestmark = pytest.mark.alone


def _stepping(control, steps):
    def work():
        while not control.stop_requested:
            control.hold_point()
            steps.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_pause_holds_within_200_ms_and_a_resume_goes_on():
    seen = []
    control = RunControl(on_hold=lambda: seen.append("held"), on_release=lambda stopping: seen.append(stopping))
    steps = []
    thread = _stepping(control, steps)
    asked = time.monotonic()
    control.request_pause()
    assert control.wait_until_held(1.0)
    assert time.monotonic() - asked < 0.2
    taken = len(steps)
    time.sleep(0.1)
    assert len(steps) == taken
    control.request_resume()
    assert control.wait_until_released(1.0)
    control.request_stop()
    thread.join(1.0)
    assert not thread.is_alive()
    assert len(steps) > taken
    assert seen == ["held", False]


def test_a_stop_releases_a_holding_run_and_says_that_it_stops():
    seen = []
    control = RunControl(on_release=seen.append)
    thread = _stepping(control, [])
    control.request_pause()
    assert control.wait_until_held(1.0)
    control.request_stop()
    thread.join(1.0)
    assert not thread.is_alive()
    assert seen == [True]


def test_time_spent_holding_is_measured_also_while_it_lasts():
    control = RunControl()
    _stepping(control, [])
    assert control.held_seconds == 0.0
    control.request_pause()
    assert control.wait_until_held(1.0)
    time.sleep(0.1)
    during = control.held_seconds
    assert 0.09 < during < 0.5
    control.request_resume()
    assert control.wait_until_released(1.0)
    after = control.held_seconds
    time.sleep(0.05)
    assert control.held_seconds == after >= during
    control.request_stop()


def test_a_pause_after_a_stop_changes_nothing():
    control = RunControl()
    control.request_stop()
    control.request_pause()
    control.hold_point()
    assert control.stop_requested
    assert not control.pause_requested
