"""Where the copies of an environment stand, as plain data: what lets a run go on from the very next step.

A copy can be put back where it was when all that it consists of is plain data: classic control, toy text, and most
environments written in Python. MuJoCo gives its physics as arrays. What keeps its state out of Python's reach
(an emulator, Box2D's world) cannot, and says so; training then goes on from fresh episodes.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from trainer.plain import NotPlainError, kind_of, pack

_DEEPEST = 4  # objects inside objects
_INSIDE, _PHYSICS = "attributes of the object", "physics of MuJoCo"
# Attributes that say how a layer was made, never where it stands.
_SETTINGS = frozenset(
    {"env", "_saved_kwargs", "_cached_spec", "metadata", "render_mode", "P", "model", "mujoco_renderer"}
)
_FIXED = (
    spaces.Space,
    EnvSpec,
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
)


class UnreachableError(Exception):
    """An environment's state cannot be read; the message says what is in the way."""


def capture(env: gym.Env[Any, Any]) -> list[dict[str, Any]]:
    """Return where one copy stands, layer by layer from outside in.

    :raises UnreachableError: some of its state is out of Python's reach
    """
    return [_read(layer) for layer in _layers(env)]


def restore(env: gym.Env[Any, Any], state: list[dict[str, Any]]) -> None:
    """Put a copy, made and reset as the one that was captured, where that one stood.

    :raises ValueError: it is not the same kind of environment
    """
    layers = _layers(env)
    if len(layers) != len(state):
        raise ValueError(f"the environment has {len(layers)} layers, the checkpoint {len(state)}")
    for layer, values in zip(layers, state, strict=True):
        _write(layer, values)


def read_object(thing: Any) -> dict[str, Any]:
    """Return the plain attributes of any object, objects inside it included.

    :raises UnreachableError: it has an attribute that is not plain data
    """
    return _attributes(thing, type(thing).__name__, _DEEPEST)


def write_object(thing: Any, values: dict[str, Any]) -> None:
    """Give an object back the attributes that `read_object` found.

    :raises ValueError: they are none of those
    """
    for name, value in values.items():
        if name.startswith("__"):
            raise ValueError(f"{name} is not where an environment stands")
        if isinstance(value, dict) and set(value) == {_INSIDE}:
            write_object(vars(thing)[name], value[_INSIDE])
        else:
            setattr(thing, name, value)


def _layers(env: gym.Env[Any, Any]) -> list[gym.Env[Any, Any]]:
    layers = [env]
    while isinstance(layers[-1], gym.Wrapper):
        layers.append(layers[-1].env)
    return layers


def _read(layer: gym.Env[Any, Any]) -> dict[str, Any]:
    physics = _physics_of(layer)
    if physics is None:
        return read_object(layer)
    own = {name: value for name, value in vars(layer).items() if name != "data"}
    return {**_plain_items(own, type(layer).__name__, _DEEPEST), _PHYSICS: physics}


def _write(layer: gym.Env[Any, Any], values: dict[str, Any]) -> None:
    values = dict(values)
    physics = values.pop(_PHYSICS, None)
    write_object(layer, values)
    if physics is not None:
        _move_physics(layer, physics)


def _attributes(thing: Any, at: str, deepest: int) -> dict[str, Any]:
    try:
        attributes = vars(thing)
    except TypeError:
        raise UnreachableError(f"{at} is {kind_of(thing)}") from None
    return _plain_items(attributes, at, deepest)


def _plain_items(attributes: dict[str, Any], at: str, deepest: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if name in _SETTINGS or isinstance(value, _FIXED):
            continue
        try:
            pack(value, {}, f"{at}.{name}")
        except NotPlainError as error:
            if kind_of(value).startswith(("Box2D.", "native.Swig")):
                raise UnreachableError(f"{at}.{name} is a world of Box2D, which does not give its state") from None
            if deepest == 0 or isinstance(value, (dict, list, tuple)):
                raise UnreachableError(str(error)) from None
            found[name] = {_INSIDE: _attributes(value, f"{at}.{name}", deepest - 1)}
        else:
            found[name] = value
    return found


def _physics_of(layer: Any) -> Any:
    mujoco = sys.modules.get("mujoco")
    data = getattr(layer, "data", None) if isinstance(layer, gym.Env) and not isinstance(layer, gym.Wrapper) else None
    if mujoco is None or not isinstance(data, mujoco.MjData):
        return None
    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    state = np.empty(mujoco.mj_stateSize(layer.model, kind), dtype=np.float64)
    mujoco.mj_getState(layer.model, data, state, kind)
    return {"state": state, "derived": {name: array.copy() for name, array in _derived(data)}}


def _move_physics(layer: Any, physics: dict[str, Any]) -> None:
    mujoco = sys.modules["mujoco"]
    set_state: Callable[..., None] = mujoco.mj_setState
    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    set_state(layer.model, layer.data, physics["state"], kind)
    # Constraints and contacts follow from the state; the solver's starting point, which this changes, is part of the
    # state and is set once more.
    mujoco.mj_forward(layer.model, layer.data)
    set_state(layer.model, layer.data, physics["state"], kind)
    # What else an environment reads of the last step (positions of bodies, forces) is that of the moment before the
    # last movement, as MuJoCo leaves it, and not of the state itself.
    known = physics["derived"]
    for name, array in _derived(layer.data):
        if name in known and known[name].shape == array.shape:
            array[...] = known[name]


def _derived(data: Any) -> Iterator[tuple[str, Any]]:
    """Go through MuJoCo's arrays of a fixed size; those of constraints and contacts come and go."""
    for name in dir(type(data)):
        if not name.startswith(("_", "efc", "iefc", "contact")):
            array = getattr(data, name)
            if isinstance(array, np.ndarray) and array.size and array.flags.writeable:
                yield name, array
