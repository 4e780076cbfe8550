"""Imports in the background what training and the lists need, once whoever opens the page at the start has it.

An import holds the interpreter: beside it the first page took twice as long as alone.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable

# In this order, a part at a time, so that between two of them requests have their turn.
_PARTS = ("numpy", "torch", "pandas", "gymnasium", "stable_baselines3", "trainer.runs.session")
FIRST_QUIET_SECONDS = 2.0  # without a request; a browser that is started with the program takes a moment
QUIET_SECONDS = 0.5  # without a request, after which a page that was being opened has come
PATIENCE_SECONDS = 5.0  # the longest wait before a part: some pages ask all the time


def warm_up(quiet_for: Callable[[], float]) -> None:
    """Import what training needs, look for environments, then calm the garbage collector.

    What is loaded then stays for good. Frozen, it is not searched again and again: full collections held every
    thread of the process up for over 100 ms, which the page felt.

    :param quiet_for: seconds since the last request
    """
    _wait_for_quiet(quiet_for, FIRST_QUIET_SECONDS)
    for part in _PARTS:
        _wait_for_quiet(quiet_for)
        importlib.import_module(part)
    _wait_for_quiet(quiet_for)
    from trainer.envs.catalogue import entries

    entries()  # packages of environments take seconds to import, which whoever opens the list need not wait for
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _wait_for_quiet(quiet_for: Callable[[], float], seconds: float = QUIET_SECONDS) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while (missing := seconds - quiet_for()) > 0 and time.monotonic() < until:
        time.sleep(missing)
