"""What tools have left in a run's directory, read without loading PyTorch: evaluations, exports, model cards."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trainer import whole_files as files
from trainer.errors import ConflictError, NotFoundError
from trainer.media.parts import VIDEOS, sweep_parts
from trainer.paths import confined

FOLDER = "evaluations"
EXPORTS = "exports"
ABOUT = "export.json"
INTERVAL = "95 % interval of the mean after Student (mean ± t · s / √n) over all episodes"


def evaluations_in(directory: Path, most: int = 50) -> list[dict[str, Any]]:
    """Return the results of a run's evaluations, the newest first; what is damaged is passed over."""
    found: list[dict[str, Any]] = []
    for path in sorted((directory / FOLDER).glob("*.json"), reverse=True)[:most]:
        with contextlib.suppress(OSError, ValueError):
            found.append({"file": path.name, **files.read_sealed(path)})
    return found


def exports_in(directory: Path) -> list[dict[str, Any]]:
    """Return what was exported of a run, the newest first: `folder`, `files` with name and bytes, and what it is."""
    found: list[dict[str, Any]] = []
    # A name that begins with a dot is not whole yet, or on its way out.
    for about in (directory / EXPORTS).glob(f"[!.]*/{ABOUT}"):
        with contextlib.suppress(OSError, ValueError):
            inside = sorted(file for file in about.parent.iterdir() if file.is_file())
            listed = [{"name": file.name, "size_bytes": file.stat().st_size} for file in inside]
            found.append({**files.read_json(about), "folder": about.parent.name, "files": listed})
    return sorted(found, key=lambda each: float(each.get("time", 0)), reverse=True)


def file_in(directory: Path, folder: str, name: str) -> Path:
    """Return an exported file for download.

    :raises NotFoundError: there is no such file
    :raises UnsafePathError: the names lead elsewhere
    """
    path = confined(directory / EXPORTS, folder, name)
    if folder.startswith(".") or not path.is_file() or path.parent.parent != (directory / EXPORTS).resolve():
        raise NotFoundError(f"There is no file {name!r} in the export {folder!r} of run {directory.name}.")
    return path


def folder_in(directory: Path, name: str) -> Path:
    """Return a folder of a run's directory, made where it is missing; the directory itself never is.

    :raises ConflictError: the run was deleted meanwhile
    :raises OSError: it cannot be made
    """
    folder = directory / name
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise ConflictError(f"The folder of run {directory.name} is gone: it was deleted meanwhile.") from None
    return folder


def tidy_unfinished(directory: Path) -> None:
    """Take away what killed processes have left of a run's exports and videos; what cannot be is left to the next."""
    with contextlib.suppress(OSError):
        files.tidy(directory / EXPORTS, "step_", shared=True)
    sweep_parts(directory / VIDEOS)


def address_of(run_id: str, folder: str, name: str) -> str:
    """Return where the API serves an exported file, without the root path."""
    return f"/api/tools/files/{quote(run_id, safe='')}/{quote(folder, safe='')}/{quote(name, safe='')}"
