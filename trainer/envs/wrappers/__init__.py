"""Wrappers by name, for `environment.wrappers`.

An entry is `{"name": "clip_action", "kwargs": {…}}`, one of those that `trainer.config.wrappers` declares, or
`module:Class` for any other subclass of `gymnasium.Wrapper`. Nothing but such a subclass is ever called: a preset
comes from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym

from trainer.config.loading import load_section
from trainer.config.wrappers import KNOWN_WRAPPERS, KnownWrapper, hint_for_name
from trainer.envs.entry_points import imported
from trainer.envs.wrappers.fitness import UnfitError
from trainer.envs.wrappers.requirements import REQUIREMENTS
from trainer.errors import ConfigError, Fault

WrapperClass = Callable[..., gym.Env[Any, Any]]

_FIELD = "environment.wrappers"
# What a constructor says in words of its own; of anything else its kind is told too.
_REFUSALS = (TypeError, ValueError, AssertionError, AttributeError, NotImplementedError, gym.error.Error)


def wrapper_class(name: str, at: str = _FIELD) -> WrapperClass:
    """Return the wrapper class behind a known name or `module:Class`.

    :param name: as in the configuration
    :param at: field to name in an error
    :raises ConfigError: no such name, module or class, or it is not a Gymnasium wrapper
    """
    known = KNOWN_WRAPPERS.get(name)
    if known is None and ":" not in name:
        raise ConfigError([Fault(at, f"There is no wrapper called {name!r}.", hint_for_name(name))])
    found = imported(known.entry_point if known else name, at)
    if not (isinstance(found, type) and issubclass(found, gym.Wrapper)):
        raise ConfigError([Fault(at, f"{name!r} is not a subclass of gymnasium.Wrapper.")])
    return found


def wrap(env: gym.Env[Any, Any], wrappers: Sequence[tuple[str, Mapping[str, Any]]]) -> gym.Env[Any, Any]:
    """Return `env` inside the named wrappers, the first innermost.

    :param wrappers: (name, kwargs) in order
    :raises ConfigError: a wrapper is unknown, refuses its arguments or does not go around what is below it
    """
    for index, (name, kwargs) in enumerate(wrappers):
        env = wrapped(env, name, kwargs, f"{_FIELD}.{index}")
    return env


def wrapped(env: gym.Env[Any, Any], name: str, kwargs: Mapping[str, Any], at: str = _FIELD) -> gym.Env[Any, Any]:
    """Return `env` inside one wrapper.

    :param at: where in the configuration it stands
    :raises ConfigError: as `wrap` does
    """
    make, known = wrapper_class(name, at), KNOWN_WRAPPERS.get(name)
    arguments = dict(kwargs) if known is None else _declared(known, kwargs, f"{at}.kwargs")
    try:
        if name in REQUIREMENTS:
            REQUIREMENTS[name](env, arguments)
        # JSON has one kind of sequence; where Gymnasium insists on one it is the tuple.
        return make(
            env, **{key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
        )
    except UnfitError as error:
        raise ConfigError([Fault(at, f"{known.title if known else name} {error}.", error.hint)]) from error
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # anybody's class: whatever its constructor does is told
        said = str(error) if isinstance(error, _REFUSALS) else f"{type(error).__name__}: {error}"
        raise ConfigError([Fault(at, f"{name} refuses its arguments or this place: {said}")]) from error


def _declared(known: type[KnownWrapper], kwargs: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return every argument of a known wrapper, those that were not given at their defaults."""
    arguments = load_section(known, dict(kwargs), at)
    return {name: getattr(arguments, name) for name in known.model_fields}
