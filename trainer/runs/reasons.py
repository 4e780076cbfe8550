"""Why a run failed, in words that say what to do; the traceback itself goes to the log."""

from __future__ import annotations

import re
from collections.abc import Callable

from trainer.errors import PalaestraError

_Test = Callable[[BaseException], bool]
_SIZE = re.compile(r"[\d.]+ [KMGT]i?B")


def explain(error: BaseException) -> str:
    """Return one plain sentence or two about `error`, with what to do where that is known."""
    if isinstance(error, PalaestraError):
        return error.message
    for matches, words in _KNOWN:
        if matches(error):
            size = _SIZE.search(str(error))
            return words.format(detail=str(error) or type(error).__name__, size=f" for {size[0]} more" if size else "")
    return f"Training raised {_text(error).splitlines()[0][:300]}. The log has the traceback."


def _is(*kinds: type[BaseException]) -> _Test:
    return lambda error: isinstance(error, kinds)


def _says(pattern: str) -> _Test:
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda error: compiled.search(_text(error)) is not None


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


_KNOWN: list[tuple[_Test, str]] = [
    (
        _says(r"cuda out of memory|OutOfMemoryError"),
        "The GPU ran out of memory. Use a smaller batch size or network, fewer runs at once, or the CPU.",
    ),
    (
        _says(r"unable to allocate|cannot allocate memory|MemoryError|not enough memory"),
        "There was not enough memory{size}. Make the replay buffer, the rollout, the number of copies or the network "
        "smaller, or run less beside it.",
    ),
    (
        _says(r"No space left on device|disk quota|\[Errno 28\]"),
        "The disk is full. Free some space in the outputs folder and start the run again.",
    ),
    (
        _says(r"found invalid values|\bnan\b|infinity or a value too large"),
        "The network produced values that are not numbers (NaN): training has diverged. Lower the learning rate or "
        "the gradient clipping, or normalise observations and rewards.",
    ),
    (
        _is(ModuleNotFoundError, ImportError),
        "A package that this run needs is missing: {detail}. Install it and retry.",
    ),
    (
        _says(r"NameNotFound|VersionNotFound|NamespaceNotFound|UnregisteredEnv"),
        "The environment is not known here: {detail}",
    ),
    (_says(r"DependencyNotInstalled"), "The environment needs a package that is not installed: {detail}"),
    (_is(PermissionError), "A file could not be written: {detail}. Check the rights on the outputs folder."),
    (_says(r"BrokenPipeError|EOFError"), "An environment's process ended unexpectedly; the log has what it said."),
]
