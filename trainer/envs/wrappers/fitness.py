"""What a wrapper asks of the environment that it is put around, and what it says where that is not so."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainer.envs.inspection import space_in_words

SpaceT = TypeVar("SpaceT", bound=spaces.Space[Any])


class UnfitError(ValueError):
    """A wrapper does not go around this environment.

    :param message: what stands against it
    :param hint: what to do about it
    :param remedy: what would mend it for sure: to `remove` the wrapper, or to put it `first`
    """

    def __init__(self, message: str, hint: str, remedy: Literal["remove", "first"] | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.remedy = remedy or ("remove" if hint.startswith("Remove it") else None)


def continuous_actions(space: spaces.Space[Any], hint: str) -> spaces.Box:
    """Return the space of continuous actions.

    :raises UnfitError: actions are of another kind
    """
    if isinstance(space, spaces.Box):
        return space
    raise UnfitError(f"works on continuous actions, and here they are {space_in_words(space)}", hint)


def box(space: spaces.Space[Any], hint: str) -> spaces.Box:
    """Return the space of observations that are an array.

    :raises UnfitError: observations are of another kind
    """
    if isinstance(space, spaces.Box):
        return space
    raise UnfitError(f"works on arrays of numbers, and observations are {space_in_words(space)} here", hint)


def vector(space: spaces.Space[Any], hint: str) -> spaces.Box:
    """Return the space of observations that are a row of numbers with a fraction.

    :raises UnfitError: observations are of another kind
    """
    if isinstance(space, spaces.Box) and len(space.shape) == 1 and np.issubdtype(space.dtype, np.floating):
        return space
    raise UnfitError(f"works on a vector of numbers, and observations are {space_in_words(space)} here", hint)


def per_entry(space: spaces.Box, bound: Any, title: str) -> NDArray[Any]:
    """Return a bound as an array of the shape of a space.

    :param bound: a number for all entries, or a sequence with one for each
    :raises UnfitError: they are not as many as entries
    """
    given = np.asarray(bound, dtype=space.dtype)
    if given.ndim == 0:
        return np.full(space.shape, given, dtype=space.dtype)
    if given.size != int(np.prod(space.shape)):
        message = f"{title} has {given.size} numbers for {int(np.prod(space.shape))} entries"
        raise UnfitError(message, "Give one number for all, or one for each.")
    return given.reshape(space.shape)
