"""A process that does one task for the program and ends: a line of JSON comes in, lines of JSON go out.

In: `{"task", "directory", "environment", "sources"}`, then perhaps `{"cancel": true}`. Out: any number of
`{"progress", "words"}`, then one of `{"result"}`, `{"cancelled"}` or `{"error"}`. When the program is gone
its pipe is closed, and this process ends with whatever it has started. Training runs go first: it is polite, and
calculates with few threads.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from trainer.envs.custom.source import Source, take_in_for
from trainer.errors import PalaestraError
from trainer.process import prepare
from trainer.runs.executors.apart import end_with_everything, lead_group, own_pipes
from trainer.runs.executors.limits import end_with_parent, keep_to
from trainer.runs.reasons import explain
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.tasks import OfCheckpoint, read_task

NICE = 5
_MOST_THREADS = 2
# How a sentence about one that has failed begins.
_FAILED = {
    "evaluate": "The evaluation",
    "export": "The export",
    "card": "The model card",
    "render": "The recording",
    "prune": "The pruning",
}


def main() -> NoReturn:
    """Do the task that the program at the other end names."""
    lead_group()
    end_with_parent()
    reader, writer = own_pipes()
    prepare()
    keep_to(None, NICE)
    first = reader.readline()
    if not first:
        end_with_everything()
    says = _Says(writer)
    progress = Progress(lambda fraction, words: says(progress=fraction, words=words))
    threading.Thread(target=_listen, args=(reader, progress), name="listen", daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: progress.cancel())
    says(**_work(json.loads(first), progress))
    sys.stderr.flush()
    # Everything is closed and said; what libraries would still do takes a second and may hang.
    os._exit(0)


def _work(asked: dict[str, Any], progress: Progress) -> dict[str, Any]:
    task = read_task(asked["task"])
    try:
        import torch

        from trainer.tools.work import perform

        take_in_for(asked["environment"], map(Source.from_json, asked["sources"]))
        torch.set_num_threads(min(_MOST_THREADS, os.cpu_count() or 1))
        if not isinstance(task, OfCheckpoint):
            raise TypeError(f"{task.kind} is not done here")
        return {"result": perform(task, Path(asked["directory"]), progress)}
    except CancelledError:
        return {"cancelled": True}
    except BaseException as error:  # noqa: BLE001  # SystemExit too ends this task and is told
        if not isinstance(error, PalaestraError):
            traceback.print_exc()
        traced = "The program's own terminal"
        return {"error": explain(error, asked["environment"], what=_FAILED[task.kind], traced=traced)}


class _Says:
    """Writes one line after the other; when nobody reads them any more, everything ends."""

    def __init__(self, writer: BinaryIO) -> None:
        self._writer = writer
        self._one = threading.Lock()

    def __call__(self, **message: Any) -> None:
        line = json.dumps(message).encode() + b"\n"
        try:
            with self._one:
                self._writer.write(line)
                self._writer.flush()
        except OSError:
            end_with_everything()


def _listen(reader: BinaryIO, progress: Progress) -> None:
    for line in reader:
        if json.loads(line).get("cancel"):
            progress.cancel()
    end_with_everything()
