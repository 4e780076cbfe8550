"""Speed, time left and returns, with a clock of our own."""

from trainer.runs.progress import ProgressMeter
from trainer.timing import ENVIRONMENT, Timing


class Clock:
    def __init__(self):
        self.now = 100.0
        self.held = 0.0

    def __call__(self):
        return self.now


def _meter(total=None, duration=None):
    clock = Clock()
    return clock, ProgressMeter(total, duration, lambda: clock.held, clock)


def test_speed_is_that_of_the_last_seconds_and_the_time_left_that_of_the_last_minutes():
    clock, meter = _meter(total=10_000)
    for second in range(1, 21):
        clock.now += 1.0
        meter.step = second * 100 if second <= 10 else 1000 + (second - 10) * 500
        meter.mark()
    assert abs(meter.fps - 500) < 1
    assert abs(meter.eta_seconds - (10_000 - 6_000) / 300) < 0.1
    assert meter.fraction == 0.6


def test_a_mark_costs_the_same_however_many_there_were():
    clock, meter = _meter(total=1_000_000)
    for number in range(1, 50_001):
        clock.now += 0.001
        meter.step = number * 2
        meter.mark()
        assert len(meter._latest._marks) <= 60
    assert abs(meter.fps - 2_000) < 1
    assert abs(meter.eta_seconds - 900_000 / 2_000) < 0.1
    assert len(meter._longest._marks) <= 60


def test_after_a_long_silence_the_speed_is_that_of_the_silence():
    clock, meter = _meter(total=1_000)
    clock.now += 1.0
    meter.step = 100
    meter.mark()
    clock.now += 50.0
    meter.step = 200
    meter.mark()
    assert abs(meter.fps - 2.0) < 0.01


def test_time_spent_paused_counts_nowhere():
    clock, meter = _meter(total=1_000)
    clock.now += 1.0
    meter.step = 100
    meter.mark()
    clock.now += 60.0
    clock.held = 60.0
    clock.now += 1.0
    meter.step = 200
    meter.mark()
    assert abs(meter.fps - 100) < 1e-6
    assert meter.elapsed_seconds == 2.0


def test_a_run_of_a_set_duration_is_measured_in_time():
    clock, meter = _meter(duration=40.0)
    clock.now += 10.0
    assert meter.fraction == 0.25
    assert meter.eta_seconds == 30.0


def test_returns_are_last_best_and_the_mean_of_the_last_hundred():
    _, meter = _meter(total=10)
    assert meter.event("r").return_mean is None
    for number in range(1, 151):
        assert meter.episode_ended(float(-number)) == number
    event = meter.event("r")
    assert (event.return_last, event.return_best) == (-150.0, -1.0)
    assert event.return_mean == sum(range(-150, -50)) / 100


def test_where_the_time_went_is_said_once_it_is_measured():
    _, meter = _meter(total=10)
    assert meter.event("r").timing is None
    meter.timing = Timing()
    meter.timing.seconds[ENVIRONMENT] = 1.25
    assert meter.event("r").timing == {"collect/environment": 1.25}
