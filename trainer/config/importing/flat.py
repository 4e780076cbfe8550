"""JSON of home-made dashboards and scripts as settings of ours, key by key.

`{"algorithm": "ppo", "environment": {"name": "CartPole-v1"}, "training": {"lr": 3e-4}}`: groups may be nested or left
out, and a key is known by its name, by the names that other programs have for it, or by its path here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
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
    NEVER_ANYWHERE,
    SEARCHES,
    SECTIONS,
    VAGUE,
    WITHIN,
)
from trainer.config.importing.flat_searches import NOT_IMPORTED, OUTWEIGHED, holds_settings, is_of_learning, is_plain
from trainer.config.importing.flat_values import FINISHERS, READERS, value_for
from trainer.config.importing.names import algorithm_called, nearest_algorithm
from trainer.config.importing.report import MOST_KEYS, Ledger, too_many_keys
from trainer.config.importing.zoo import take_id
from trainer.config.run import RunConfig
from trainer.config.tree import paths
from trainer.errors import ConfigError, Fault, nearest

Path = tuple[str, ...]
_VERSIONED = re.compile(r"\S+-v\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Settings whose value is a group of its own.
_WHOLE = frozenset(
    {"environment.kwargs", "policy.net_arch", "policy.features_extractor_kwargs", "policy.optimizer_kwargs"}
)


def read_flat(ledger: Ledger, data: Any) -> None:
    """Note every key of `data`.

    :raises ConfigError: it is no JSON object, or has far more keys than a configuration
    """
    if not isinstance(data, Mapping):
        raise ConfigError([Fault("", "The text must hold a JSON object with settings in it.")])
    keys = list(_leaves(data))
    if len(keys) > MOST_KEYS:
        raise too_many_keys()
    reader = _Reader(ledger, dict(keys))
    for path, value in keys:
        reader.read(path, value)
    reader.finish()


class _Reader:
    """Finds the setting behind each key of one source.

    :param keys: all of them with their values, since only together they tell which one names algorithm and environment
    """

    def __init__(self, ledger: Ledger, keys: Mapping[Path, Any]) -> None:
        self._ledger = ledger
        self._keys = keys
        self._waiting: list[tuple[Path, Any]] = []
        self._candidates = [path for path, value in keys.items() if _names_algorithm(path, value)]
        known = (path for path in self._candidates if algorithm_called(keys[path]))
        self._algorithm_at = next(known, next(iter(self._candidates), None))
        named = algorithm_called(keys[self._algorithm_at]) if self._algorithm_at else None
        self._algorithm = named or RunConfig().algorithm.name
        self._known = {path for path, _ in paths({"algorithm": {"name": self._algorithm}})}
        ranks = {path: rank for path in keys if (rank := _rank_as_environment(path, keys[path])) is not None}
        self._environment_at = min(ranks, key=lambda path: ranks[path], default=None)

    def read(self, path: Path, value: Any) -> None:
        """Note one key, its groups before it."""
        key, names = ".".join(path), _plain_path(path)
        if SEARCHES & set(names):
            self._read_searched(path, value)
        elif path in self._candidates:
            self._read_algorithm(path, value)
        elif _may_name_environment(names):
            self._read_environment(path, value)
        elif names[-1] in FINISHERS:
            self._waiting.append((path, value))
        elif names[-1] in READERS:
            READERS[names[-1]](self._ledger, key, value, self._known)
        elif (field := self._field(names)) is not None:
            self._take(key, value, field)
        elif names[-1] in NEEDLESS:
            self._ledger.leave(key, value, NEEDLESS[names[-1]])
        else:
            self._ledger.leave(key, value, self._why(names), self._nearest(names[-1]))

    def finish(self) -> None:
        """Note the keys that depend on others, now that those are known."""
        order = list(FINISHERS)
        for path, value in sorted(self._waiting, key=lambda each: order.index(_plain(each[0][-1]))):
            FINISHERS[_plain(path[-1])](self._ledger, ".".join(path), value, self._algorithm)

    def _read_algorithm(self, path: Path, value: str) -> None:
        key, known = ".".join(path), algorithm_called(value)
        if path != self._algorithm_at:
            self._ledger.leave(key, value, f"Another key names the algorithm: {self._algorithm}.")
        elif known:
            self._ledger.take(key, value, {"algorithm.name": known})
        else:
            why = f"There is no algorithm of that name; {self._algorithm} is used. There are {', '.join(ALGORITHMS)}."
            self._ledger.leave(key, value, why, nearest_algorithm(value))

    def _read_searched(self, path: Path, value: Any) -> None:
        key, names = ".".join(path), _plain_path(path)
        field = self._field(names) if is_plain(value) else None
        if field is None or not is_of_learning(field):
            self._ledger.leave(key, value, NOT_IMPORTED)
        elif field in self._set_plainly:
            self._ledger.leave(key, value, OUTWEIGHED)
        else:
            self._take(key, value, field)

    def _read_environment(self, path: Path, value: Any) -> None:
        key = ".".join(path)
        if path == self._environment_at:
            take_id(self._ledger, key, str(value).strip())
        elif self._environment_at is not None and isinstance(value, str):
            self._ledger.leave(key, value, f"Another key names the environment: {'.'.join(self._environment_at)}.")
        else:
            self._ledger.leave(key, value, "It is no name of an environment.", "environment.id")

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
        said = {".".join(names), f"{section}.{last}", ANYWHERE.get(last, ""), WITHIN.get((section or "", last), "")}
        wanted = (path for path in candidates if path not in NEVER_ANYWHERE or path in said)
        return next((path for path in wanted if path in self._known and not self._is_group(path)), None)

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
        close = self._ledger.guess(lambda: nearest(name, self._by_name))
        return self._by_name.get(close) if close else None

    @cached_property
    def _set_plainly(self) -> frozenset[str | None]:
        """The settings that keys outside of a search stand for."""
        return frozenset(self._field(names) for names in map(_plain_path, self._keys) if not SEARCHES & set(names))

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        own = {path.rpartition(".")[2]: path for path in sorted(self._known) if not self._is_group(path)}
        return own | {alias: path for alias, path in ANYWHERE.items() if path in self._known}


def _leaves(data: Mapping[str, Any], before: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each key with its value and the groups before it; a group that is one value here stays whole."""
    for name, value in data.items():
        path = (*before, str(name))
        if isinstance(value, Mapping) and not _stays_whole(path, value) and len(path) < 20:
            yield from _leaves(value, path)
        else:
            yield path, value


