"""What an environment shows and takes above each of its wrappers, and which of them does not fit where it stands.

Wrappers that are known by name look at nothing but spaces and time limits, so they are put around a stand-in that has
those of the environment, which is made once. Where any other wrapper is among them, the environment itself is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import gymnasium as gym
from gymnasium import spaces

from trainer.config.environment import EnvironmentConfig
from trainer.config.wrapping import WrapperConfig
from trainer.envs.apart import tried
from trainer.envs.atari_options import AtariOptions
from trainer.envs.custom.source import generation
from trainer.envs.entry_points import has_own_code
from trainer.envs.inspection import is_image
from trainer.envs.single import make_bare
from trainer.envs.wrappers import wrapped
from trainer.envs.wrappers.fitness import UnfitError
from trainer.envs.wrappers.pace import episode_limit
from trainer.envs.wrappers.requirements import atari_options_within
from trainer.errors import ConfigError, Fault

_FIELD = "environment.wrappers"
_MOST_PARTS = 8


@dataclass(frozen=True)
class Layer:
    """What there is to see and to do at one height.

    :param atari: how an Atari game is prepared here already, before any wrapper
    """

    observation: spaces.Space[Any]
    action: spaces.Space[Any]
    atari: AtariOptions | None = None

    def as_json(self) -> dict[str, Any]:
        """Return both spaces in short, as a page shows them, and what an Atari game has had done to it."""
        shown = {"observation": in_short(self.observation), "action": in_short(self.action)}
        return shown if self.atari is None else {**shown, "atari": asdict(self.atari)}


@dataclass(frozen=True)
class Layers:
    """An environment with its wrappers, from inside out.

    :param heights: the bare environment, then above each wrapper, up to the first that does not fit
    :param fault: what is wrong with that one; None when all fit
    """

    heights: tuple[Layer, ...]
    fault: Fault | None = None

    @property
    def top(self) -> Layer:
        """What the agent sees and does."""
        return self.heights[-1]


def layers_of(environment: EnvironmentConfig) -> Layers:
    """Return what an environment is like above each wrapper, made in this process.

    :raises ConfigError: the environment itself cannot be made
    """
    bare = environment.model_copy(update={"wrappers": [], "n_envs": 1, "backend": "auto"})
    known_only = all(wrapper.name is not None for wrapper in environment.wrappers)
    stand_in = _stand_in(bare.model_dump_json(), generation())
    if known_only:
        return _climb(stand_in, environment.wrappers)
    env = make_bare(bare)
    try:
        return _climb(env, environment.wrappers)
    finally:
        with suppress(Exception):  # somebody else's wrapper may fail at closing what was never reset
            env.close()


def heights_of(environment: EnvironmentConfig) -> list[Mapping[str, Any]]:
    """Return in short what an environment shows and takes, bare and above each wrapper that fits.

    What has code of the user's own in it is made in a process of its own.

    :raises ConfigError: the environment itself cannot be made
    """
    if has_own_code(environment):
        return list(tried(environment).heights)
    return [layer.as_json() for layer in layers_of(environment).heights]


def _climb(env: gym.Env[Any, Any], wrappers: Sequence[WrapperConfig]) -> Layers:
    heights = [Layer(env.observation_space, env.action_space, atari_options_within(env))]
    for index, wrapper in enumerate(wrappers):
        try:
            env = wrapped(env, wrapper.given_name, wrapper.kwargs, f"{_FIELD}.{index}")
            heights.append(Layer(env.observation_space, env.action_space))
        except ConfigError as error:
            return Layers(tuple(heights), _with_fix(error, index, wrappers))
    return Layers(tuple(heights))


def _with_fix(error: ConfigError, index: int, wrappers: Sequence[WrapperConfig]) -> Fault:
    """Return a fault with the list of wrappers that would mend it, where a wrapper said so itself."""
    fault, cause = error.faults[0], error.__cause__
    remedy = cause.remedy if isinstance(cause, UnfitError) else None
    if remedy is None:
        return fault
    others = [each.model_dump(mode="json") for at, each in enumerate(wrappers) if at != index]
    mended = others if remedy == "remove" else [wrappers[index].model_dump(mode="json"), *others]
    return replace(fault, fix={_FIELD: mended})


class _StandIn(gym.Env[Any, Any]):
    """Has the spaces of an environment and cannot be stepped."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        bottom = env.unwrapped
        self.observation_space, self.action_space = bottom.observation_space, bottom.action_space
        self.spec = bottom.spec
        self.options = atari_options_within(env)


@lru_cache(maxsize=64)
def _stand_in(bare_json: str, _generation: int) -> gym.Env[Any, Any]:
    env = make_bare(EnvironmentConfig.model_validate_json(bare_json))
    try:
        stand_in: gym.Env[Any, Any] = _StandIn(env)
        limit = episode_limit(env)
        if limit is not None:
            stand_in = gym.wrappers.TimeLimit(stand_in, limit)
        return _Shown(stand_in, env.observation_space, env.action_space)
    finally:
        env.close()


class _Shown(gym.Wrapper[Any, Any, Any, Any]):
    """Shows the spaces that Gymnasium's own wrappers within an id leave of those at the bottom."""

    def __init__(self, env: gym.Env[Any, Any], observation: spaces.Space[Any], action: spaces.Space[Any]) -> None:
        super().__init__(env)
        self.observation_space, self.action_space = observation, action


def in_short(space: spaces.Space[Any]) -> Mapping[str, Any]:
    """Return a space as data that a page can put into words.

    :returns: `kind` and what belongs to it: the `shape` of an `image`, `array` or `vector`, the number `n` of
        `discrete`, `choices` or `switches`, the names of the `parts` of a `dict`, the `name` of anything else
    """
    if isinstance(space, spaces.Box):
        kind = "image" if is_image(space) else "vector" if len(space.shape) <= 1 else "array"
        return {"kind": kind, "shape": list(space.shape) or [1]}
    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n)}
    if isinstance(space, spaces.MultiDiscrete):
        return {"kind": "choices", "n": int(space.nvec.size)}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "switches", "n": int(space.n) if isinstance(space.n, int) else len(space.n)}
    if isinstance(space, spaces.Dict):
        return {"kind": "dict", "parts": list(map(str, space.spaces))[:_MOST_PARTS]}
    return {"kind": "other", "name": type(space).__name__}
