"""Why a run failed, in words that say what to do; the traceback itself goes to the log."""

from __future__ import annotations

import re
from collections.abc import Callable

from trainer.errors import ConfigError, PalaestraError
from trainer.runs.blame import raised_in_environment

_Test = Callable[[BaseException], bool]
_TRAINING = "Training"
_SIZE = re.compile(r"[\d.]+ [KMGT]i?B")


def explain(
    error: BaseException,
    environment: str = "",
    step: int = 0,
    *,
    what: str = _TRAINING,
    traced: str = "The log",
) -> str:
    """Return one plain sentence or two about `error`, with what to do where that is known.

    :param environment: id of the run's environment
    :param step: how far the run had come
    :param what: what has failed, as a sentence about it begins
    :param traced: what has the traceback, as a sentence about it begins; empty where nothing has it
    """
    if isinstance(error, ConfigError):
        return " ".join([error.message, *(fault.hint for fault in error.faults if fault.hint)])
    if isinstance(error, PalaestraError):
        return error.message
    place = raised_in_environment(error)
    for matches, words in _ANYWHERE if place else (*_ANYWHERE, *_IN_TRAINING):
        if matches(error):
            size = _SIZE.search(str(error))
            return words.format(detail=str(error) or type(error).__name__, size=f" for {size[0]} more" if size else "")
    raised = _text(error).splitlines()[0][:300].rstrip(".")
    if place and what == _TRAINING:
        return (
            f"The environment {environment} raised {raised} after step {step:,} ({place}). Mend it, then Resume goes "
            "on from the last checkpoint. The log has the traceback."
        )
    if place:
        what, raised = f"The environment {environment}", f"{raised} ({place})"
    return f"{what} raised {raised}. {traced} has the traceback." if traced else f"{what} raised {raised}."


def _is(*kinds: type[BaseException]) -> _Test:
    return lambda error: isinstance(error, kinds)


def _says(pattern: str) -> _Test:
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda error: compiled.search(_text(error)) is not None


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


_ANYWHERE: list[tuple[_Test, str]] = [
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
        "The disk is full. Free some space in the outputs folder and try again.",
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
    (
        _is(BrokenPipeError, EOFError, ConnectionResetError),
        "An environment's process ended unexpectedly. What it said last stands in the terminal that the program was "
        "started from; run it with the backend dummy to have its error here.",
    ),
]
_IN_TRAINING: list[tuple[_Test, str]] = [
    (
        _says(r"found invalid values|\bnan\b|infinity or a value too large"),
        "The network produced values that are not numbers (NaN): training has diverged. Lower the learning rate or "
        "the gradient clipping, or normalise observations and rewards.",
    ),
    (_is(PermissionError), "A file could not be written: {detail}. Check the rights on the outputs folder."),
]
