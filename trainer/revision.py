"""Which commit of the program is running, so that a run can say what it was trained with."""

from __future__ import annotations

import re
import shutil
import subprocess  # git is asked one question, with nothing from outside in it
from functools import cache
from pathlib import Path

from trainer.paths import PROJECT_ROOT

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_PATIENCE = 2.0  # seconds that git may take to say whether anything was changed
CHANGED = "+changes"


@cache
def git_commit() -> str | None:
    """Return the commit of the program's own checkout, with `+changes` where git says so; None outside a checkout."""
    return commit_of(PROJECT_ROOT)


def commit_of(checkout: Path) -> str | None:
    """Return the commit that is checked out in a folder, read from its `.git`; git need not be installed."""
    try:
        commit = _head(checkout / ".git")
    except (OSError, UnicodeDecodeError):
        return None
    if commit is None or not _COMMIT.fullmatch(commit):
        return None
    return commit + (CHANGED if _has_changes(checkout) else "")


def _head(git: Path) -> str | None:
    if git.is_file():  # a worktree, or a checkout inside another one
        git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    shared = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
    for folder in (git, shared):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
    return _packed(shared, name)


def _packed(git: Path, name: str) -> str | None:
    for line in (git / "packed-refs").read_text(encoding="utf-8").splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return None


def _has_changes(checkout: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    line = [git, "--no-optional-locks", "-C", str(checkout), "status", "--porcelain", "--untracked-files=no"]
    try:
        done = subprocess.run(line, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())
