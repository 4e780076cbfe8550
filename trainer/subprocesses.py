"""Processes that this program starts for itself: from a fresh interpreter, spoken with over two pipes, ended whole.

What always holds: nothing of this program's state is copied and no main module is run twice; what such a process has
started (copies of an environment, an encoder) ends with it. It sees to the same from its own end when the program is
gone (`runs.executors.apart`, `envs.worker_child`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import psutil


def start(module: str, label: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `main()` of a module in a fresh interpreter that finds the same modules as this one.

    :param label: what lists of processes show beside it
    :param options: of `subprocess.Popen`
    :raises OSError: the system gives no more processes
    """
    boot = f"import sys; sys.path[:] = sys.argv[2:]; from {module} import main; main()"
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-c", boot, label, *filter(None, sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        **options,
    )


def command_line(*words: str) -> str:
    """Return a command as the one line that people type here, its words quoted where they need it."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def end(process: subprocess.Popen[bytes], known: Iterable[psutil.Process] = ()) -> None:
    """End a process at once with whatever it has started.

    :param process: leads a group of its own, unless it has only just begun
    :param known: what it is known to have started, should it be gone already
    """
    started = list(known)
    if process.returncode is None:
        with contextlib.suppress(psutil.Error):  # also those that have left its group
            started += psutil.Process(process.pid).children(recursive=True)
    for each in started:
        with contextlib.suppress(psutil.Error):
            each.kill()
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
