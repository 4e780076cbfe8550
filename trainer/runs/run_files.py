"""The files of a run's directory that say what it is: `config.json` and `command.txt`, enough to do it again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from trainer.config import RunConfig
from trainer.errors import StorageError
from trainer.whole_files import write_atomically


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


def remove_run_files(directory: Path) -> None:
    """Remove a run's directory with all that is in it; one that is gone already is no fault.

    :raises StorageError: something in it could not be removed
    """
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"The run's directory {directory} could not be removed: {error}.") from error
