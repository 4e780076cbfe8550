"""Every text of fixed tables that the server says in English and the page shows."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

from ui.components.form import describe_form, describe_live_fields

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
    """Return every text in the Python files of a folder, with {1}, {2}, … for what an f-string fills in."""
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(_template(node))
    return found


def _template(text: ast.JoinedStr) -> str:
    number = iter(range(1, 100))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(number)}}}" for part in text.values)
