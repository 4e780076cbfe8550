"""What a policy can be exported to, and what is missing for it on this machine; imports none of it."""

from __future__ import annotations

from importlib.util import find_spec

from trainer.envs.optional import install_command
from trainer.errors import ConfigError, ConflictError, Fault, nearest

ONNX, TORCHSCRIPT, CARD = "onnx", "torchscript", "card"
FORMATS = (ONNX, TORCHSCRIPT)
_NEEDED = {ONNX: ("onnx", "onnxruntime")}


def missing_for(kind: str) -> str | None:
    """Return what is not installed for a format and the one command that installs it; None when nothing is missing."""
    missing = [name for name in _NEEDED.get(kind, ()) if find_spec(name) is None]
    if not missing:
        return None
    command = install_command(*missing)
    return f"Exporting to {kind.upper()} needs {' and '.join(missing)}, which is not installed. Install with: {command}"


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
        raise ConflictError(missing)
