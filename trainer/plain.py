"""Plain data as JSON beside NumPy arrays: how a checkpoint keeps what Stable-Baselines3's own file does not.

`pack` takes apart numbers, words, lists, tuples, dictionaries, deques, arrays and NumPy's generators; `unpack` puts
them together again, equal to the last bit. Reading runs no code and imports nothing: a file from a stranger can be
wrong, and no more than that.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KIND = "!"  # the key that marks what JSON has no word for
_GENERATORS: Mapping[str, type[np.random.BitGenerator]] = {
    "PCG64": np.random.PCG64,
    "PCG64DXSM": np.random.PCG64DXSM,
    "MT19937": np.random.MT19937,
    "Philox": np.random.Philox,
    "SFC64": np.random.SFC64,
}

Arrays = dict[str, NDArray[Any]]


class NotPlainError(TypeError):
    """A value is not plain data; the message says which and where."""


def pack(value: Any, arrays: Arrays, at: str = "") -> Any:
    """Return `value` as what JSON can hold, putting its arrays into `arrays`.

    :param at: where the value stands in the whole, for the names of arrays and for errors
    :raises NotPlainError: something in it is not plain data
    """
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {_KIND: "float", "value": repr(value)}
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_numbers(value, arrays, at)
    if isinstance(value, Mapping):
        return _pack_mapping(value, arrays, at)
    if isinstance(value, np.random.Generator):
        state = pack(value.bit_generator.state, arrays, f"{at}/state")
        return {_KIND: "generator", "value": state}
    if isinstance(value, (list, tuple, deque)):
        items = [pack(item, arrays, f"{at}/{index}") for index, item in enumerate(value)]
        if type(value) is list:
            return items
        packed = {_KIND: "deque" if isinstance(value, deque) else "tuple", "value": items}
        return packed | ({"longest": value.maxlen} if isinstance(value, deque) else {})
    raise NotPlainError(f"{at or 'the value'} is {kind_of(value)}")


def kind_of(value: Any) -> str:
    """Return what a value is an instance of, for a message: some types of native libraries stand in no module."""
    kind = type(value)
    return f"{getattr(kind, '__module__', 'native')}.{kind.__qualname__}"


def unpack(packed: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return what `pack` was given.

    :raises ValueError: this was not written by `pack`
    :raises KeyError: an array is missing
    """
    if isinstance(packed, list):
        return [unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    if _KIND not in packed:
        return {key: unpack(item, arrays) for key, item in packed.items()}
    kind: Any = packed[_KIND]
    value: Any = packed.get("value")
    if kind == "float":
        return float(value)
    if kind == "array":
        return arrays[value]
    if kind == "number":
        return arrays[value][()]
    if kind == "generator":
        return _generator(unpack(value, arrays))
    items = [unpack(item, arrays) for item in value]
    if kind == "tuple":
        return tuple(items)
    if kind == "deque":
        return deque(items, packed["longest"])
    if kind == "mapping":
        return dict(items)
    raise ValueError(f"no plain data is called {kind!r}")


def _pack_numbers(value: Any, arrays: Arrays, at: str) -> dict[str, str]:
    if value.dtype.hasobject:
        raise NotPlainError(f"{at or 'the value'} is an array of objects")
    name = at.strip("/") or "value"
    # A copy: what is packed must not change while training goes on.
    arrays[name] = np.array(value)
    return {_KIND: "number" if isinstance(value, np.generic) else "array", "value": name}


def _pack_mapping(value: Mapping[Any, Any], arrays: Arrays, at: str) -> dict[str, Any]:
    if all(isinstance(key, str) for key in value) and _KIND not in value:
        return {key: pack(item, arrays, f"{at}/{key}") for key, item in value.items()}
    items = enumerate(value.items())
    return {_KIND: "mapping", "value": [pack(list(pair), arrays, f"{at}/{index}") for index, pair in items]}


def _generator(state: dict[str, Any]) -> np.random.Generator:
    generator = np.random.Generator(_GENERATORS[state["bit_generator"]]())
    generator.bit_generator.state = state
    return generator
