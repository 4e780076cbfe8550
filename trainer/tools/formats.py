"""What a policy can be exported to, and what is missing for it on this machine; imports none of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from trainer.envs.optional import install_command
from trainer.errors import ConfigError, ConflictError, Fault, nearest

ONNX, TORCHSCRIPT, CARD = "onnx", "torchscript", "card"
FORMATS = (ONNX, TORCHSCRIPT)
_NEEDED = {ONNX: ("onnx", "onnxruntime")}


@dataclass(frozen=True)
class Missing:
    """What is not installed for a format, in a sentence, and the one command that installs it."""

    message: str
    command: str


def missing_for(kind: str) -> Missing | None:
    """Return what is not installed for a format; None when nothing is missing."""
    missing = [name for name in _NEEDED.get(kind, ()) if find_spec(name) is None]
    if not missing:
        return None
    *others, last = missing
    if others:
        message = f"Exporting to {kind.upper()} needs {', '.join(others)} and {last}, which are not installed."
    else:
        message = f"Exporting to {kind.upper()} needs {last}, which is not installed."
    return Missing(message, install_command(*missing))


def require_format(kind: str) -> None:
    """Refuse a format that is not known, or for which something is not installed.

    :raises ConfigError: it is not known
    :raises ConflictError: a package is missing
    """
    if kind not in FORMATS:
        near = nearest(kind, FORMATS)
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(FORMATS)}."
        raise ConfigError([Fault("format", f"{kind!r} is no format", hint)])
    missing = missing_for(kind)
    if missing is not None:
        raise ConflictError(f"{missing.message} Install with: {missing.command}")
