"""Gymnasium spaces in the words of the configuration."""

from __future__ import annotations

import hashlib
from typing import Any, get_args

import numpy as np
from gymnasium import spaces

from trainer.config.spaces import ActionKind, ObservationKind, Spaces

_KINDS: tuple[tuple[type[spaces.Space[Any]], str], ...] = (
    (spaces.Box, "box"),
    (spaces.Discrete, "discrete"),
    (spaces.MultiDiscrete, "multi_discrete"),
    (spaces.MultiBinary, "multi_binary"),
    (spaces.Dict, "dict"),
)


def is_image(space: spaces.Space[Any]) -> bool:
    """Say whether Stable-Baselines3 treats a space as an image: a box of bytes with three axes, 0 to 255."""
    return (
        isinstance(space, spaces.Box)
        and len(space.shape) == 3
        and space.dtype == np.uint8
        and bool(np.all(space.low == 0) and np.all(space.high == 255))
    )


def describe_spaces(
    observation: spaces.Space[Any], action: spaces.Space[Any], frame_stack: int | None, native: bool
) -> Spaces:
    """Return the spaces as a policy sees them, images channel first.

    :param frame_stack: observations stacked outside the environment; None or 1 for none
    :param native: whether a vector implementation exists
    """
    image = is_image(observation)
    shape = observation.shape
    if image and shape is not None and int(np.argmin(shape)) != 0:
        shape = (shape[2], shape[0], shape[1])
    if shape and frame_stack is not None:
        shape = (shape[0] * frame_stack, *shape[1:]) if image else (*shape[:-1], shape[-1] * frame_stack)
    kind = "other" if isinstance(observation, spaces.Dict) and not _readable(observation) else _kind(observation)
    seen = ("image" if image else "vector") if kind == "box" else kind
    acting = _kind(action)
    continuous = isinstance(action, spaces.Box)
    return Spaces(
        observation_kind=_as_observation_kind(seen),
        observation_shape=shape,
        action_kind=_as_action_kind(acting),
        n_actions=int(action.n) if isinstance(action, spaces.Discrete) else None,
        action_shape=action.shape if continuous else None,
        action_size=_numbers_of(action),
        action_bounded=action.is_bounded() if isinstance(action, spaces.Box) else None,
        goal_size=_goal_size(observation),
        native_available=native,
        observation_bytes=_times(_bytes_of(observation), frame_stack),
        observation_size=_times(_numbers_of(observation), frame_stack),
        action_bytes=_action_bytes(action),
        stacked_frames=frame_stack or 1,
    )


def _goal_size(observation: spaces.Space[Any]) -> int | None:
    """Return how many numbers a goal has, where observations are those of a goal environment."""
    parts = dict(observation.spaces) if isinstance(observation, spaces.Dict) else {}
    if not parts.keys() >= {"observation", "achieved_goal", "desired_goal"}:
        return None
    goal, reached = parts["desired_goal"], parts["achieved_goal"]
    alike = isinstance(goal, spaces.Box) and isinstance(reached, spaces.Box) and goal.shape == reached.shape
    return int(np.prod(goal.shape)) if alike and goal.shape is not None else None


def _readable(observation: spaces.Dict) -> bool:
    """Say whether a policy for dictionaries reads every part: Stable-Baselines3 takes no texts and nothing nested."""
    plain = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
    return all(isinstance(part, plain) for part in observation.values())


def _times(number: int | None, factor: int | None) -> int | None:
    return None if number is None else number * (factor or 1)


def _length(space: spaces.Space[Any]) -> int | None:
    """Return how many numbers one element has in an array; None for what Stable-Baselines3 cannot keep."""
    if isinstance(space, (spaces.Box, spaces.MultiBinary)):
        return int(np.prod(space.shape))
    if isinstance(space, spaces.MultiDiscrete):
        return len(space.nvec)
    return 1 if isinstance(space, spaces.Discrete) else None


def _bytes_of(space: spaces.Space[Any]) -> int | None:
    parts = list(space.spaces.values()) if isinstance(space, spaces.Dict) else [space]
    lengths = [_length(part) for part in parts]
    sizes = [np.dtype(part.dtype or np.float32).itemsize for part in parts]
    known = [length for length in lengths if length is not None]
    if len(known) < len(parts):
        return None
    return sum(length * size for length, size in zip(known, sizes, strict=True))


def _numbers_of(space: spaces.Space[Any]) -> int | None:
    if isinstance(space, spaces.Dict):
        parts = [_numbers_of(part) for part in space.spaces.values()]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    return int(space.nvec.sum()) if isinstance(space, spaces.MultiDiscrete) else _length(space)


def _action_bytes(space: spaces.Space[Any]) -> int | None:
    length = _length(space)
    dtype = np.dtype(space.dtype or np.float32)
    # Buffers keep double precision as single.
    return None if length is None else length * (4 if dtype == np.float64 else dtype.itemsize)


def _kind(space: spaces.Space[Any]) -> str:
    return next((name for kind, name in _KINDS if isinstance(space, kind)), "other")


def _as_observation_kind(name: str) -> ObservationKind:
    known: tuple[ObservationKind, ...] = get_args(ObservationKind)
    return next((kind for kind in known if kind == name), "other")


def _as_action_kind(name: str) -> ActionKind:
    known: tuple[ActionKind, ...] = get_args(ActionKind)
    return next((kind for kind in known if kind == name), "other")


def flattened(space: spaces.Space[Any]) -> spaces.Space[Any]:
    """Return what a policy sees of a space: the parts of a tuple side by side, where that can be."""
    return spaces.flatten_space(space) if isinstance(space, spaces.Tuple) and space.is_np_flattenable else space


def exactly(space: spaces.Space[Any]) -> str:
    """Return a digest that two spaces share only where they are equal, every bound included."""
    return hashlib.sha256(repr(_all_of(space)).encode()).hexdigest()


def _all_of(space: spaces.Space[Any]) -> tuple[Any, ...]:
    kind = type(space).__name__
    if isinstance(space, spaces.Box):
        return kind, space.shape, str(space.dtype), space.low.tobytes(), space.high.tobytes()
    if isinstance(space, spaces.MultiDiscrete):
        return kind, space.shape, str(space.dtype), space.nvec.tobytes(), space.start.tobytes()
    if isinstance(space, spaces.Dict):
        return kind, *((name, _all_of(part)) for name, part in space.spaces.items())
    if isinstance(space, spaces.Tuple):
        return kind, *map(_all_of, space.spaces)
    return kind, repr(space)


def space_in_words(space: spaces.Space[Any]) -> str:
    """Return a space as a sentence would name it: "an image of 96 x 96 x 3", "a vector of 4 numbers", "2 choices"."""
    if isinstance(space, spaces.Box):
        size = " x ".join(map(str, space.shape))
        if len(space.shape) == 1:
            return f"a vector of {size} numbers" if space.shape != (1,) else "a single number"
        return f"an image of {size}" if is_image(space) else f"an array of {size}" if size else "a single number"
    if isinstance(space, spaces.Discrete):
        return f"{int(space.n):,} choices"
    if isinstance(space, spaces.MultiDiscrete):
        return f"{len(space.nvec)} choices at once"
    if isinstance(space, spaces.Dict):
        return f"a dictionary of {', '.join(space.spaces)}"
    return {spaces.MultiBinary: "switches", spaces.Tuple: "a tuple", spaces.Text: "text"}.get(
        type(space), f"a {type(space).__name__} space"
    )
