"""The page that is being opened comes before the imports of training, which come at last all the same."""

import gc
import importlib

import pytest

from serving import warm_up
from trainer.envs import catalogue


class Clock:
    """Time that passes only where somebody sleeps, and pages that ask at given times."""

    def __init__(self, *requests):
        self.now = 0.0
        self.requests = requests
        self.log = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def quiet_for(self):
        return self.now - max((at for at in self.requests if at <= self.now), default=0.0)

    def note(self, name):
        self.log.append((name, round(self.now, 2)))
        self.now += 1.0


@pytest.fixture
def warmed(monkeypatch):
    def warm(*requests):
        clock = Clock(*requests)
        monkeypatch.setattr(warm_up, "time", clock)
        monkeypatch.setattr(warm_up, "_PARTS", ("first", "second"))
        monkeypatch.setattr(importlib, "import_module", clock.note)
        monkeypatch.setattr(catalogue, "entries", lambda: clock.note("environments"))
        warm_up.warm_up(clock.quiet_for)
        return clock.log

    for name in ("freeze", "set_threshold"):  # of this process, which goes on with other tests
        monkeypatch.setattr(gc, name, lambda *_: None)
    return warm


def test_imports_begin_soon_where_nobody_asks(warmed):
    assert warmed() == [("first", 2.0), ("second", 3.0), ("environments", 4.0)]


def test_they_wait_for_the_page_that_is_being_opened_and_between_each_other(warmed):
    assert warmed(0.5, 1.0, 1.5, 2.0) == [("first", 4.0), ("second", 5.0), ("environments", 6.0)]
    assert warmed(2.9) == [("first", 2.0), ("second", 3.4), ("environments", 4.4)]


def test_a_page_that_never_rests_does_not_put_them_off_for_good(warmed):
    log = warmed(*(tick / 10 for tick in range(1000)))
    assert [name for name, _ in log] == ["first", "second", "environments"]
    assert log[-1][1] < 25
