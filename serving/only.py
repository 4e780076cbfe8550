"""One server for one outputs folder: a second one is told where the first is."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from filelock import FileLock, Timeout

from serving.settings import SettingsError
from trainer.errors import StorageError

_LOCK, _ADDRESS = ".server.lock", ".server.json"


class OnlyServer:
    """Holds an outputs folder until it is closed or its process dies, however that comes.

    :raises SettingsError: another server holds the folder; the message has its address
    :raises StorageError: the folder cannot be used
    """

    def __init__(self, outputs: Path) -> None:
        self._address = outputs / _ADDRESS
        self._lock = FileLock(outputs / _LOCK)
        try:
            outputs.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise SettingsError(
                f"Another Palaestra works with the outputs folder {outputs}{self._whereabouts()}. Use its page, or "
                "give this one a folder of its own with --outputs."
            ) from None
        except OSError as error:
            raise StorageError(f"The outputs folder {outputs} cannot be used: {error}.") from error

    def announce(self, url: str) -> None:
        """Leave word of where the page is."""
        with contextlib.suppress(OSError):
            self._address.write_text(json.dumps({"url": url, "process": os.getpid()}) + "\n", encoding="utf-8")

    def close(self) -> None:
        """Let go of the folder."""
        with contextlib.suppress(OSError):
            self._address.unlink()
        self._lock.release()

    def _whereabouts(self) -> str:
        try:
            known = json.loads(self._address.read_text(encoding="utf-8"))
            return f": process {known['process']}, at {known['url']}"
        except (OSError, ValueError, KeyError, TypeError):
            return ""
