"""The files of a run's directory that say what it is: `config.json` and `command.txt`, enough to do it again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from trainer.config import RunConfig
from trainer.errors import StorageError
from trainer.whole_files import removed, write_atomically


def write_run_files(directory: Path, config: RunConfig, command: str) -> None:
    """Make the run's directory and write both files, each of them whole or left as it was.

    :raises StorageError: the directory cannot be made or written
    """
    data = config.model_dump(mode="json", by_alias=True)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(data, indent=2, ensure_ascii=False)
        write_atomically(directory / "config.json", text + "\n")
        write_atomically(directory / "command.txt", command + "\n")
    except OSError as error:
        raise StorageError(f"The run's directory {directory} could not be written: {error}.") from error


@contextlib.contextmanager
def removed_run_files(directory: Path) -> Iterator[None]:
    """Remove a run's directory with all that is in it, by one rename, if what is done inside goes well.

    Otherwise it is as it was. One that is gone already is no fault.

    :raises StorageError: it could not be removed, and is whole
    """
    with contextlib.ExitStack() as stack:
        try:
            with contextlib.suppress(FileNotFoundError):
                stack.enter_context(removed(directory))
        except OSError as error:
            raise StorageError(f"The run's directory {directory} could not be removed: {error}.") from error
        yield


def remove_run_files(directory: Path) -> None:
    """Remove a run's directory; one that is gone already is no fault.

    :raises StorageError: it could not be removed, and is whole
    """
    with removed_run_files(directory):
        pass
