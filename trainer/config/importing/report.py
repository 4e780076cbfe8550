"""What became of each key of a configuration written for another program.

A `Ledger` has one line for each key of the source, in its order: taken, with the settings that it became, or not taken,
with the reason. What it holds always amounts to a valid configuration: a line whose value is refused becomes one that
was not taken, and says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides
from trainer.config.run import RunConfig
from trainer.errors import ConfigError, Fault

_LONGEST = 160
MOST_KEYS = 500
_MOST_GUESSES = 50
# What everything else hangs on: only a fault of its own takes it back.
_STANDING = frozenset({"algorithm.name", "environment.id"})


@dataclass(frozen=True)
class Line:
    """One key of the source.

    :param key: its path there, `policy_kwargs.net_arch`
    :param given: its value there, as text
    :param taken: whether it became settings, or says what holds here anyway
    :param fields: the settings that it became, by path
    :param note: what there is to say of it; why, when it was not taken
    :param near: the setting that was perhaps meant, when it was not taken
    :param adds: whether its fields, lists or groups, add to what earlier lines made of them
    """

    key: str
    given: str
    taken: bool
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    near: str | None = None
    adds: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the line as REST and page have it."""
        return {
            "key": self.key,
            "given": self.given,
            "taken": self.taken,
            "fields": dict(self.fields),
            "note": self.note,
            "near": self.near,
        }


class Ledger:
    """The lines of one import, and the configuration that they amount to.

    A text has at most MOST_KEYS keys, and _MOST_GUESSES of them are guessed at, so that none takes long to read.
    """

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._keys = 0
        self._guesses = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line, in the order in which its key was read."""
        return tuple(self._lines)

    def take(self, key: str, given: Any, fields: Mapping[str, Any], note: str = "") -> None:
        """Note that a key became these settings; a later line outweighs an earlier one."""
        self._note(Line(key, as_text(given), True, dict(fields), note))

    def add(self, key: str, given: Any, path: str, value: Any, note: str = "") -> None:
        """Note that a key adds to the list, or to the group, that earlier lines made of the setting at `path`."""
        self._note(Line(key, as_text(given), True, {path: value}, note, adds=True))

    def leave(self, key: str, given: Any, why: str, near: str | None = None) -> None:
        """Note that a key was not taken."""
        self._note(Line(key, as_text(given), False, {}, why, near))

    def guess(self, look: Callable[[], str | None]) -> str | None:
        """Return what `look` finds by comparing names, or None once that was asked too often."""
        self._guesses += 1
        return look() if self._guesses <= _MOST_GUESSES else None

    def has(self, path: str) -> bool:
        """Return whether a line has set the setting at `path`."""
        return any(path in line.fields for line in self._lines)

    def amend(self, path: str, value: Any, note: str) -> None:
        """Change what the last line that set `path` made of it, and say why."""
        for index in reversed(range(len(self._lines))):
            line = self._lines[index]
            if path in line.fields:
                words = " ".join(filter(None, (line.note, note)))
                self._lines[index] = replace(line, fields={**line.fields, path: value}, note=words)
                return

    def value(self, path: str, default: Any = None) -> Any:
        """Return what the lines make of the setting at `path`."""
        return self._wanted().get(path, default)

    def config(self, base: Mapping[str, Any] | None = None) -> RunConfig:
        """Return the configuration that the lines amount to; what it refuses is not taken any more.

        :param base: configuration data under the lines
        :raises ConfigError: the base itself is wrong
        """
        while True:
            try:
                return load_config(apply_overrides(base or {}, self._wanted()))
            except ConfigError as error:
                if not self._refuse(error.faults):
                    raise

    def _note(self, line: Line) -> None:
        self._keys += 1 + sum(map(_keys_in, line.fields.values()))
        if self._keys > MOST_KEYS:
            raise too_many_keys()
        self._lines.append(line)

    def _wanted(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        for line in self._lines:
            for path, value in line.fields.items():
                wanted[path] = _joined(wanted.get(path), value) if line.adds else value
        return wanted

    def _refuse(self, faults: tuple[Fault, ...]) -> bool:
        """Take back the lines to which the faults are owed and return whether there was one."""
        setting: dict[str, list[int]] = {}
        for index, line in enumerate(self._lines):
            for path in line.fields:
                setting.setdefault(path, []).append(index)
        owed: dict[int, Fault] = {}
        for fault in faults:
            for path, lines in setting.items():
                if path == fault.field or fault.field.startswith(f"{path}."):
                    part = fault.field.removeprefix(path).strip(".").partition(".")[0]
                    owed.setdefault(self._owner(path, part, lines), fault)
                elif path.startswith(f"{fault.field}.") and path not in _STANDING:
                    owed.setdefault(self._owner(path, "", lines), fault)  # of a whole section
        for index, fault in owed.items():
            words = " ".join(filter(None, (f"{fault.field} {fault.message}.", fault.hint)))
            self._lines[index] = replace(self._lines[index], taken=False, fields={}, note=words)
        return bool(owed)

    def _owner(self, path: str, part: str, setting: Sequence[int]) -> int:
        """Return the line to which `path` is owed, or `part` of it: a key of a group, the position in a list.

        :param setting: every line that set `path`, or added to it
        """
        begins = next((at for at in reversed(setting) if not self._lines[at].adds), setting[0])
        position = 0
        owner = begins
        for index in setting[setting.index(begins) :]:
            value = self._lines[index].fields[path]
            if isinstance(value, list) and part.isdigit():
                if position <= int(part) < position + len(value):
                    return index
                position += len(value)
            elif isinstance(value, Mapping) and part in value:
                owner = index
        return owner


def too_many_keys() -> ConfigError:
    """Return the error of a text with more keys than a configuration has."""
    return ConfigError([Fault("", f"The text has more than {MOST_KEYS} keys; a configuration has fewer.")])


def as_text(value: Any) -> str:
    """Return a value of the source as a line shows it: on one line and not too long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _keys_in(value: Any) -> int:
    if isinstance(value, Mapping):
        return len(value) + sum(map(_keys_in, value.values()))
    return sum(map(_keys_in, value)) if isinstance(value, list) else 0


def _joined(before: Any, added: Any) -> Any:
    """Return a list with more items, or a group with more keys; what is neither stays, to be refused for itself."""
    if before is None:
        return added
    if isinstance(before, Mapping) and isinstance(added, Mapping):
        return {**before, **added}
    return [*before, *added] if isinstance(before, list) and isinstance(added, list) else before
