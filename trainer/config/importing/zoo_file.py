"""RL Zoo's YAML files: read safely, entry by entry.

A file holds one entry an environment, besides `atari` for every Atari game and `default` for all others. What the zoo
writes beside a trained agent (`config.yml`) holds the hyperparameters of one run and no environment. Tags that would
build Python objects are refused, but for the ordered dictionary and the tuple that the zoo itself writes. What is read
is plain JSON data. Dates stay text, and so do numbers to the base 60 (`1:30`), whose reading takes ever longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from pathlib import PurePath
from typing import Any

import yaml

from trainer.config.importing.names import algorithm_called
from trainer.config.importing.plain import plain_data
from trainer.config.quoting import quoted
from trainer.errors import ConfigError, Fault

MAX_BYTES = 200_000
_MOST_ALIASES = 1_000
_MOST_MERGED = 1_000
_MOST_VALUES = 50_000
_LONGEST_NUMBER = 100
_TAG = "tag:yaml.org,2002:"
_OWN_READING = ("int", "float", "timestamp")
_WHOLE = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_REAL = re.compile(
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)
_TELLING = {
    "n_delta": "ars",
    "delta_std": "ars",
    "cg_max_steps": "trpo",
    "cg_damping": "trpo",
    "n_critic_updates": "trpo",
    "top_quantiles_to_drop_per_net": "tqc",
    "target_policy_noise": "td3",
    "use_sde_at_warmup": "sac",
    "exploration_fraction": "dqn",
    "exploration_final_eps": "dqn",
    "n_epochs": "ppo",
    "clip_range": "ppo",
    "use_rms_prop": "a2c",
    "noise_type": "td3",
    "buffer_size": "sac",
    "ent_coef": "a2c",
}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """The safe loader with a limit on what anchors may multiply, and the two harmless tags that the zoo writes."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.removeprefix(_TAG) not in _OWN_READING]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > _MOST_ALIASES:
                raise ValueError(f"refers to anchors more than {_MOST_ALIASES:,} times")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{quoted(key.value)} is written twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MOST_MERGED:
            raise ValueError(f"has a group of more than {_MOST_MERGED:,} keys")


def _ordered(loader: _Loader, node: yaml.SequenceNode) -> dict[Hashable, Any]:
    (pairs,) = loader.construct_sequence(node, deep=True) or [[]]
    return dict(pairs)


def _bounded(read: Callable[[_Loader, yaml.ScalarNode], Any]) -> Callable[[_Loader, yaml.ScalarNode], Any]:
    """Return `read`, a constructor of numbers, for those that are written in digits and not too long."""

    def number(loader: _Loader, node: yaml.ScalarNode) -> Any:
        text = loader.construct_scalar(node)
        if len(text) > _LONGEST_NUMBER or ":" in text:
            raise ValueError(f"holds {text[:20]!r}, which is no number or too long a one")
        return read(loader, node)

    return number


_Loader.add_constructor(f"{_TAG}python/object/apply:collections.OrderedDict", _ordered)
_Loader.add_constructor(f"{_TAG}python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True))
_Loader.add_constructor(f"{_TAG}int", _bounded(yaml.SafeLoader.construct_yaml_int))
_Loader.add_constructor(f"{_TAG}float", _bounded(yaml.SafeLoader.construct_yaml_float))
_Loader.add_implicit_resolver(f"{_TAG}int", _WHOLE, list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", _REAL, list("-+0123456789."))


def read_yaml(text: str) -> Any:
    """Return the data that YAML text holds, as plain JSON.

    :raises ConfigError: it is too long, no YAML, or would build more than plain data
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ConfigError([Fault("", f"A YAML file may have {MAX_BYTES:,} bytes at most.")])
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
        _measure(data)
        return plain_data(data)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # What is missing is found missing on the line after the last, which nobody has.
        place = " at its end" if mark and mark.line >= len(text.splitlines()) else place
        raise ConfigError([Fault("", f"The text is not plain YAML{place}: {error.problem}.")]) from error
    except (yaml.YAMLError, ValueError, TypeError, ArithmeticError) as error:
        raise ConfigError([Fault("", f"The text is not plain YAML: {error}.")]) from error
    except RecursionError as error:
        raise ConfigError([Fault("", "The YAML is nested too deeply.")]) from error


def _measure(data: Any) -> None:
    """Refuse data that anchors have multiplied, or that holds itself.

    :raises ValueError: it has more values than a file of hyperparameters can have
    """
    left, waiting = _MOST_VALUES, [data]
    while waiting:
        value = waiting.pop()
        left -= 1
        if left < 0:
            raise ValueError(f"holds more than {_MOST_VALUES:,} values")
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, (list, tuple, set)):
            waiting += value


def entries_of(data: Any) -> dict[str, dict[str, Any]]:
    """Return the entries of a file by name; one without a name when the file holds a single run's hyperparameters.

    :raises ConfigError: it holds neither
    """
    if not isinstance(data, Mapping) or not data:
        raise ConfigError([Fault("", "The text holds no hyperparameters.", "RL Zoo's files have one group a task.")])
    groups = {str(name): _keyed(group) for name, group in data.items() if isinstance(group, Mapping)}
    known = {"policy", "n_timesteps", "n_envs", "learning_rate", "gamma", "batch_size", "policy_kwargs"}
    if len(groups) < len(data) or known & set(groups):
        if known & {str(key) for key in data}:
            return {"": _keyed(data)}
        wrong = next(str(name) for name in data if str(name) not in groups)
        raise ConfigError([Fault("", f"{wrong} is not a group of hyperparameters.", "RL Zoo's files have one a task.")])
    return groups


def algorithm_of(entry: Mapping[str, Any], file_name: str) -> tuple[str, str] | None:
    """Return the algorithm that an entry is for, and how that is known; None if it is not.

    It is what its file is called, else what its keys tell.
    """
    for name in (str(entry.get("model_class", "")), PurePath(file_name).stem):
        named = algorithm_called(name)
        if named is not None:
            return named, "Told by the file."
    told = "ppo_lstm" if "Lstm" in str(entry.get("policy")) else None
    told = told or next((algorithm for key, algorithm in _TELLING.items() if key in entry), None)
    guessed = algorithm_called(told) if told else None
    return (guessed, "Guessed from its keys; say another one if it is not this.") if guessed else None


def _keyed(group: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in group.items()}
