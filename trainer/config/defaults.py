"""One's own defaults: a TOML file that may name any setting, for configurations that begin from nothing.

Always holds:
- presets, runs and configurations that are sent mean the same on every machine: this file changes none of them. It is
  what `New` on the page and `defaults` in place of a preset's name begin with;
- a key is where the setting is: `[training]` holds `training.*`, `[algorithm.ppo]` holds PPO's hyperparameters, `[run]`
  holds name, tags and notes. TOML has no null, so the word "none" stands for it where a setting may be empty;
- a file with mistakes is read to its end and every mistake is told with its line; nothing is guessed;
- a change by the page touches the line of that key alone: comments and order stay as people left them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from trainer.config.defaults_text import template, toml_key, toml_value
from trainer.config.form import to_form, to_widget
from trainer.config.hints import did_you_mean, shown
from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides
from trainer.config.run import RunConfig
from trainer.config.specs import ALGORITHM_NAME, FieldSpec, field_specs
from trainer.errors import ConfigError, ConflictError, Fault, NotFoundError, StorageError, nearest
from trainer.whole_files import write_atomically

FILE_NAME = "defaults.toml"
NONE = "none"
MAX_BYTES = 1_000_000

_FREE_TEXT = ("text", "multiline", "open_choice")
_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")


@dataclass(frozen=True)
class Defaults:
    """What the file says: values by `FieldSpec.key`, what is wrong with it, and whether it is there at all."""

    values: Mapping[str, Any]
    faults: tuple[Fault, ...]
    exists: bool


class DefaultsFile:
    """The file of one's own defaults.

    :param path: where it is, or would be; it is made only when it is asked for
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()  # from reading the file to writing it

    def read(self) -> Defaults:
        """Return what the file says now; mistakes are told, never raised."""
        try:
            text = self._text()
        except FileNotFoundError:
            return Defaults({}, (), exists=False)
        except (OSError, ValueError) as error:
            return Defaults({}, (Fault("", f"{self.path.name} cannot be read: {error}"),), exists=True)
        try:
            data = _toml().loads(text)
        except ValueError as error:
            hint = "Mend the line, or delete the file to begin anew."
            return Defaults({}, (Fault("", f"{self.path.name} is not TOML: {error}", hint),), exists=True)
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for place, value in _settings(data, ""):
            spec = _by_place().get(place)
            found = _faults(spec, value) if spec else (_unknown(place),)
            if spec and not found:
                values[spec.key] = _meant(spec, value)
            faults += (_with_line(fault, text, place) for fault in found)
        return Defaults(values, tuple(faults), exists=True)

    def config(self) -> RunConfig:
        """Return a new configuration: the program's defaults with the file's in their place.

        :raises ConfigError: the file has mistakes, or its values do not go together
        """
        read = self.read()
        if read.faults:
            raise ConfigError(read.faults)
        return load_config(_overlaid(read.values))

    def create(self) -> None:
        """Write the file with every setting, its help and its default, all of it commented out.

        :raises ConflictError: it is there already
        :raises StorageError: it cannot be written
        """
        with self._lock:
            if self.path.exists():
                raise ConflictError(f"{self.path} is there already.")
            self._create()

    def _create(self) -> None:
        self._write(template([(place, spec) for place, spec in _by_place().items()]))

    def change(self, key: str, value: Any) -> None:
        """Set one default, or take it back; the file is made when it is missing.

        :param key: `FieldSpec.key`
        :param value: as in a configuration; `Ellipsis` takes the default back
        :raises NotFoundError: there is no such setting
        :raises ConfigError: the value is refused, or the file has to be mended by hand first
        """
        spec = _by_key().get(key)
        if spec is None:
            hint = did_you_mean(nearest(key, _by_key()))
            raise NotFoundError(f"There is no setting {key}." + (f" {hint}" if hint else ""))
        written = NONE if value is None else value
        if value is not ... and (faults := _faults(spec, written)):
            raise ConfigError(faults)
        with self._lock:
            self._rewrite(spec, written)

    def _rewrite(self, spec: FieldSpec, written: Any) -> None:
        if not self.path.exists():
            self._create()
        text = self._text()
        try:
            before = _toml().loads(text)
        except ValueError as error:
            message = f"{self.path.name} is not TOML: {error}"
            raise ConfigError([Fault("", message, "Mend it by hand first.")]) from error
        place = place_of(spec)
        try:
            changed = _changed(text, place, None if written is ... else toml_value(written))
        except ValueError as error:
            raise ConfigError([Fault(spec.path, str(error))]) from error
        try:
            holds = dict(_settings(_toml().loads(changed), "")) == _expected(before, place, written)
        except ValueError:
            holds = False
        if not holds:
            message = f"{self.path.name} is written in a way that cannot be changed from here"
            raise ConfigError([Fault(spec.path, message, f"Change {toml_key(place)} in it by hand.")])
        self._write(changed)

    def _text(self) -> str:
        if self.path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        return self.path.read_text(encoding="utf-8-sig")

    def _write(self, text: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, text)
        except OSError as error:
            raise StorageError(f"{self.path} could not be written: {error}.") from error


def form_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the widget value of every setting, of every algorithm, with these defaults in place of the program's."""
    specs = _by_key()
    return {**to_form(RunConfig()), **{key: to_widget(specs[key], value) for key, value in values.items()}}


