"""Presets in the terminal: found by words with the zoo's score beside them, and files of other programs taken in.

Lists and reports go to standard output, for scripts too; nothing is written unless a name is given for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from trainer.config import About, PresetInfo, PresetStore
from trainer.config.importing import Imported, Line, import_text
from trainer.config.presets import MAX_BYTES
from trainer.errors import ConfigError, Fault, StorageError, nearest, reason_of
from trainer.paths import program

DONE, NOT_FOUND = 0, 2
_LONGEST = 48


def list_presets(presets: PresetStore, words: Sequence[str]) -> int:
    """Print every preset in which all words occur: name, published score, title."""
    console, infos = _console(), presets.list()
    found = [info for info in infos if _has(info, words)]
    for info in found:
        own = "" if info.built_in else "  (yours)"
        console.print(f"{info.name:<40} {_score(info):>20}  {info.problem or info.title}{own}")
    if found:
        return DONE
    near = nearest("_".join(words), [info.name for info in infos])
    hint = f" Did you mean {near}?" if near else ""
    console.print(f"No preset has {' '.join(words)} in it.{hint}")
    return NOT_FOUND


def import_preset(
    presets: PresetStore,
    path: Path,
    *,
    name: str | None = None,
    entry: str | None = None,
    algorithm: str | None = None,
    kind: str | None = None,
) -> int:
    """Print what would be taken of a file, key by key, and save it as a preset if it gets a name.

    :raises ConfigError: the file cannot be read, or is no configuration
    :raises PalaestraError: the name cannot be a preset's
    """
    imported = import_text(_text_of(path), kind=kind, entry=entry, algorithm=algorithm, file_name=path.name)
    console = _console()
    if imported.config is None:
        return _ask(console, imported)
    for line in imported.report:
        console.print(_line(line))
    taken = sum(line.taken for line in imported.report)
    if imported.report:
        console.print(f"{taken} of {len(imported.report)} keys were taken.")
    if name is None:
        console.print("Nothing was saved; --name NAME saves it as a preset.")
        return DONE
    source = f"Imported from {path.name}" + (f", {imported.entry}" if imported.entry else "")
    about = imported.about if imported.about != About() else About(title=name, source=source)
    try:
        saved = presets.save(name, imported.config, about)
    except OSError as error:
        raise StorageError(f"The preset {name} could not be written: {reason_of(error)}.") from error
    console.print(f"Saved as {saved.name}: {program()} train {saved.name}")
    return DONE


def _ask(console: Console, imported: Imported) -> int:
    if imported.entry is None:
        console.print("The file has several entries. Choose one with --entry:")
        for entry in imported.entries:
            console.print(f"  {entry}")
    else:
        console.print("The file does not tell its algorithm. Say it with --algorithm.")
    return NOT_FOUND


def _line(line: Line) -> str:
    given = line.given if len(line.given) <= _LONGEST else f"{line.given[: _LONGEST - 3]}..."
    told = f"{line.key} = {given}" if given else line.key
    if not line.taken:
        near = f" Perhaps {line.near}?" if line.near else ""
        return f"  left   {told}: {line.note}{near}"
    became = ", ".join(f"{path} = {_value(path, value)}" for path, value in line.fields.items())
    return f"  taken  {told}" + (f" -> {became}" if became else "") + (f" ({line.note})" if line.note else "")


def _value(path: str, value: Any) -> str:
    """Return a value as it is written; of the wrappers, which are one setting, the one that the line has added."""
    last = value[-1] if path == "environment.wrappers" and isinstance(value, list) and value else value
    return json.dumps(last, ensure_ascii=False)


def _has(info: PresetInfo, words: Sequence[str]) -> bool:
    text = " ".join((info.name, info.title, info.algorithm, info.environment, info.description)).casefold()
    return all(word.casefold() in text for word in words)


def _score(info: PresetInfo) -> str:
    score: dict[str, Any] | None = info.score
    return f"{score['mean']:,.1f} ± {score['std']:,.1f}" if score else ""


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([Fault("", f"{path} has more than {MAX_BYTES:,} bytes.")])
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault("", f"The file {path} cannot be read: {reason_of(error)}.")]) from error


def _console() -> Console:
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=True)
