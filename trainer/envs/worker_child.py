"""The other end of `worker`: what the short-lived process does, from its first line to its last."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from trainer.process import end_with_everything

Say = Callable[[Mapping[str, Any]], None]

_POLITENESS = 5


def main() -> NoReturn:
    """Do what standard input asks for and end."""
    line = sys.stdin.buffer.readline()
    job = json.loads(line) if line.strip() else {}
    reader, say = os.dup(0), _own_output()
    threading.Thread(target=_end_with_the_program, args=(reader,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_POLITENESS)
    JOBS[job["job"]](job, say)
    sys.stderr.flush()
    # What libraries would still do at the end takes a second and may hang.
    os._exit(0)


def _look(job: Mapping[str, Any], say: Say) -> None:
    from trainer.envs.views import look

    look(job, say)


def _check(job: Mapping[str, Any], say: Say) -> None:
    from trainer.envs.custom.checking import check_file

    say(check_file(job["folder"], job["name"]))


def _try(job: Mapping[str, Any], say: Say) -> None:
    from trainer.envs.apart import try_out

    say(try_out(job))


JOBS: Mapping[str, Callable[[Mapping[str, Any], Say], None]] = {"look": _look, "check": _check, "try": _try}


def _own_output() -> Say:
    """Keep standard output for answers: what anybody else prints goes to the error stream."""
    writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)

    def say(answer: Mapping[str, Any]) -> None:
        writer.write(json.dumps(answer).encode() + b"\n")
        writer.flush()

    return say


def _end_with_the_program(reader: int) -> None:
    while os.read(reader, 4096):
        pass
    end_with_everything()
