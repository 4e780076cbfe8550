"""Which files of environments there are in a folder, without running any of them.

Only Python files directly in the folder count; one whose name begins with `_` is there for others to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trainer.envs.custom.source import digest_of
from trainer.errors import NotFoundError, nearest
from trainer.paths import confined, safe_name

LARGEST_SHOWN = 200_000  # characters of a file's text


def environment_files(folder: Path) -> list[Path]:
    """Return the files that may hold environments, by name; none where there is no such folder."""
    try:
        found = [path for path in folder.glob("*.py") if path.is_file() and not path.name.startswith(("_", "."))]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name)


def file_named(folder: Path, name: str) -> Path:
    """Return the file of environments of that name, without `.py`.

    :raises UnsafePathError: the name would lead out of the folder
    :raises NotFoundError: there is no such file
    """
    path = confined(folder, safe_name(f"{name}.py", "file name"))
    known = {each.stem: each for each in environment_files(folder)}
    if name not in known or not path.is_file():
        near = nearest(name, known)
        raise NotFoundError(f"There is no {name}.py in {folder}." + (f" Did you mean {near}.py?" if near else ""))
    return known[name]


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every Python file in the folder by file name."""
    known = {path.name: digest_of(path) for path in folder.glob("*.py")}
    return {name: digest for name, digest in known.items() if digest is not None}


def text_of(path: Path) -> str:
    """Return what a file says, cut off where it is very long."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return text if len(text) <= LARGEST_SHOWN else f"{text[:LARGEST_SHOWN]}\n…"


def same(files: Mapping[str, str], folder: Path) -> bool:
    """Say whether every one of these files still has the digest that is given for it."""
    return all(digest_of(folder / name) == known for name, known in files.items())
