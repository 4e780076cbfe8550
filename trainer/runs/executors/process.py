"""Runs a session in a process of its own: the run's thread stays here, speaks with that process and watches over it.

To the rest of the program nothing differs from a session in a thread: the same control, the same events, the same log
file, which is written here alone. What ends the process ends its run and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.config import RunConfig
from trainer.envs.entry_points import sources_of
from trainer.runs.control import RunControl
from trainer.runs.executors.cores import Cores
from trainer.runs.executors.endings import RunProcessError
from trainer.runs.executors.job import EVENT, FAILED, HELD, LAST_EDIT, OUTCOME, RUNNING, SETTLE, SETTLED, WENT_ON, Job
from trainer.runs.executors.spawned import Spawned
from trainer.runs.outcome import Outcome
from trainer.runs.reporter import RunReporter


class RemoteSession:
    """Trains one run as `Session` does, in a process that is started for it.

    :param control: gets its requests from here; told when the session over there holds and goes on
    :param on_running: called once when training itself begins
    :param on_spawned: given the process while there is one, then None
    :param cores: what this program's runs share
    :param resume: go on from the newest checkpoint that is whole
    """

    def __init__(
        self,
        config: RunConfig,
        directory: Path,
        control: RunControl,
        reporter: RunReporter,
        *,
        cores: Cores,
        on_running: Callable[[], None],
        on_spawned: Callable[[Spawned | None], None],
        resume: bool,
    ) -> None:
        self._job = Job(reporter.run_id, config, directory, resume, sources=sources_of(config.environment))
        self._control = control
        self._reporter = reporter
        self._cores = cores
        self._on_running = on_running
        self._on_spawned = on_spawned
        self._outcome: Outcome | None = None

    def run(self) -> Outcome:
        """Train to the end, a stop, or an error.

        :raises RunProcessError: it has failed over there, or its process is gone
        :raises OSError: the system gives no more processes
        """
        with self._cores.lent(self._job.config.resources.cpu_cores) as cores:
            spawned = Spawned(self._job.kept_to(cores))
            try:
                self._on_spawned(spawned)
                self._control.forward(spawned.request)
                return self._follow(spawned)
            finally:
                self._on_spawned(None)
                spawned.close()

    def _follow(self, spawned: Spawned) -> Outcome:
        while self._outcome is None:
            for kind, *content in spawned.receive():
                if kind == SETTLE:
                    self._reporter.settle()
                    spawned.send((SETTLED,))
                else:
                    self._take(kind, *content)
        return self._outcome

    def _take(self, kind: str, *content: Any) -> None:
        if kind == EVENT:
            self._reporter.relay(*content)
        elif kind == RUNNING:
            self._on_running()
        elif kind == HELD:
            (self._control.pause_reason,) = content
            self._control.began_to_hold()
        elif kind == WENT_ON:
            self._control.went_on()
        elif kind == LAST_EDIT:
            self._control.take_edit(last=True)
        elif kind == FAILED:
            raise RunProcessError(*content)
        elif kind == OUTCOME:
            (self._outcome,) = content
