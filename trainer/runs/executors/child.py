"""The other end: what a process that was started for one run does, from its first line to its last.

It ends at once, with whatever it has started, when the program that started it is gone: its pipe is closed then.
Nothing at the top of this file imports NumPy or PyTorch, which read at their import how much of the machine is theirs.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

from trainer.envs.custom.source import take_in_for
from trainer.envs.entry_points import placed
from trainer.events import ProgressMade, RunEvent
from trainer.process import prepare
from trainer.runs.control import RunControl
from trainer.runs.executors.apart import end_with_everything, lead_group, own_pipes
from trainer.runs.executors.channel import Channel
from trainer.runs.executors.job import (
    CRASH_FILE,
    EVENT,
    FAILED,
    HELD,
    LAST_EDIT,
    OUTCOME,
    REQUEST,
    RUNNING,
    SETTLE,
    SETTLED,
    WENT_ON,
    Job,
)
from trainer.runs.executors.limits import end_with_parent, keep_to
from trainer.runs.executors.outbox import Outbox
from trainer.runs.reasons import explain
from trainer.runs.reporter import RunReporter
from trainer.runs.watchdog import PERIOD_SECONDS, Watchdog

# What the control over there passes on to the one here, by the names of its methods: whatever else a control learns
# to be asked for, and forwards, is named here too.
REQUESTS = frozenset({"request_pause", "request_resume", "request_stop", "request_edit"})


def main() -> NoReturn:
    """Train the run that the program at the other end names."""
    lead_group()
    end_with_parent()
    channel = Channel(*own_pipes())
    prepare()
    try:
        job = channel.receive()
    except EOFError:
        end_with_everything()
    # Before any other thread is: on Linux each has limits of its own, which those that it starts inherit.
    notes = keep_to(job.cores, job.config.resources.nice)
    _Child(channel, job, notes).work()


class _Child:
    """One run's process.

    :param notes: what the user should know of limits that could not be had
    """

    def __init__(self, channel: Channel, job: Job, notes: list[str]) -> None:
        self._channel = channel
        self._job = job
        self._notes = notes
        self._outbox = Outbox(channel, on_broken=end_with_everything)
        self._settled = threading.Event()
        self._control = RunControl(
            on_hold=lambda: self._outbox.post(HELD, self._control.pause_reason, urgent=True),
            on_release=lambda _stopping: self._outbox.post(WENT_ON, urgent=True),
        )
        self._control.on_last_edit = lambda: self._outbox.post(LAST_EDIT, urgent=True)
        self._reporter = RunReporter(job.run_id, self._emit, settle=self._settle)
        self._step = 0

    def work(self) -> NoReturn:
        """Train; the process ends here."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._control.request_stop())
        # Stays open, so that there is somewhere to write when native code brings the process down.
        faulthandler.enable((self._job.directory / CRASH_FILE).open("w", encoding="utf-8"))
        last_word = self._train()
        self._outbox.post(*last_word, urgent=True)
        self._outbox.close()
        sys.stdout.flush()
        sys.stderr.flush()
        # Everything is closed and said; what libraries would still do takes a second and may hang.
        os._exit(0)

    def _train(self) -> tuple[Any, ...]:
        job = self._job
        self._control.begin()
        try:
            take_in_for(job.config.environment.id, job.sources)
            self._introduce()
            from trainer.runs.session import Session

            session = Session(
                job.config,
                job.directory,
                self._control,
                self._reporter,
                on_running=lambda: self._outbox.post(RUNNING, urgent=True),
                global_seed=True,
                resume=job.resumes,
            )
            return OUTCOME, session.run()
        except BaseException as error:  # noqa: BLE001  # SystemExit too ends this run and is told
            return (
                FAILED,
                self._explain(error),
                "".join(traceback.format_exception(type(error), error, error.__traceback__)),
            )

    def _introduce(self) -> None:
        resources, cores = self._job.config.resources, self._job.cores
        words = [f"In a process of its own, number {os.getpid()}"]
        if cores is not None and not self._notes:
            words.append(f"on core{'' if len(cores) == 1 else 's'} {', '.join(map(str, cores))}")
        if resources.nice:
            words.append(f"politeness {resources.nice}")
        if resources.memory_limit_mb is not None:
            words.append(f"at most {resources.memory_limit_mb:,} MB of memory")
        if resources.gpu_index is not None:
            words.append(f"graphics card {resources.gpu_index} only")
        why = placed(self._job.config).by_itself
        self._reporter.log(f"{', '.join(words)}{'' if why is None else f': {why}'}.")
        for note in self._notes:
            self._reporter.log(note, "warning")

    def _explain(self, error: BaseException) -> str:
        return explain(error, self._job.config.environment.id, self._step)

    def _watch(self) -> None:
        """Give the run up when its environment hangs."""
        config = self._job.config
        watchdog = Watchdog(config.environment.id, config.training.watchdog_seconds)
        while True:
            time.sleep(PERIOD_SECONDS)
            silence = watchdog.look(self._control, self._step)
            if silence is not None and silence.over:
                self._outbox.post(FAILED, silence.text, None, urgent=True)
                self._outbox.close()
                end_with_everything()
            elif silence is not None:
                self._reporter.log(silence.text, "warning")

    def _emit(self, event: RunEvent) -> None:
        if isinstance(event, ProgressMade):
            self._step = event.step
        self._outbox.post(EVENT, event)

    def _settle(self) -> None:
        self._settled.clear()
        self._outbox.post(SETTLE, urgent=True)
        self._settled.wait()

    def _listen(self) -> None:
        while True:
            try:
                kind, *content = self._channel.receive()
            except EOFError:
                end_with_everything()
            if kind == SETTLED:
                self._settled.set()
            elif kind == REQUEST and content[0] in REQUESTS:
                getattr(self._control, content[0])(*content[1:])
