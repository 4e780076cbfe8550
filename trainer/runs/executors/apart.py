"""What every process does that works for this program: it has pipes of its own and ends with all it began."""

from __future__ import annotations

import os
import signal
import sys
from typing import BinaryIO, NoReturn

import psutil


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the program; what anybody else reads is empty, what they write is seen."""
    reader, writer = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # a program without a terminal
        os.dup2(empty, 1)
    return os.fdopen(reader, "rb"), os.fdopen(writer, "wb")


def lead_group() -> None:
    """Leave the terminal's group: Ctrl+C there is the program's to answer, and what is started here ends together."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


def end_with_everything() -> NoReturn:
    """End this process at once, with whatever it has started."""
    if sys.platform != "win32":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)
