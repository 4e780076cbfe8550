"""The text of a file, whatever program wrote it: which format it is in, and what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import Any, Literal, get_args

from trainer.config.algorithms import ALGORITHMS, OnPolicyConfig
from trainer.config.hints import did_you_mean
from trainer.config.importing.flat import read_flat
from trainer.config.importing.names import algorithm_called
from trainer.config.importing.plain import plain_data
from trainer.config.importing.report import Ledger, Line
from trainer.config.importing.zoo import ZooEntry, take_environment
from trainer.config.importing.zoo_file import algorithm_of, entries_of, read_yaml
from trainer.config.migrations import VERSION_KEY
from trainer.config.presets import About, Preset, parse_preset
from trainer.config.run import RunConfig
from trainer.config.strict_json import parse_json
from trainer.errors import ConfigError, Fault, nearest

Format = Literal["preset", "rl_zoo", "flat"]
FORMATS: tuple[str, ...] = get_args(Format)


@dataclass(frozen=True)
class Imported:
    """What a text amounts to.

    :param format: `preset` (ours, or a run's config.json), `rl_zoo` or `flat`
    :param entries: names of what an RL Zoo file holds; empty for the other formats
    :param entry: the one that was read; None when one has to be chosen first
    :param algorithm: whose hyperparameters they are; None when it has to be said first
    :param config: None when an entry or the algorithm has to be chosen first
    :param report: a line for every key of the source; empty for a preset, which is taken whole or not at all
    """

    format: str
    config: RunConfig | None
    report: tuple[Line, ...] = ()
    about: About = field(default_factory=About)
    entries: tuple[str, ...] = ()
    entry: str | None = None
    algorithm: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return all of it as REST and page have it."""
        return {
            "format": self.format,
            "entries": list(self.entries),
            "entry": self.entry,
            "algorithm": self.algorithm,
            "about": self.about.to_data(),
            "config": None if self.config is None else self.config.to_data(),
            "report": [line.as_json() for line in self.report],
        }


def import_text(
    text: str,
    *,
    kind: str | None = None,
    entry: str | None = None,
    algorithm: str | None = None,
    file_name: str = "",
) -> Imported:
    """Read the text of a file.

    :param kind: its format, one of FORMATS; None finds out
    :param entry: which entry of an RL Zoo file
    :param algorithm: whose hyperparameters an RL Zoo file holds; None goes by the file's name, then by its keys
    :param file_name: as it was uploaded; it may tell format and algorithm
    :raises ConfigError: it cannot be read, or is a preset with faults
    """
    if kind is not None and kind not in FORMATS:
        raise ConfigError([Fault("format", f"must be one of {', '.join(FORMATS)}, not {kind!r}")])
    try:
        return _import(text, kind, entry, algorithm, file_name)
    except RecursionError as error:
        raise ConfigError([Fault("", "The text is nested too deeply.")]) from error
    except ArithmeticError as error:
        raise ConfigError([Fault("", f"The text holds a number that cannot be used: {error}.")]) from error


def _import(text: str, kind: str | None, entry: str | None, algorithm: str | None, file_name: str) -> Imported:
    if (kind or _format_of(text, file_name)) == "rl_zoo":
        return _import_zoo(text, entry, algorithm, file_name)
    what = PurePath(file_name).name or "The text"
    data = parse_json(text, what)
    try:
        plain = plain_data(data)
    except ValueError as error:
        raise ConfigError([Fault("", f"{what} {error}.")]) from error
    preset = _ours(data, kind)
    if preset is not None:
        return Imported("preset", preset.config, about=preset.about, algorithm=preset.config.algorithm.name)
    ledger = Ledger()
    read_flat(ledger, plain)
    _fit_batch(ledger)
    config = ledger.config()
    return Imported("flat", config, ledger.lines, algorithm=config.algorithm.name)


def _format_of(text: str, file_name: str) -> str:
    if PurePath(file_name).suffix.lower() in (".yml", ".yaml"):
        return "rl_zoo"
    begins_json = text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
    return "json" if begins_json or PurePath(file_name).suffix.lower() == ".json" else "rl_zoo"


def _ours(data: Any, kind: str | None) -> Preset | None:
    """Return the preset or configuration of ours that JSON is, or None when another program wrote it.

    :raises ConfigError: it is ours by its shape, or has to be, and has faults
    """
    if kind == "flat":
        return None
    if isinstance(data, Mapping) and VERSION_KEY in data:
        data = {name: value for name, value in data.items() if name != "history"}  # as REST tells a run's configuration
    if kind == "preset" or (isinstance(data, Mapping) and (VERSION_KEY in data or "config" in data)):
        return parse_preset(data)
    try:
        return parse_preset(data)
    except ConfigError:
        return None


@lru_cache(maxsize=2)  # a file of many entries is asked for one after the other
def _entries_in(text: str) -> Mapping[str, Mapping[str, Any]]:
    return entries_of(read_yaml(text))


def _import_zoo(text: str, name: str | None, algorithm: str | None, file_name: str) -> Imported:
    entries = _entries_in(text)
    if name is None and len(entries) == 1:
        name = next(iter(entries))
    if name is None:
        return Imported("rl_zoo", None, entries=tuple(entries))
    if name not in entries:
        hint = did_you_mean(nearest(name, entries))
        raise ConfigError([Fault("entry", f"The text has no entry {name!r}.", hint)])
    known = (_algorithm_named(algorithm), "") if algorithm else algorithm_of(entries[name], file_name)
    if known is None:
        return Imported("rl_zoo", None, entries=tuple(entries), entry=name)
    chosen, note = known
    ledger = Ledger()
    ledger.take("algorithm", chosen, {"algorithm.name": chosen}, note)
    ZooEntry(ledger, chosen, take_environment(ledger, name)).read(entries[name])
    _fit_batch(ledger)
    config = ledger.config()
    return Imported("rl_zoo", config, ledger.lines, entries=tuple(entries), entry=name, algorithm=chosen)


def _fit_batch(ledger: Ledger) -> None:
    """Make a batch that is larger than a rollout the whole rollout, which is what Stable-Baselines3 trains with."""
    config = ledger.config()
    settings, copies = config.algorithm, config.environment.n_envs
    if not isinstance(settings, OnPolicyConfig):
        return
    rollout = int(getattr(settings, "n_steps", 0)) * copies
    batch = int(getattr(settings, "batch_size", 0) or 0)
    if not 0 < rollout < batch:
        return
    note = f"A rollout holds only {rollout:,} transitions."
    if ledger.has("algorithm.batch_size"):
        ledger.amend("algorithm.batch_size", rollout, note)
    else:
        ledger.take("batch_size", f"not said, so {batch}", {"algorithm.batch_size": rollout}, note)


def _algorithm_named(name: str) -> str:
    known = algorithm_called(name)
    if known is None:
        hint = did_you_mean(nearest(name, ALGORITHMS))
        raise ConfigError([Fault("algorithm", f"must be one of {', '.join(ALGORITHMS)}, not {name!r}", hint)])
    return known
