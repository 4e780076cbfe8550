"""JSON of home-made dashboards and scripts as settings of ours, key by key.

`{"algorithm": "ppo", "environment": {"name": "CartPole-v1"}, "training": {"lr": 3e-4}}`: groups may be nested or left
out, and a key is known by its name, by the names that other programs have for it, or by its path here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trainer.config.algorithms import ALGORITHMS, label_of
from trainer.config.importing.flat_names import (
    ALGORITHM_GROUPS,
    ANYWHERE,
    ENVIRONMENT_GROUPS,
    ENVIRONMENT_NAMES,
    NAMES_OF_A_GROUP,
    NAMES_OF_AN_ENVIRONMENT,
    NEEDLESS,
    SEARCHES,
    SECTIONS,
    WITHIN,
)
from trainer.config.importing.flat_values import READERS, finish, value_for
from trainer.config.importing.names import algorithm_called, environment_called, nearest_algorithm
from trainer.config.importing.report import Ledger
from trainer.config.importing.wrappers import WRAPPERS
from trainer.config.run import RunConfig
from trainer.config.tree import paths
from trainer.errors import ConfigError, Fault, nearest

_MOST_KEYS = 2_000
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Settings whose value is a group of its own.
_WHOLE = frozenset(
    {"environment.kwargs", "policy.net_arch", "policy.features_extractor_kwargs", "policy.optimizer_kwargs"}
)


def read_flat(ledger: Ledger, data: Any) -> RunConfig:
    """Note every key of `data` and return the configuration that they amount to.

    :raises ConfigError: it is no JSON object, or has far more keys than a configuration
    """
    if not isinstance(data, Mapping):
        raise ConfigError([Fault("", "The file must hold a JSON object with settings in it.")])
    keys = list(_leaves(data))
    if len(keys) > _MOST_KEYS:
        raise ConfigError([Fault("", f"The file has more than {_MOST_KEYS:,} keys; a configuration has fewer.")])
    named = next(((path, value) for path, value in keys if _names_algorithm(path, value)), None)
    reader = _Reader(ledger, algorithm_called(named[1]) if named else None)
    for path, value in keys:
        if named is not None and path == named[0]:
            reader.algorithm_name(path, value)
        else:
            reader.read(path, value)
    finish(ledger, reader.waiting)
    return ledger.config()


class _Reader:
    """Finds the setting behind each key of one source."""

    def __init__(self, ledger: Ledger, algorithm: str | None) -> None:
        self._ledger = ledger
        self.waiting: dict[str, tuple[str, Any]] = {}
        self._algorithm = algorithm or RunConfig().algorithm.name
        known = paths({"algorithm": {"name": self._algorithm}})
        self._known = {path for path, _ in known}

    def algorithm_name(self, path: tuple[str, ...], value: str) -> None:
        """Note which algorithm is used."""
        known = algorithm_called(value)
        if known:
            self._ledger.take(".".join(path), value, {"algorithm.name": known})
        else:
            why = f"There is no algorithm of that name; {self._algorithm} is used. There are {', '.join(ALGORITHMS)}."
            self._ledger.leave(".".join(path), value, why, nearest_algorithm(value))

    def read(self, path: tuple[str, ...], value: Any) -> None:
        """Note one key, its groups before it."""
        key, names = ".".join(path), tuple(_plain(name) for name in path)
        if SEARCHES & set(names):
            self._ledger.leave(key, value, "A run is trained with one set of values; searching them is another matter.")
        elif _names_environment(names):
            self._environment(key, value)
        elif names[-1] in READERS:
            READERS[names[-1]](self._ledger, self.waiting, key, value, self._known)
        elif (field := self._field(names)) is not None:
            self._take(key, value, field)
        elif names[-1] in NEEDLESS:
            self._ledger.leave(key, value, NEEDLESS[names[-1]])
        else:
            self._ledger.leave(key, value, self._why(names), self._nearest(names[-1]))

    def _environment(self, key: str, value: Any) -> None:
        environment = environment_called(str(value))
        fields: dict[str, Any] = {"environment.id": environment.id}
        if environment.wrappers:
            fields[WRAPPERS] = list(environment.wrappers)
        self._ledger.take(key, value, fields, environment.note)

    def _take(self, key: str, value: Any, field: str) -> None:
        known, note = value_for(field, value)
        self._ledger.take(key, value, {field: known}, note)

    def _field(self, names: tuple[str, ...]) -> str | None:
        """Return the setting that a key stands for: by its path, within its group, anywhere, by its own name."""
        last, groups = names[-1], names[:-1]
        section = next((SECTIONS[name] for name in reversed(groups) if name in SECTIONS), None)
        candidates = [".".join(names)]
        if section is not None:
            candidates += [f"{section}.{last}", WITHIN.get((section, last), "")]
        candidates += [ANYWHERE.get(last, ""), f"algorithm.{last}", f"policy.{last}", f"environment.{last}"]
        candidates += [f"training.{last}", last if not groups else ""]
        return next((path for path in candidates if path in self._known and not self._is_group(path)), None)

    def _is_group(self, path: str) -> bool:
        return any(known.startswith(f"{path}.") for known in self._known)

    def _why(self, names: tuple[str, ...]) -> str:
        meant = ANYWHERE.get(names[-1], "")
        if meant.startswith("algorithm."):
            return f"{label_of(self._algorithm)} has no such setting."
        owners = [name for name, config in ALGORITHMS.items() if names[-1] in config.model_fields]
        if owners:
            return f"{label_of(self._algorithm)} has no such setting; it is one of {', '.join(owners)}."
        return "No setting is known by this name."

    def _nearest(self, name: str) -> str | None:
        by_name = {path.rpartition(".")[2]: path for path in sorted(self._known) if not self._is_group(path)}
        also = {alias: path for alias, path in ANYWHERE.items() if path in self._known}
        close = nearest(name, [*by_name, *also])
        return (by_name | also).get(close) if close else None


def _leaves(data: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each key with its value and the groups before it; a group that is one value here stays whole."""
    for name, value in data.items():
        path = (*before, str(name))
        if isinstance(value, Mapping) and not _stays_whole(path) and len(path) < 20:
            yield from _leaves(value, path)
        else:
            yield path, value


def _stays_whole(path: tuple[str, ...]) -> bool:
    name = _plain(path[-1])
    section = next((SECTIONS[group] for group in map(_plain, reversed(path[:-1])) if group in SECTIONS), "")
    return bool(
        name in SEARCHES
        or name in READERS
        or ANYWHERE.get(name) in _WHOLE
        or f"{section}.{name}" in _WHOLE
        or WITHIN.get((section, name)) in _WHOLE
        or name == "net_arch"
    )


def _names_algorithm(path: tuple[str, ...], value: Any) -> bool:
    names = tuple(_plain(name) for name in path)
    if not isinstance(value, str) or SEARCHES & set(names):
        return False
    if names[-1] in ALGORITHM_GROUPS:
        return True
    return len(names) > 1 and names[-2] in ALGORITHM_GROUPS and names[-1] in NAMES_OF_A_GROUP


def _names_environment(names: tuple[str, ...]) -> bool:
    if names[-1] in ENVIRONMENT_NAMES or (names[-1] in ENVIRONMENT_GROUPS):
        return True
    return len(names) > 1 and names[-2] in ENVIRONMENT_GROUPS and names[-1] in NAMES_OF_AN_ENVIRONMENT


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", _CAMEL.sub("_", name).strip().lower())
