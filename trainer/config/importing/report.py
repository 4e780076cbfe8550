"""What became of each key of a configuration written for another program.

A `Ledger` has one line for each key of the source, in its order: taken, with the settings that it became, or not taken,
with the reason. What it holds always amounts to a valid configuration: a line whose value is refused becomes one that
was not taken, and says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides
from trainer.config.run import RunConfig
from trainer.errors import ConfigError, Fault

_LONGEST = 160


@dataclass(frozen=True)
class Line:
    """One key of the source.

    :param key: its path there, `policy_kwargs.net_arch`
    :param given: its value there, as text
    :param taken: whether it became settings, or says what holds here anyway
    :param fields: the settings that it became, by path
    :param note: what there is to say of it; why, when it was not taken
    :param near: the setting that was perhaps meant, when it was not taken
    """

    key: str
    given: str
    taken: bool
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    near: str | None = None

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
    """The lines of one import, and the configuration that they amount to."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line, in the order in which its key was read."""
        return tuple(self._lines)

    def take(self, key: str, given: Any, fields: Mapping[str, Any], note: str = "") -> None:
        """Note that a key became these settings; a later line outweighs an earlier one."""
        self._lines.append(Line(key, as_text(given), True, dict(fields), note))

    def leave(self, key: str, given: Any, why: str, near: str | None = None) -> None:
        """Note that a key was not taken."""
        self._lines.append(Line(key, as_text(given), False, {}, why, near))

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
        """Return what the last line made of the setting at `path`."""
        return next((line.fields[path] for line in reversed(self._lines) if path in line.fields), default)

    def config(self, base: Mapping[str, Any] | None = None) -> RunConfig:
        """Return the configuration that the lines amount to; what it refuses is not taken any more.

        :param base: configuration data under the lines
        :raises ConfigError: the base itself is wrong
        """
        while True:
            wanted = {path: value for line in self._lines for path, value in line.fields.items()}
            try:
                return load_config(apply_overrides(base or {}, wanted))
            except ConfigError as error:
                if not self._refuse(error.faults):
                    raise

    def _refuse(self, faults: tuple[Fault, ...]) -> bool:
        """Take back every line that a fault speaks of and return whether there was one."""
        refused = False
        for index, line in enumerate(self._lines):
            fault = next((fault for fault in faults if any(_related(path, fault.field) for path in line.fields)), None)
            if fault is not None:
                words = " ".join(filter(None, (f"{fault.field} {fault.message}.", fault.hint)))
                self._lines[index] = replace(line, taken=False, fields={}, note=words)
                refused = True
        return refused


def as_text(value: Any) -> str:
    """Return a value of the source as a line shows it: on one line and not too long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _related(path: str, fault: str) -> bool:
    return fault == path or fault.startswith(f"{path}.") or path.startswith(f"{fault}.")
