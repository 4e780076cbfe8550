"""Files that are either whole or not there, and a list of what they must contain.

What is written is flushed to the disk before anything is renamed to the name that says it is complete; a folder's
`manifest.json` has the SHA-256 of every file in it, so that what a disk or a copy has damaged is noticed. JSON that is
in no manifest carries its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_REPLACED = ".replaced"  # ends the name of a directory that gives way to another
_REMOVED = ".removed"  # ends the name of a directory on its way out
_UNFINISHED = ".tmp"  # ends the name of one that is not whole yet, after the number of the process that makes it
_SEAL = "sha256"


def flush(file: Path) -> None:
    """Have the disk keep a file.

    :raises OSError: it cannot
    """
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def flush_directory(folder: Path) -> None:
    """Have the disk keep the names in a folder; a rename is only safe then. Windows has no such call.

    :raises OSError: it cannot
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put a text, or bytes, in the place of what was there, all of it or nothing.

    Several writers do not meet before their last step: the file is that of whoever comes last, whole.

    :raises OSError: it cannot be written; what was there before is untouched, and nothing lies beside it
    """
    temporary = path.with_name(f".{uuid4().hex}{_UNFINISHED}")
    try:
        with temporary.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_directory(path.parent)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    :raises OSError: it cannot be read
    """
    summed = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(_BLOCK):
            summed.update(block)
    return summed.hexdigest()


def write_manifest(folder: Path) -> None:
    """List the files of a folder, those in folders inside it not included, with their SHA-256, and flush them all.

    :raises OSError: something cannot be written
    """
    files = sorted(file for file in folder.iterdir() if file.is_file())
    listed = {file.name: digest(file) for file in files}
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    for file in (*files, manifest):
        flush(file)


def damage(folder: Path, listed: Iterable[tuple[str, str]] | None = None, needed: Iterable[str] = ()) -> str | None:
    """Return what is wrong with the files of a folder, or None when all are as they were written.

    :param listed: name and SHA-256 of each; None reads the folder's own manifest
    :param needed: names that must be listed
    """
    try:
        expected = dict(read_json(folder / MANIFEST).items() if listed is None else listed)
        missing = set(needed) - set(expected)
        if missing:
            return f"its list of files lacks {', '.join(sorted(missing))}"
        for name, summed in expected.items():
            # What a stranger's list names outside the folder, or that is no plain file, is not looked at.
            if Path(name).name != name or not (folder / name).is_file():
                return f"{name} is not there"
            if digest(folder / name) != summed:
                return f"{name} is not as it was written"
    except (OSError, ValueError) as error:
        return f"it is not complete: {error}"
    return None


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    :raises OSError: it cannot be read
    :raises ValueError: it is not such a file
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no object")
    return found


def sealed(data: dict[str, Any]) -> str:
    """Return an object as JSON that carries its own SHA-256."""
    return json.dumps({**data, _SEAL: _seal(data)}, indent=2) + "\n"


def read_sealed(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; one of an earlier program, without a seal, is taken as it is.

    :raises OSError: it cannot be read
    :raises ValueError: it is not such a file, or not as it was written
    """
    data = read_json(path)
    if data.pop(_SEAL, None) not in (None, _seal(data)):
        raise ValueError(f"{path.name} is not as it was written")
    return data


def _seal(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def link(source: Path, target: Path) -> None:
    """Have one file under a second name; a copy where the disk knows no such thing.

    :raises OSError: neither can be made
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextlib.contextmanager
def made_beside(place: Path) -> Iterator[Path]:
    """Give a directory to write into, which becomes `place` when all went well; what was there gives way to it.

    Between the two renames that this takes, `tidy` knows what to do.

    :raises OSError: it cannot be made; then nothing is left of it
    """
    beside = place.with_name(f".{place.name}.{os.getpid()}{_UNFINISHED}")
    before = place.with_name(f".{place.name}{_REPLACED}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        flush_directory(beside)
        if place.exists():
            place.rename(before)
        beside.rename(place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        if before.exists() and not place.exists():
            before.rename(place)
        raise
    flush_directory(place.parent)
    shutil.rmtree(before, ignore_errors=True)


def tidy(folder: Path, prefix: str, *, shared: bool = False) -> None:
    """Put right what a process that died in `made_beside` has left of directories whose names begin so.

    :param shared: several processes write here; what one that still lives is making is left to it
    """
    found = list(folder.glob(f".{prefix}*"))
    made = {beside.name: _being_made(beside) if shared else None for beside in found}
    spared = {name for beside, at in made.items() if at is not None for name in (beside, f".{at}{_REPLACED}")}
    for beside in found:
        if beside.name in spared:
            continue
        place = folder / beside.name[1:].removesuffix(_REPLACED)
        if beside.name.endswith(_REPLACED) and not place.exists():
            beside.rename(place)
        else:
            shutil.rmtree(beside, ignore_errors=True)


def _being_made(beside: Path) -> str | None:
    """Return the name of the place that another, living process makes this directory for; None where none does."""
    place, _, number = beside.name[1:].removesuffix(_UNFINISHED).rpartition(".")
    is_process = beside.name.endswith(_UNFINISHED) and number.isdecimal() and int(number) != os.getpid()
    return place if is_process and psutil.pid_exists(int(number)) else None


def remove(folder: Path) -> bool:
    """Take a folder away; whoever looks meanwhile finds all of it or nothing.

    :return: whether the disk has all of it back; what it would not give is left to `tidy`
    :raises OSError: it cannot be renamed, and is still there
    """
    with removed(folder) as aside:
        pass
    return not aside.exists()


@contextlib.contextmanager
def removed(folder: Path) -> Iterator[Path]:
    """Take a folder away for good if what is done inside goes well; otherwise it is put back.

    A crash inside leaves it under the name that is given, which `leaving` finds.

    :raises OSError: it cannot be renamed, and is still there
    """
    aside = folder.with_name(f".{folder.name}{_REMOVED}")
    shutil.rmtree(aside, ignore_errors=True)  # of a crash before, in whose way a rename would come
    folder.rename(aside)
    try:
        yield aside
    except BaseException:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def leaving(folder: Path) -> dict[str, Path]:
    """Return what a crash has left of `removed` in a folder, by the name that each had."""
    return {path.name[1:].removesuffix(_REMOVED): path for path in folder.glob(f".*{_REMOVED}")}
