"""Limits are checked against the machine that they are for."""

import os

import psutil
import pytest

from trainer.config.resources import ResourcesConfig
from trainer.hardware.limits import limit_faults, usable_cores


def test_more_cores_than_there_are_is_a_fault_with_the_number_that_is_possible():
    there = len(usable_cores())
    assert limit_faults(ResourcesConfig(executor="process", cpu_cores=there)) == []
    (fault,) = limit_faults(ResourcesConfig(executor="process", cpu_cores=there + 1))
    assert fault.field == "resources.cpu_cores"
    assert fault.message.startswith(f"{there + 1:,} cores are asked for")
    assert fault.hint == f"Choose {there} or less, or leave it empty."


def test_a_card_that_is_not_there_is_a_fault():
    (fault,) = limit_faults(ResourcesConfig(executor="process", gpu_index=99))
    assert fault.field == "resources.gpu_index"
    assert "there is no card 99" in fault.message


def test_what_does_not_hold_in_a_thread_is_not_asked_of_the_machine():
    assert limit_faults(ResourcesConfig(cpu_cores=100_000, gpu_index=99)) == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot keep a process to some cores")
def test_cores_that_this_program_may_not_use_do_not_count():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == psutil.Process().cpu_affinity() == [min(before)]
    finally:
        os.sched_setaffinity(0, before)