def _stays_whole(path: Path, value: Mapping[str, Any]) -> bool:
    name = _plain(path[-1])
    if SEARCHES & set(_plain_path(path)):
        return not holds_settings(value, _plain)
    section = next((SECTIONS[group] for group in map(_plain, reversed(path[:-1])) if group in SECTIONS), "")
    return bool(
        name in READERS
        or name in FINISHERS
        or ANYWHERE.get(name) in _WHOLE
        or f"{section}.{name}" in _WHOLE
        or WITHIN.get((section, name)) in _WHOLE
        or name == "net_arch"
    )


def _names_algorithm(path: Path, value: Any) -> bool:
    names = _plain_path(path)
    if not isinstance(value, str) or SEARCHES & set(names):
        return False
    if names[-1] in ALGORITHM_GROUPS:
        return True
    return len(names) > 1 and names[-2] in ALGORITHM_GROUPS and names[-1] in NAMES_OF_A_GROUP


def _may_name_environment(names: Path) -> bool:
    if names[-1] in ENVIRONMENT_NAMES or names[-1] in ENVIRONMENT_GROUPS:
        return True
    return len(names) > 1 and names[-2] in ENVIRONMENT_GROUPS and names[-1] in NAMES_OF_AN_ENVIRONMENT


def _rank_as_environment(path: Path, value: Any) -> int | None:
    """Return how surely a key names the environment, 0 most surely; None when it does not."""
    names = _plain_path(path)
    if not _may_name_environment(names) or SEARCHES & set(names) or not isinstance(value, str) or not value.strip():
        return None
    if names[-1] in VAGUE or (names[-1] not in ENVIRONMENT_NAMES and names[-2:-1] and names[-2] in VAGUE):
        return 2 if _VERSIONED.fullmatch(value.strip()) else None
    return 1 if names[-1] in ENVIRONMENT_GROUPS else 0


def _plain_path(path: Path) -> Path:
    return tuple(_plain(name) for name in path)


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", _CAMEL.sub("_", name).strip().lower())
