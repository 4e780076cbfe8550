"""Python expressions in configuration files, read and never run.

RL Zoo writes some values as Python: `dict(net_arch=[64, 64], activation_fn=nn.ReLU)`. Only literals, `dict(...)` with
named arguments, arithmetic of numbers and dotted names are read; a name stays a name, as `Named`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.config.importing.plain import whole_text

_LONGEST = 20_000
_LARGEST_POWER = 64
_LARGEST = 1e18
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Named:
    """A name that stands where a value could: a class, a function."""

    dotted: str

    @property
    def last(self) -> str:
        """What stands after the last dot: `ReLU` of `nn.ReLU`."""
        return self.dotted.rpartition(".")[2]

    def __str__(self) -> str:
        return self.dotted


def read_expression(text: str) -> Any:
    """Return the value of an expression; a tuple becomes a list.

    :raises ValueError: it is no expression, or more than literals, `dict(...)`, arithmetic and names; says which part
    """
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST:,} characters")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"is not a Python expression: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError("is nested too deeply") from error
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"cannot be calculated: {error}") from error


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, bool, type(None))):
        return _constant(node.value)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_key(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {_argument(keyword): _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _number(node.operand)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp):
        return _calculated(node)
    dotted = _dotted(node)
    if dotted is None:
        raise ValueError(f"holds {ast.unparse(node)[:60]!r}, which is not a plain value; nothing in a file is ever run")
    return Named(dotted)


def _constant(value: str | int | float | bool | None) -> Any:
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, (int, float)) and abs(value) > _LARGEST:
        raise ValueError("holds too large a number")
    return value


def _key(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return whole_text(node.value)
    raise ValueError("holds a key that is not text")


def _argument(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError("unpacks a value with **")
    return keyword.arg


def _number(node: ast.expr) -> int | float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("calculates with something that is no number")
    return value


def _calculated(node: ast.BinOp) -> Any:
    calculate = _OPERATORS.get(type(node.op))
    if calculate is None:
        raise ValueError(f"holds {ast.unparse(node)[:60]!r}, which is not a plain value")
    left, right = _number(node.left), _number(node.right)
    if isinstance(node.op, ast.Pow) and (abs(right) > _LARGEST_POWER or abs(left) > 10**6):
        raise ValueError("raises to too high a power")
    result = calculate(left, right)
    if isinstance(result, complex):
        raise TypeError("the result is not a real number")
    if abs(result) > _LARGEST:
        raise ValueError("calculates too large a number")
    return result


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None
