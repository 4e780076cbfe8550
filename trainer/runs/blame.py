"""Whether it is an environment that raised or does not answer, and where in its code, told from a thread's stack.

Every call into an environment passes through a vector environment, ours or Stable-Baselines3's: what lies deeper in
the stack than one of those is the environment's doing.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

_OURS = str(Path(__file__).resolve().parents[1] / "envs") + os.sep
_VECTORS = os.sep + str(Path("stable_baselines3", "common", "vec_env")) + os.sep
_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep


def raised_in_environment(error: BaseException) -> str | None:
    """Return where in an environment's code `error` was raised, or None when it came from elsewhere."""
    return _place(traceback.extract_tb(error.__traceback__))


def waits_in_environment(thread: int) -> str | None:
    """Return where in an environment's code a thread is at this moment, or None when it is elsewhere.

    :param thread: its identity, as `threading.get_ident` gives it
    """
    frame = sys._current_frames().get(thread)
    return None if frame is None else _place(traceback.extract_stack(frame))


def _place(stack: Iterable[traceback.FrameSummary]) -> str | None:
    """Name the deepest frame that is nobody's library, if an environment is being called at all."""
    called, deepest = False, None
    for frame in stack:
        called = called or frame.filename.startswith(_OURS) or _VECTORS in frame.filename
        if called and not _is_library(frame.filename):
            deepest = frame
    return deepest and f"in {deepest.name} of {Path(deepest.filename).name}, line {deepest.lineno}"


def _is_library(file: str) -> bool:
    return file.startswith(("<", _LIBRARY)) and "site-packages" not in file
