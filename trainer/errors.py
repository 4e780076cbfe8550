"""The errors that Palaestra raises at its edges.

Each says what happened, where, and what to do. `code` is stable: scripts and the REST layer rely on it.
Inside the engine ordinary exceptions travel; they become one of these only where a person or a script reads them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one field.

    :param field: dotted path of the field, `algorithm.batch_size`; empty when it concerns the whole
    :param message: what is wrong, in words
    :param hint: what to do about it, if that is known
    :param fix: values by dotted path that would mend it, where a rule knows some; one press of a button applies them
    """

    field: str
    message: str
    hint: str | None = None
    fix: Mapping[str, Any] | None = dataclasses.field(default=None, hash=False)

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the REST contract shows it, without an absent hint or fix."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class PalaestraError(Exception):
    """Base of every error that is shown to a person or a script."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_json(self) -> dict[str, Any]:
        """Return the body of the REST error envelope."""
        return {"code": self.code, "message": self.message}


class ConfigError(PalaestraError):
    """A configuration that cannot run; `faults` holds every fault found, each with its field.

    `rest` is what `load_config` could read of it all the same: a RunConfig that lacks the settings at fault, for
    `trainer.config.check_rest`; None where there is none.
    """

    code = "invalid_config"

    def __init__(self, faults: Sequence[Fault], rest: Any = None) -> None:
        self.faults = tuple(faults)
        self.rest = rest
        super().__init__("; ".join(map(_line, self.faults)))

    def as_json(self) -> dict[str, Any]:
        """Return the envelope's body with one entry a fault."""
        return {**super().as_json(), "details": [fault.as_json() for fault in self.faults]}


class NotFoundError(PalaestraError):
    """Something was asked for by a name that does not exist."""

    code = "not_found"


class ConflictError(PalaestraError):
    """The thing exists but its present state does not allow what was asked."""

    code = "conflict"


class UnsafePathError(PalaestraError):
    """A file name from outside would have left the folder it belongs in."""

    code = "unsafe_path"


class StorageError(PalaestraError):
    """A file or the database could not be written."""

    code = "storage"


def _line(fault: Fault) -> str:
    # What concerns the whole is a sentence of its own, or else says what the configuration is.
    if not fault.field and not fault.message[:1].islower():
        return fault.message
    return f"{fault.field or 'config'}: {fault.message}"


def reason_of(error: Exception) -> str:
    """Return why a file could not be read or written, for the end of a sentence that names the file."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `word`, or None when nothing is near."""
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None
