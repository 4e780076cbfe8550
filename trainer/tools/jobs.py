"""Tasks that the server works on: each in a process of its own, known here by its id until the server ends.

What always holds: a page that is closed or reloaded changes nothing; a task that is cancelled or fails leaves nothing
half done; none outlives the program, and no run is deleted while a task works on it. What concerns a checkpoint loads
PyTorch in another process, so a page's answer never waits for it; pruning, which only renames files, is done by a
thread here.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
import uuid
from typing import Any, BinaryIO, cast

from trainer import subprocesses
from trainer.config import load_config
from trainer.envs.entry_points import sources_of
from trainer.errors import ConflictError, NotFoundError, PalaestraError
from trainer.paths import Layout
from trainer.runs.manager import RunManager
from trainer.store import Store
from trainer.tools.choosing import choose
from trainer.tools.formats import require_format
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.results import tidy_unfinished
from trainer.tools.tasks import AnyTask, Export, OfCheckpoint, Prune

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
_AT_ONCE = 2
_REMEMBERED = 100
_MOST_WAITING = 50
_GRACE_SECONDS = 5.0
_CLOSING_SECONDS = 10.0  # for a checkpoint that is being deleted


class Job:
    """One task and how far it is; `state` is one of the five words above."""

    def __init__(self, task: AnyTask) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.task = task
        self.state = WAITING
        self.fraction = 0.0
        self.words = ""
        self.result: dict[str, Any] | None = None
        self.error: str | None = None
        self.created_at = time.time()
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.progress = Progress(self._took)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """How people are told of it who are in its way: `export 3f0a…`."""
        return f"{self.task.kind} {self.id}"

    def _took(self, fraction: float, words: str) -> None:
        self.fraction, self.words = fraction, words

    def as_json(self) -> dict[str, Any]:
        """Return it as the REST API shows it; `eta_seconds` is None where nothing can be said yet."""
        eta = None
        if self.state == RUNNING and self.started_at is not None and self.fraction > 0.0:
            eta = (time.time() - self.started_at) * (1.0 - self.fraction) / self.fraction
        return {
            "id": self.id,
            "kind": self.task.kind,
            "run": self.task.run,
            "task": self.task.model_dump(mode="json"),
            "state": self.state,
            "cancelling": self.progress.cancelled and self.state not in ENDED,
            "progress": self.fraction,
            "words": self.words,
            "eta_seconds": eta,
            "result": self.result,
            "error": self.error,
            "created_at": self.created_at,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }


class ToolJobs:
    """Accepts tasks, does two at a time, and knows what became of them."""

    def __init__(self, store: Store, layout: Layout, manager: RunManager) -> None:
        self._store = store
        self._layout = layout
        self._manager = manager
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def submit(self, task: AnyTask) -> dict[str, Any]:
        """Accept a task and return its job.

        :raises NotFoundError: there is no such run
        :raises ConfigError: there is no such checkpoint or format
        :raises ConflictError: too many wait already, something that is needed is not installed, or the run is just
            being deleted
        """
        if task.run is not None:
            self._manager.get(task.run)
        if isinstance(task, OfCheckpoint):
            choose(self._layout.run(task.run), task.checkpoint)
        if isinstance(task, Export):
            require_format(task.format)
        job = Job(task)
        with self._lock:
            if sum(each.state == WAITING for each in self._jobs.values()) >= _MOST_WAITING or self._closed:
                raise ConflictError("Too many tasks wait already. Cancel some, or wait until they are done.")
            if task.run is not None:
                self._manager.holds.take(task.run, job.name)
            self._jobs[job.id] = job
            self._forget()
            thread = threading.Thread(target=self._work, args=(job,), name=f"tool-{job.id}", daemon=True)
            self._threads = {each for each in self._threads if each.is_alive()} | {thread}
            thread.start()
        return job.as_json()

    def list(self, run_id: str | None = None) -> list[dict[str, Any]]:
        """Return what is known of tasks, the newest first.

        :param run_id: only those of this run
        """
        with self._lock:
            jobs = [job for job in self._jobs.values() if run_id is None or job.task.run == run_id]
        return [job.as_json() for job in reversed(jobs)]

    def get(self, job_id: str) -> dict[str, Any]:
        """Return one job.

        :raises NotFoundError: it is not known, or forgotten by now
        """
        return self._find(job_id).as_json()

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Ask a task to end; it leaves nothing behind.

        :raises NotFoundError: it is not known
        :raises ConflictError: it has ended
        """
        job = self._find(job_id)
        if job.state in ENDED:
            raise ConflictError(f"The task is {job.state} already.")
        self._cancel(job)
        return job.as_json()

    def wait(self, job_id: str, timeout: float) -> dict[str, Any]:
        """Wait until a task has ended, for `timeout` seconds at most, and return it."""
        deadline = time.monotonic() + timeout
        job = self._find(job_id)
        while job.state not in ENDED and time.monotonic() < deadline:
            time.sleep(0.02)
        return job.as_json()

    def close(self) -> None:
        """End every task at once, and wait until each has told the store what it has done."""
        with self._lock:
            self._closed = True
            jobs, threads = list(self._jobs.values()), list(self._threads)
        for job in jobs:
            job.progress.cancel()
            # The number of one that has ended may be another's by now.
            if job.process is not None and job.state not in ENDED:
                subprocesses.end(job.process)
        deadline = time.monotonic() + _CLOSING_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _find(self, job_id: str) -> Job:
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise NotFoundError(f"There is no task {job_id!r}. A restart of the server forgets those before it.")
        return job

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state in ENDED]
        for job_id in ended[: max(0, len(self._jobs) - _REMEMBERED)]:
            del self._jobs[job_id]

    def _cancel(self, job: Job) -> None:
        job.progress.cancel()
        process = job.process
        if process is None:
            return
        _say(process, {"cancel": True})

        def end() -> None:
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                subprocesses.end(process)

        threading.Thread(target=end, name=f"end-{job.id}", daemon=True).start()

    def _work(self, job: Job) -> None:
        while not self._places.acquire(timeout=0.1):
            if job.progress.cancelled:
                self._end(job, CANCELLED)
                return
        try:
            if job.progress.cancelled:
                raise CancelledError
            job.state, job.started_at = RUNNING, time.time()
            job.result = self._prune(job.task, job) if isinstance(job.task, Prune) else self._spawn(job.task, job)
            self._end(job, DONE)
        except CancelledError:
            self._end(job, CANCELLED)
        except PalaestraError as error:
            job.error = error.message
            self._end(job, FAILED)
        except Exception as error:  # noqa: BLE001  # a task must not die unseen
            job.error = f"{type(error).__name__}: {error}"
            self._end(job, FAILED)
        finally:
            self._places.release()

    def _end(self, job: Job, state: str) -> None:
        if job.task.run is not None:
            self._manager.holds.release(job.task.run, job.name)
        if state == DONE:
            job.fraction = 1.0
        job.ended_at = time.time()
        job.state = state

    def _prune(self, task: Prune, job: Job) -> dict[str, Any]:
        from trainer.tools.pruning import prune

        return prune(self._manager, self._layout, task, self._store.emit, job.progress)

    def _spawn(self, task: OfCheckpoint, job: Job) -> dict[str, Any]:
        directory = self._layout.run(task.run)
        process = subprocesses.start("trainer.tools.worker", job.id)
        try:
            _say(process, {"task": task.model_dump(mode="json"), "directory": str(directory), **self._needed(task.run)})
            # Only now can it be told to end; what was asked meanwhile is passed on.
            job.process = process
            if job.progress.cancelled:
                self._cancel(job)
            if self._closed:
                subprocesses.end(process)
            result = _listen(process, job.progress)
        finally:
            subprocesses.end(process)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    cast("BinaryIO", pipe).close()
            # What it was making when it was ended, if it was.
            tidy_unfinished(directory)
        self._tell(result)
        return result

    def _needed(self, run_id: str) -> dict[str, Any]:
        """Return which files of the user's have part in a run's environment."""
        environment = load_config(self._manager.config(run_id)).environment
        return {"environment": environment.id, "sources": [source.as_json() for source in sources_of(environment)]}

    def _tell(self, result: dict[str, Any]) -> None:
        if "videos" in result:
            from trainer.tools.work import video_events

            for event in video_events(result):
                self._store.emit(event)


def _say(process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    pipe = cast("BinaryIO", process.stdin)
    with contextlib.suppress(OSError, ValueError):
        pipe.write(json.dumps(message).encode() + b"\n")
        pipe.flush()


def _listen(process: subprocess.Popen[bytes], progress: Progress) -> dict[str, Any]:
    """Follow a process to its last word.

    :raises CancelledError: it was asked to end
    :raises PalaestraError: it has failed, or is gone
    """
    for line in cast("BinaryIO", process.stdout):
        message = json.loads(line)
        if "progress" in message:
            progress.tell(message["progress"], message["words"])
        elif "result" in message:
            result: dict[str, Any] = message["result"]
            return result
        elif "cancelled" in message:
            raise CancelledError
        else:
            raise ToolError(message["error"])
    if progress.cancelled:
        raise CancelledError
    code = process.wait()
    raise ToolError(
        f"The process of this task ended by itself with exit status {code}. The program's terminal may say more."
    )


class ToolError(PalaestraError):
    """A task has failed; the message says why."""

    code = "tool_failed"
