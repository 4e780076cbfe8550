"""Silence for what other people's packages print while they are imported."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Iterator
from typing import Any


class _Aside(io.TextIOBase):
    """Takes what one thread writes to a stream and passes on what all others do."""

    def __init__(self, stream: Any, said: list[str]) -> None:
        self._stream = stream
        self._said = said
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            self._said.append(text)
        elif self._stream is not None:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def hushed() -> Iterator[list[str]]:
    """Keep what this thread prints, to either stream, from the terminal; gives the list in which it gathers.

    Other threads print as ever. One block at a time: the caller holds a lock.
    """
    said: list[str] = []
    with (
        contextlib.redirect_stdout(_Aside(sys.stdout, said)),
        contextlib.redirect_stderr(_Aside(sys.stderr, said)),
    ):
        yield said
