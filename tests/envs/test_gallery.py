"""What single environments look like is asked of a few processes: nobody waits without end, and nobody is blamed."""

from __future__ import annotations

import contextlib
import sys
import threading
import time

import psutil
import pytest

from trainer.envs import gallery as gallery_module
from trainer.envs import worker as worker_module
from trainer.envs.gallery import Gallery
from trainer.envs.views import look
from trainer.envs.worker import Worker, place
from trainer.errors import ConflictError

LOOK = {"job": "look", "picture": False, "sources": {}, "at_most": 60}


@pytest.fixture
def gallery(tmp_path):
    return Gallery(tmp_path / "environments")


class Answers:
    """Stands for the process: says `answers` and remembers what it was asked."""

    def __init__(self, monkeypatch, *answers, overdue=False):
        self.asked = []
        outer = self

        class Said:
            def __init__(self, job, seconds):
                outer.asked.append(job)
                self.overdue = overdue

            def answers(self, take):
                for answer in answers:
                    take(dict(answer))
                return ""

        monkeypatch.setattr(gallery_module, "Worker", Said)


def test_only_a_few_may_wait_and_the_next_is_told_at_once(gallery) -> None:
    with pytest.raises(ConflictError, match="Try again in a moment"), contextlib.ExitStack() as holding:
        for _ in range(40):
            holding.enter_context(place())
    with place():
        assert gallery.spaces(["CartPole-v1"])["CartPole-v1"]["spaces"]["n_actions"] == 2


def test_of_many_who_look_again_one_looks(gallery, monkeypatch) -> None:
    said = Answers(monkeypatch, {"id": "CartPole-v1", "no_picture": "It is dark."}, {"ended": True})
    gallery.seen("CartPole-v1")
    with gallery._lock:
        turn = gallery._asking["CartPole-v1"]
    with turn:
        waiting = [threading.Thread(target=gallery.seen, args=("CartPole-v1",), kwargs={"again": True}) for _ in "abcd"]
        for each in waiting:
            each.start()
        time.sleep(0.3)
    for each in waiting:
        each.join(10)
    assert len(said.asked) == 2
    gallery.seen("CartPole-v1", again=True)
    assert len(said.asked) == 3


def test_those_for_whom_there_was_no_time_are_not_blamed(gallery, monkeypatch) -> None:
    Answers(monkeypatch, {"id": "CartPole-v1", "spaces": {}}, {"ended": True})
    assert set(gallery.spaces(["CartPole-v1", "Acrobot-v1", "Pendulum-v1"])) == {"CartPole-v1"}
    Answers(monkeypatch, {"id": "Acrobot-v1", "spaces": {}}, overdue=True)
    assert gallery.spaces(["Acrobot-v1", "Pendulum-v1"])["Pendulum-v1"]["problem"] == "It takes longer than 40 s."


def test_an_answer_without_a_picture_takes_none_away(gallery, monkeypatch) -> None:
    gallery._keep("CartPole-v1", {"picture": "aGFsbG8=", "spaces": {"n_actions": 2}}, with_picture=True)
    gallery._keep("CartPole-v1", {"spaces": {"n_actions": 2}}, with_picture=False)
    gallery._keep("CartPole-v1", {"problem": "It takes longer than 40 s."}, with_picture=False)
    again = Gallery(gallery._folder)
    for each in (gallery, again):
        assert set(each.known_spaces(["CartPole-v1"])["CartPole-v1"]) == {"spaces", "picture_file"}
    assert again.picture("CartPole-v1").read_bytes() == b"hallo"


def test_what_its_makers_say_is_told_in_whole_sentences_without_markup() -> None:
    said: list[dict] = []
    look({"ids": ["Acrobot-v1"], "picture": False, "sources": {}, "at_most": 60}, said.append)
    about = said[0]["about"]
    assert about.startswith("The Acrobot environment")
    assert about.endswith(".")
    assert len(about) <= 600
    assert "](" not in about


def test_each_environment_has_a_time_of_its_own(monkeypatch) -> None:
    """Three that take a second each are answered by one who gives each a little more, and not three."""
    slow = {"job": "look", "ids": ["CartPole-v1", "Acrobot-v1", "Pendulum-v1"]}
    found = []
    worker = Worker({**LOOK, **slow}, 30.0)
    clocks = []
    start_again = worker_module._Clock.start_again
    monkeypatch.setattr(
        worker_module._Clock, "start_again", lambda self: (clocks.append(time.monotonic()), start_again(self))
    )
    worker.answers(found.append)
    assert [each.get("id") for each in found] == [*slow["ids"], None]
    assert len(clocks) == 1 + len(found) and not worker.overdue


def test_who_waits_for_a_process_is_cancelled_at_once() -> None:
    with contextlib.ExitStack() as holding:
        for _ in range(worker_module.MOST_AT_A_TIME):
            worker_module._slots.acquire()
            holding.callback(worker_module._slots.release)
        worker = Worker({**LOOK, "ids": ["CartPole-v1"]}, 60.0)
        threading.Timer(0.3, worker.cancel).start()
        began = time.monotonic()
        with pytest.raises(ConflictError, match="cancelled"):
            worker.answers(lambda _: None)
        assert time.monotonic() - began < 2


STARTS_ANOTHER = """
import subprocess, sys, time
import gymnasium
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({place!r}, "w").write(str(child.pid))
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a group of processes ends together")
def test_what_a_file_has_started_ends_with_the_program_that_tried_it(tmp_path, monkeypatch) -> None:
    written = tmp_path / "pid"
    (tmp_path / "restless.py").write_text(STARTS_ANOTHER.format(place=str(written)), encoding="utf-8")
    worker = Worker({"job": "check", "folder": str(tmp_path), "name": "restless"}, 60.0)
    monkeypatch.setattr(worker, "_kill", lambda: None)  # nobody is left who would
    asking = threading.Thread(target=lambda: worker.answers(lambda _: None), daemon=True)
    asking.start()
    ends = time.monotonic() + 30
    while not (written.is_file() and written.read_text()) and time.monotonic() < ends:
        time.sleep(0.05)
    started = psutil.Process(int(written.read_text()))
    worker._process.stdin.close()  # as when the program has died
    asking.join(10)
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE
    assert all(pipe.closed for pipe in (worker._process.stdin, worker._process.stdout, worker._process.stderr))
