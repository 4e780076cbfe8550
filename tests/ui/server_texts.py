"""Every text of fixed tables that the server says in English and the page shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ui.components.form import describe_form, describe_live_fields

# As ui/assets/texts.js takes apart what it does not know as a whole.
_SENTENCE = re.compile(r".+?[.!?](?= [A-Z{]|$)|.+$", re.DOTALL)
# What makes a fault of a setting, or a note of something imported; the first argument is where it is.
_REMARKS = ("Fault", "PydanticCustomError", "leave", "take", "amend")
_SAID = ("title", "help", "group", "unit", "none_label")


def field_texts() -> set[str]:
    """Return what the form says: names and help of fields, headings, units, choices, algorithms."""
    form = describe_form()
    fields = [*form["fields"], *describe_live_fields()]
    texts = {field[name] for field in fields for name in _SAID if field[name]}
    texts |= {each["title"] for each in (*form["sections"], *form["algorithms"])}
    texts |= _wrapper_texts(form["wrappers"])
    return {text for text in texts if any(letter.isalpha() for letter in text)}


def _wrapper_texts(offered: dict[str, Any]) -> set[str]:
    """Return what the list editor of wrappers says: headings, wrappers, and their arguments."""
    each = [*offered["known"], *offered["fields"]]
    arguments = [argument for known in offered["known"] for argument in known["arguments"]]
    texts = {*offered["groups"], *(entry[name] for entry in each for name in ("title", "about"))}
    return texts | {argument[name] for argument in arguments for name in _SAID if argument.get(name)}


@cache
def spoken(root: Path) -> set[str]:
    """Return every text in the Python files of a folder and its sentences, with {1}, {2}, … for what is filled in."""
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(_template(node))
            elif isinstance(node, ast.Call) and _name(node.func) == "counted":
                found |= _counts(node)
    return found.union(*(sentences(text) for text in found))


def told(root: Path) -> set[str]:
    """Return the sentences among the texts of a folder that are no docstrings: what is said to whoever uses it."""
    found: set[str] = set()
    for path in [root] if root.is_file() else root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        # A docstring is an expression by itself, a part of an f-string is a value of it.
        aside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        aside |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        aside -= {id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
        for node in ast.walk(tree):
            if id(node) in aside:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(_template(node))
    return {text for text in found if re.match(r"[A-Z{].*[a-z]{2} .*[.]\s*$", text, re.DOTALL)}


def remarks(root: Path) -> set[str]:
    """Return what a folder says of settings: faults that it finds, notes of what it imports, amounts of something."""
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in _REMARKS:
                found |= {text for part in _parts(node) if (text := _words(part)) and " " in text.strip()}
            elif isinstance(node, ast.Call) and _name(node.func) == "counted":
                found |= _counts(node)
    return found


def _counts(call: ast.Call) -> set[str]:
    """Return what `counted(number, "step")` says: of one, and of several."""
    words = [word.value for word in call.args[1:] if isinstance(word, ast.Constant)]
    return {f"1 {words[0]}", f"{{1}} {[*words, f'{words[0]}s'][1]}"} if words else set()


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _parts(call: ast.Call) -> Iterator[ast.expr]:
    for argument in [*call.args[1:], *(keyword.value for keyword in call.keywords)]:
        yield from (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)


def _words(part: ast.expr) -> str:
    if isinstance(part, ast.JoinedStr):
        return _template(part)
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""


def sentences(text: str) -> set[str]:
    """Return the sentences of a text, without what an f-string puts before one."""
    return {re.sub(r"^\{\d+\} ", "", part.strip()) for part in _SENTENCE.findall(text)}


def _template(text: ast.JoinedStr) -> str:
    number = iter(range(1, 100))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(number)}}}" for part in text.values)
