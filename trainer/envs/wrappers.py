"""Gymnasium wrappers by name, for `environment.wrappers`.

An entry is `{"name": "clip_action", "kwargs": {…}}`: one of the short names below, or `module:Class` for any other
subclass of `gymnasium.Wrapper`. Nothing but such a subclass is ever called: a preset comes from anywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym

from trainer.errors import ConfigError, Fault, nearest

BUILT_IN: Mapping[str, str] = {
    "clip_action": "gymnasium.wrappers:ClipAction",
    "clip_reward": "gymnasium.wrappers:ClipReward",
    "delay_observation": "gymnasium.wrappers:DelayObservation",
    "flatten_observation": "gymnasium.wrappers:FlattenObservation",
    "frame_skip": "gymnasium.wrappers:MaxAndSkipObservation",
    "grayscale_observation": "gymnasium.wrappers:GrayscaleObservation",
    "rescale_action": "gymnasium.wrappers:RescaleAction",
    "rescale_observation": "gymnasium.wrappers:RescaleObservation",
    "resize_observation": "gymnasium.wrappers:ResizeObservation",
    "sticky_action": "gymnasium.wrappers:StickyAction",
    "time_aware_observation": "gymnasium.wrappers:TimeAwareObservation",
    "time_limit": "gymnasium.wrappers:TimeLimit",
}

WrapperClass = Callable[..., gym.Env[Any, Any]]


def wrapper_class(name: str, at: str = "environment.wrappers") -> WrapperClass:
    """Return the wrapper class behind a short name or `module:Class`.

    :param name: as in the configuration
    :param at: field to name in an error
    :raises ConfigError: no such name, module or class, or it is not a Gymnasium wrapper
    """
    entry_point = BUILT_IN.get(name, name)
    module_name, colon, class_name = entry_point.partition(":")
    if not colon:
        near = nearest(name, BUILT_IN)
        hint = f"Did you mean {near}?" if near else f"Built in are {', '.join(BUILT_IN)}; others go by module:Class."
        raise ConfigError([Fault(at, f"There is no wrapper called {name!r}.", hint)])
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError([Fault(at, f"Wrapper {name!r} cannot be imported: {error}.")]) from error
    if not (isinstance(found, type) and issubclass(found, gym.Wrapper)):
        raise ConfigError([Fault(at, f"{name!r} is not a subclass of gymnasium.Wrapper.")])
    return found


def wrap(env: gym.Env[Any, Any], wrappers: Sequence[tuple[str, Mapping[str, Any]]]) -> gym.Env[Any, Any]:
    """Return `env` inside the named wrappers, the first innermost.

    :param wrappers: (name, kwargs) in order
    :raises ConfigError: a wrapper is unknown or refuses its arguments
    """
    for index, (name, kwargs) in enumerate(wrappers):
        make = wrapper_class(name, f"environment.wrappers.{index}")
        try:
            # JSON has one kind of sequence; where Gymnasium insists on one it is the tuple.
            env = make(
                env, **{key: tuple(value) if isinstance(value, list) else value for key, value in kwargs.items()}
            )
        except (TypeError, ValueError, AssertionError, gym.error.Error) as error:
            fault = Fault(f"environment.wrappers.{index}", f"Wrapper {name!r} refuses its arguments: {error}")
            raise ConfigError([fault]) from error
    return env
