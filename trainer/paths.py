"""Where files go, and the one place that turns a name from outside into a path.

`Layout` owns the shape of the outputs directory; `confined` is the only way a foreign name becomes a path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import UnsafePathError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
BUILT_IN_PRESETS = PROJECT_ROOT / "presets" / "built-in"
OUTPUTS = PROJECT_ROOT / "outputs"
USER_PRESETS = PROJECT_ROOT / "presets" / "user"
ENVIRONMENTS = PROJECT_ROOT / "environments"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+=@-]{0,127}")


def program(*, windows: bool = os.name == "nt") -> str:
    """Return how the program is called in a terminal, in the folder that it lies in."""
    return "webui.bat" if windows else "./webui.sh"


def safe_name(name: str, what: str = "name") -> str:
    """Return `name` if it can be one file's name on every system.

    :raises UnsafePathError: it is empty, has a separator, starts with a dot, or holds other characters
    """
    if not _SAFE_NAME.fullmatch(name) or name.endswith((".", " ")):
        raise UnsafePathError(
            f"{name!r} cannot be used as a {what}: use letters, digits, spaces and . _ - + = @, "
            "starting with a letter or digit, at most 128 characters."
        )
    return name


def confined(base: Path, *parts: str) -> Path:
    """Return `base/parts…`, resolved, refusing whatever would lie outside `base`.

    :raises UnsafePathError: the parts lead out of `base`, by `..`, an absolute path or a link
    """
    root = base.resolve()
    path = root.joinpath(*parts).resolve()
    if path == root or not path.is_relative_to(root):
        raise UnsafePathError(f"{'/'.join(parts)!r} lies outside the folder it belongs in.")
    return path


@dataclass(frozen=True)
class Layout:
    """The outputs directory: `palaestra.db` and `runs/<id>/`."""

    outputs: Path

    @property
    def runs(self) -> Path:
        """Folder that holds one directory for each run."""
        return self.outputs / "runs"

    @property
    def default_database_url(self) -> str:
        """SQLAlchemy URL of the SQLite file used when no `--database` is given."""
        return f"sqlite:///{(self.outputs / 'palaestra.db').resolve().as_posix()}"

    def run(self, run_id: str) -> Path:
        """Return the directory of a run, whether it exists or not."""
        return confined(self.runs, safe_name(run_id, "run id"))
