"""What tests of several parts use."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.alone import Turnstile, processes
from trainer.engine import Engine
from trainer.process import prepare

prepare()  # as every program of ours does before it imports PyTorch
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a test process for each core already

_locks = pytest.StashKey[tempfile.TemporaryDirectory]()


def pytest_xdist_auto_num_workers(config):
    return processes(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    if _locks not in node.config.stash:
        node.config.stash[_locks] = tempfile.TemporaryDirectory(prefix="palaestra-tests-")
    node.workerinput["locks"] = node.config.stash[_locks].name


def pytest_unconfigure(config):
    if _locks in config.stash:
        config.stash[_locks].cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    among = getattr(item.config, "workerinput", None)
    if among is None:
        return (yield)
    turnstile = Turnstile(Path(among["locks"]), among["workerid"], among["workercount"])
    with turnstile.passed(alone="alone" in item.keywords):
        return (yield)


@pytest.fixture
def engine(tmp_path):
    """A real engine in a temporary folder."""
    engine = Engine(tmp_path / "outputs")
    yield engine
    engine.close()
