"""What every process does that works for this program: it has pipes of its own and ends with all it began."""

from __future__ import annotations

import os
from typing import BinaryIO

from trainer.process import end_with_everything

__all__ = ["end_with_everything", "lead_group", "own_pipes"]


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
