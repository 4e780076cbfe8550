"""The user's files of environments: which there are, which were enabled, what their check said.

What always holds: no file is run before its user has enabled it, as it was when they did; whoever changes one byte of
it, or of a file that it imports from beside it, has it wait until it is enabled again. What was enabled is remembered
in one JSON file in the outputs folder, under the file's name and the digests of all that belongs to it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainer.envs.custom.files import digests, environment_files, file_named, same, text_of
from trainer.envs.custom.source import BrokenFileError, Source, digest_of, drop, guard, ids_of, take_in
from trainer.envs.worker import Worker, place
from trainer.errors import ConflictError, StorageError
from trainer.whole_files import read_json, write_atomically

_log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0

State = Literal["new", "enabled", "changed", "broken"]


@dataclass(frozen=True)
class CustomFile:
    """One file as the page shows it.

    :param digest: of the file as it is now; whoever enables it says which one they mean
    :param state: `new` was never tried as it is, `changed` is not what was enabled, `broken` was refused,
        `enabled` is in use
    :param ids: that it registers, as far as that is known
    :param problems: what its check said: severity, message, id, file, line
    :param checking: whether it is being tried at this moment
    """

    name: str
    file: str
    size_bytes: int
    modified_at: float
    digest: str
    state: State
    ids: tuple[str, ...]
    problems: tuple[Mapping[str, Any], ...]
    checking: bool


class CustomEnvironments:
    """The folder of the user's environments and what was decided about its files.

    :param folder: holds the files; need not exist
    :param memory: JSON file that keeps what was decided
    """

    def __init__(self, folder: Path, memory: Path) -> None:
        self.folder = folder.resolve()
        guard(self.folder)
        self._memory = memory
        self._lock = threading.Lock()
        self._deciding = threading.Lock()  # while what a check found, or a reader's word, is put into effect
        self._checks: dict[str, Worker] = {}

    def take_in_enabled(self) -> None:
        """Import every file that was enabled and is still what it was; what goes wrong is kept and told."""
        for name, known in self._remembered().items():
            if known.get("enabled") and same(known["files"], self.folder):
                self._import(name, known)

    def close(self) -> None:
        """Take out of this process what was taken in."""
        for name in self._remembered():
            drop(name)

    def listing(self) -> list[CustomFile]:
        """Return every file in the folder, by name; none is run."""
        remembered = self._remembered()
        found = []
        for path in environment_files(self.folder):
            with contextlib.suppress(FileNotFoundError):  # it was taken away meanwhile
                found.append(self._described(path, remembered.get(path.stem)))
        return found

    def text(self, name: str) -> str:
        """Return what a file says.

        :raises NotFoundError: there is no such file
        """
        return text_of(file_named(self.folder, name))

    def enable(self, name: str, digest: str, *, despite: bool = False) -> CustomFile:
        """Try a file in a process of its own and, where nothing is wrong with it, import it here from now on.

        :param digest: of the file that is meant, as its reader saw it
        :param despite: take it in although Gymnasium's check found errors, as long as it can be imported
        :returns: the file as it stands now, enabled or broken
        :raises ConflictError: it has changed since, is being tried already, or was cancelled or disabled meanwhile
        """
        path = file_named(self.folder, name)
        if digest_of(path) != digest:
            raise ConflictError(f"{path.name} has changed since you looked at it. Look again, then enable it.")
        with self._checking(name) as worker:
            report = self._report(name, worker)
            errors = [problem for problem in report["problems"] if problem["severity"] == "error"]
            enabled = bool(report["ids"]) and (despite or not errors) and report["files"].get(path.name) == digest
            known = {**report, "enabled": enabled, "tried_at": time.time()}
            with self._deciding:
                worker.require_wanted()  # whoever disabled it meanwhile has the last word
                if enabled:
                    known["enabled"] = self._import(name, known)
                else:
                    drop(name)
                self._remember(name, known)
        return self._described(path, known)

    def disable(self, name: str) -> CustomFile:
        """Have a file no longer imported, and a check of it ended; what is made of it already lives on."""
        path = file_named(self.folder, name)
        with contextlib.suppress(ConflictError):
            self.cancel(name)
        with self._deciding:
            drop(name)
            self._remember(name, None)
        return self._described(path, None)

    def cancel(self, name: str) -> None:
        """End a check that is under way.

        :raises ConflictError: there is none
        """
        with self._lock:
            check = self._checks.get(name)
        if check is None:
            raise ConflictError(f"{name}.py is not being checked.")
        check.cancel()

    @contextlib.contextmanager
    def _checking(self, name: str) -> Iterator[Worker]:
        worker = Worker({"job": "check", "folder": str(self.folder), "name": name}, CHECK_SECONDS)
        with self._lock:
            if name in self._checks:
                raise ConflictError(f"{name}.py is being checked already.")
            self._checks[name] = worker
        try:
            yield worker
        finally:
            with self._lock:
                del self._checks[name]

    def _report(self, name: str, worker: Worker) -> dict[str, Any]:
        reports: list[dict[str, Any]] = []
        with place():
            said = worker.answers(reports.append)
        return reports[-1] if reports else self._gave_no_answer(name, said, overdue=worker.overdue)

    def _gave_no_answer(self, name: str, said: str, *, overdue: bool) -> dict[str, Any]:
        text = f"It gave no answer for {CHECK_SECONDS:g} s and was ended." if overdue else "It ended the process."
        last = said.strip().rpartition("\n")[2]
        message = f"{text} Its last words: {last}" if last and not overdue else text
        problem = {"severity": "error", "message": message, "id": None, "file": f"{name}.py", "line": None}
        files = {f"{name}.py": digests(self.folder).get(f"{name}.py", "")}
        return {"ids": [], "problems": [problem], "files": files}

    def _import(self, name: str, known: dict[str, Any]) -> bool:
        try:
            known["ids"] = list(take_in(Source(self.folder, name, tuple(sorted(known["files"].items())))))
        except BrokenFileError as error:
            _log.warning("%s", error.message)
            problem = {
                "severity": "error",
                "message": error.message,
                "id": None,
                "file": f"{name}.py",
                "line": error.line,
            }
            known["problems"] = [*known.get("problems", []), problem]
            return False
        return True

    def _described(self, path: Path, known: Mapping[str, Any] | None) -> CustomFile:
        stat = path.stat()
        current = known is not None and same(known["files"], self.folder)
        state: State = "new"
        if known is not None and current:
            state = "enabled" if known["enabled"] else "broken"
        elif known is not None and known["enabled"]:
            state = "changed"
        if state == "enabled" and not ids_of(path.stem):
            state = "broken"  # it could not be imported when this process began
        shown = known if known is not None and current else {}
        return CustomFile(
            path.stem,
            path.name,
            stat.st_size,
            stat.st_mtime,
            digest_of(path) or "",
            state,
            tuple(shown.get("ids", ())) or ids_of(path.stem),
            tuple(shown.get("problems", ())),
            path.stem in self._checks,
        )

    # ---- memory --------------------------------------------------------------------------------------------

    def _remembered(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each file, leaving out what is not as it was written."""
        try:
            found = read_json(self._memory).get("files", {})
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be read, so no file of environments is enabled: %s", self._memory, error)
            return {}
        return {name: known for name, known in found.items() if isinstance(known, dict) and _is_whole(known)}

    def _remember(self, name: str, known: dict[str, Any] | None) -> None:
        with self._lock:
            files = self._remembered()
            files.pop(name, None)
            if known is not None:
                files[name] = known
            text = json.dumps({"files": files}, indent=2) + "\n"
            try:
                write_atomically(self._memory, text)
            except OSError as error:
                with contextlib.suppress(KeyError):
                    drop(name)
                raise StorageError(f"What is enabled cannot be remembered in {self._memory}: {error}.") from error


def _is_whole(known: Mapping[str, Any]) -> bool:
    return isinstance(known.get("files"), dict) and isinstance(known.get("enabled"), bool)