def place_of(spec: FieldSpec) -> str:
    """Return where a setting stands in the file: `algorithm.ppo.gamma`, `training.seed`, `run.name`."""
    if spec.algorithm:
        return f"algorithm.{spec.algorithm}.{spec.path.removeprefix('algorithm.')}"
    return spec.path if "." in spec.path else f"run.{spec.path}"


@cache
def _by_place() -> dict[str, FieldSpec]:
    return {place_of(spec): spec for spec in field_specs()}


@cache
def _by_key() -> dict[str, FieldSpec]:
    return {spec.key: spec for spec in field_specs()}


def _toml() -> Any:
    try:
        import tomllib as toml
    except ImportError:  # Python 3.10
        import tomli as toml
    return toml


def _settings(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield every setting of the file by its place, unknown ones too; a setting that is a table is one setting."""
    for name, value in data.items():
        place = f"{prefix}{name}"
        if isinstance(value, Mapping) and place not in _by_place():
            yield from _settings(value, f"{place}.")
        else:
            yield place, value


def _meant(spec: FieldSpec, value: Any) -> Any:
    return None if spec.nullable and value == NONE else value


def _faults(spec: FieldSpec, value: Any) -> tuple[Fault, ...]:
    """Return what is wrong with one value by itself; how values go together is seen when they are used."""
    if value == NONE and not (spec.nullable or NONE in spec.choices or spec.kind in _FREE_TEXT):
        return (Fault(spec.path, "must have a value; it cannot be none"),)
    values = {spec.key: _meant(spec, value)}
    if spec.only_when is not None:
        path, kinds = spec.only_when
        values[f"{spec.algorithm}:{path}" if spec.algorithm else path] = kinds[0]
    algorithms = spec.only_algorithms or (spec.algorithm or RunConfig().algorithm.name,)
    try:
        load_config(
            _overlaid({**values, ALGORITHM_NAME: spec.default if spec.path == ALGORITHM_NAME else algorithms[0]})
        )
        if spec.path == ALGORITHM_NAME:
            load_config(_overlaid({ALGORITHM_NAME: value}))
    except ConfigError as error:
        return tuple(fault for fault in error.faults if f"{fault.field}.".startswith(f"{spec.path}."))
    except (TypeError, ValueError):
        return (Fault(spec.path, f"cannot be {shown(value)}"),)
    return ()


def _overlaid(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return configuration data of the values that belong to the algorithm among them."""
    algorithm = values.get(ALGORITHM_NAME, RunConfig().algorithm.name)
    specs = _by_key()
    found = {ALGORITHM_NAME: algorithm}
    for key, value in values.items():
        spec = specs[key]
        if not spec.belongs_to(str(algorithm)) or spec.path == ALGORITHM_NAME:
            continue
        if spec.only_when is not None and not _chosen(spec, values):
            continue
        found[spec.path] = value
    return apply_overrides({}, found)


def _chosen(spec: FieldSpec, values: Mapping[str, Any]) -> bool:
    path, kinds = spec.only_when or ("", ())
    tag = f"{spec.algorithm}:{path}" if spec.algorithm else path
    return values.get(tag, _by_key()[tag].default) in kinds


def _unknown(place: str) -> Fault:
    return Fault(place, "is not a known setting", did_you_mean(nearest(place, _by_place())))


def _with_line(fault: Fault, text: str, place: str) -> Fault:
    at = _line_of(text, place)
    return replace(fault, field=place, message=f"line {at + 1}: {fault.message}" if at is not None else fault.message)


def _line_of(text: str, place: str, *, commented: bool = False) -> int | None:
    """Return the index of the line that gives the setting at `place`; with `commented` of one that would."""
    table = ""
    mark = r"\s*#\s*" if commented else r"\s*"
    for index, line in enumerate(_lines(text)):
        header = _HEADER.match(line)
        if header:
            table = _plain(header.group(1))
        key = place.removeprefix(f"{table}.") if table else place
        if key != place or not table:
            pattern = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in key.split("."))
            if re.match(rf"{mark}{pattern}\s*=", line):
                return index
    return None


def _lines(text: str) -> list[str]:
    """Return the lines as TOML has them, which knows one end of a line where `splitlines` knows eleven."""
    return text.removesuffix("\n").split("\n") if text else []


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def _changed(text: str, place: str, written: str | None) -> str:
    """Return the file's text with one setting given as `written`, or commented out."""
    lines = _lines(text)
    at = _line_of(text, place)
    if written is None:
        if at is not None:
            lines[at] = f"# {lines[at].lstrip()}"
        return "\n".join(lines) + "\n"
    if at is None:
        at = _line_of(text, place, commented=True)
    if at is not None:
        key = lines[at].split("=", 1)[0].strip().lstrip("#").strip()
        lines[at] = f"{key} = {written}"
    else:
        lines = _with_new_line(lines, place, written)
    return "\n".join(lines) + "\n"


def _with_new_line(lines: list[str], place: str, written: str) -> list[str]:
    spec = _by_place()[place]
    table = f"algorithm.{spec.algorithm}" if spec.algorithm else place.partition(".")[0]
    line = f"{place.removeprefix(f'{table}.')} = {written}"
    for index, each in enumerate(lines):
        header = _HEADER.match(each)
        if header and _plain(header.group(1)) == table:
            return [*lines[: index + 1], line, *lines[index + 1 :]]
    return [*lines, "", f"[{table}]", line]


def _expected(before: Mapping[str, Any], place: str, written: Any) -> dict[str, Any]:
    expected = dict(_settings(before, ""))
    expected.pop(place, None)
    if written is not ...:
        expected[place] = json.loads(json.dumps(written))
    return expected
