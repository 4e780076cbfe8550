"""The file of one's own defaults as text: every setting with its help, and values as TOML writes them."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from trainer.config.specs import FieldSpec

_WIDTH = 100
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_OPENING = """\
Your own defaults for Palaestra.

A new configuration begins with them: "New" on the Train page, and the word defaults where the
name of a preset may stand, as in ./webui.sh train defaults. Presets and runs never change with
this file: they mean the same everywhere.

Take the # away before a line to set it. "none" stands for no value, where there may be none.
"""


def template(settings: Iterable[tuple[str, FieldSpec]]) -> str:
    """Return the whole file with every setting commented out, in page order under its table.

    :param settings: place and declaration of each
    """
    tables: dict[str, list[tuple[str, FieldSpec]]] = {}
    for place, spec in settings:
        table = f"algorithm.{spec.algorithm}" if spec.algorithm else place.partition(".")[0]
        tables.setdefault(table, []).append((place.removeprefix(f"{table}."), spec))
    lines = [*_comment(_OPENING), ""]
    for table, entries in tables.items():
        lines += [f"[{table}]", ""]
        group = None
        for key, spec in entries:
            if spec.group != group:
                group = spec.group
                lines += [f"# ---- {group}", ""]
            lines += [*_comment(f"{spec.title}: {spec.help}"), *_comment(" ".join(_facts(spec)))]
            lines += [f"# {toml_key(key)} = {toml_value(_default(spec))}", ""]
    return "\n".join(lines)


def toml_key(key: str) -> str:
    """Return a dotted key, with quotes where TOML wants them."""
    return ".".join(_key(part) for part in key.split("."))


def toml_value(value: Any) -> str:
    """Return a JSON value as TOML; None, which TOML lacks, is the text "none".

    :raises ValueError: a value with None inside it
    """
    return '"none"' if value is None else _inner(value)


def _inner(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # What TOML refuses as it is, and what editors take for the end of a line.
        return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inner(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_inner(each) for each in value)}]"
    raise ValueError("holds null, which TOML cannot write")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _default(spec: FieldSpec) -> Any:
    return spec.default.model_dump(mode="json") if isinstance(spec.default, BaseModel) else spec.default


def _facts(spec: FieldSpec) -> Iterator[str]:
    if spec.unit:
        yield f"In {spec.unit}."
    if spec.choices:
        known = ", ".join(json.dumps(choice) for choice in spec.choices)
        yield f"One of {known}." if spec.kind == "choice" else f"For example {known}."
    if spec.minimum is not None:
        yield f"{'More than' if spec.exclusive_minimum else 'At least'} {spec.minimum:g}."
    if spec.told_maximum is not None:
        yield f"{'Less than' if spec.exclusive_maximum else 'At most'} {spec.told_maximum:g}."
    if spec.nullable:
        yield f'"none" means {spec.none_label}.' if spec.none_label else '"none" is none.'
    if spec.example:
        yield f"Such as {spec.example}."


def _comment(text: str) -> list[str]:
    lines = []
    for paragraph in text.rstrip("\n").split("\n") if text else ():
        lines += [f"# {line}" for line in textwrap.wrap(paragraph, _WIDTH)] or ["#"]
    return lines
