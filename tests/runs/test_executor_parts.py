"""The parts of the process executor that need no process: words, cores, variables, messages."""

import os
import signal
import threading

import pytest

from trainer.config.resources import ResourcesConfig
from trainer.hardware.limits import usable_cores
from trainer.runs.control import RunControl
from trainer.runs.executors.channel import Channel
from trainer.runs.executors.cores import Cores
from trainer.runs.executors.endings import ended, too_much_memory
from trainer.runs.executors.limits import environment_of
from trainer.runs.executors.outbox import Outbox


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "was ended by signal SIGKILL from outside (by a person, or because the machine ran out of memory)"),
        (-signal.SIGTERM, "was ended by signal SIGTERM from outside (most likely by a person)"),
        (-signal.SIGSEGV, "crashed in native code (signal SIGSEGV)"),
        (-signal.SIGABRT, "crashed in native code (signal SIGABRT)"),
        (-120, "was ended by signal 120 from outside"),
        (3, "ended by itself with exit status 3"),
        (0, "ended by itself with exit status 0"),
        (0xC0000005, "crashed in native code (access violation, 0xC0000005)"),
    ],
)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are not Windows's")
def test_every_end_of_a_process_is_told_in_words_that_say_how_to_go_on(code, words):
    assert words in ended(code)
    assert ended(code).endswith("Resume goes on from its last checkpoint.")


def test_too_much_memory_names_the_field_and_both_sizes():
    words = too_much_memory(1_288_490_189, 1_024)
    assert words.startswith("It used 1.20 GB, more than its limit of 1.00 GB (resources.memory_limit_mb).")


def test_runs_are_kept_to_the_cores_that_fewest_others_are_kept_to():
    cores, there = Cores(), usable_cores()
    with cores.lent(None) as everything:
        assert everything is None
    taken = []
    with cores.lent(1) as first, cores.lent(1) as second:
        taken = [*first, *second]
        assert len(set(taken)) == min(2, len(there))
        with cores.lent(len(there)) as all_of_them:
            assert list(all_of_them) == there
    with cores.lent(1) as again:
        assert again == first


def test_a_card_is_one_of_those_that_this_program_may_see():
    second = ResourcesConfig(executor="process", gpu_index=1)
    assert environment_of(second, {})["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment_of(second, {})["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert environment_of(second, {"CUDA_VISIBLE_DEVICES": "4, 6"})["CUDA_VISIBLE_DEVICES"] == "6"
    assert environment_of(ResourcesConfig(executor="process"), {"A": "b"}) == {"A": "b"}


def test_a_number_of_threads_that_somebody_has_set_stands():
    two = ResourcesConfig(executor="process", cpu_cores=2)
    assert environment_of(two, {})["OMP_NUM_THREADS"] == "2"
    assert environment_of(two, {"OMP_NUM_THREADS": "1"})["OMP_NUM_THREADS"] == "1"


def test_what_was_asked_before_the_process_came_up_is_passed_on_first():
    control, heard = RunControl(), []
    control.request_pause()
    control.forward(lambda *request: heard.append(request))
    control.request_resume()
    control.request_stop()
    control.request_pause()
    assert heard == [("request_pause", None), ("request_resume",), ("request_stop",)]
    late = []
    control.forward(lambda *request: late.append(request))
    assert late == [("request_stop",)]


def test_a_hold_over_there_is_a_hold_here():
    seen = []
    control = RunControl(on_hold=lambda: seen.append("held"), on_release=lambda stopping: seen.append(stopping))
    control.request_pause()
    control.began_to_hold()
    assert control.wait_until_held(1.0)
    control.request_resume()
    control.went_on()
    assert control.wait_until_released(1.0)
    assert seen == ["held", False]
    assert control.held_seconds > 0


@pytest.fixture
def ends():
    """Two channels that hear one another."""
    there, here = os.pipe(), os.pipe()
    near = Channel(os.fdopen(here[0], "rb"), os.fdopen(there[1], "wb"))
    far = Channel(os.fdopen(there[0], "rb"), os.fdopen(here[1], "wb"))
    yield near, far
    near.close()
    far.close()


def test_messages_arrive_in_order_and_what_is_urgent_takes_the_others_along(ends):
    near, far = ends
    outbox = Outbox(near, on_broken=lambda: None)
    for number in range(1_000):
        outbox.post("event", number)
    outbox.post("held", urgent=True)
    heard = []
    while ("held",) not in heard:
        heard += far.receive()
    assert heard == [*(("event", number) for number in range(1_000)), ("held",)]
    outbox.post("event", "last")
    outbox.close()
    assert far.receive() == [("event", "last")]


def test_whoever_listens_learns_that_the_other_end_is_gone(ends):
    near, far = ends
    near.close()
    with pytest.raises(EOFError):
        far.receive()


def test_whoever_speaks_learns_that_nobody_hears(ends):
    near, far = ends
    broken = threading.Event()
    outbox = Outbox(near, on_broken=broken.set)
    far.close()
    outbox.post("event", 1, urgent=True)
    assert broken.wait(5.0)
