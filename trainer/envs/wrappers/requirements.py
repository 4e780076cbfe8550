"""What Gymnasium's own wrappers need, and what Atari games already do, said in words before they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from trainer.envs.atari_options import AtariOptions
from trainer.envs.inspection import space_in_words
from trainer.envs.wrappers.fitness import UnfitError, continuous_actions
from trainer.envs.wrappers.pace import episode_limit

AnyEnv = gym.Env[Any, Any]
Arguments = Mapping[str, Any]

_MOST_ACTIONS = 100_000  # a network with more outputs than this learns nothing


def atari_options_within(env: AnyEnv) -> AtariOptions | None:
    """Return how the Atari game at the bottom is presented; None when there is none, or it is read from its memory."""
    options = getattr(env.unwrapped, "options", None)
    return options if isinstance(options, AtariOptions) else None


def _grayscale(env: AnyEnv, _: Arguments) -> None:
    _not_preprocessed(env)
    space = env.observation_space
    if not (_is_picture(space) and space.shape is not None and len(space.shape) == 3 and space.shape[-1] == 3):
        seen = space_in_words(space)
        is_grey = _is_picture(space) and space.shape is not None and (len(space.shape) == 2 or space.shape[-1] == 1)
        message = f"needs images with 3 colours, and observations are {seen}{', grey already' if is_grey else ''} here"
        raise UnfitError(
            message, "Remove it." if is_grey else "Remove it, or move it to where there are colour images."
        )


def _resize(env: AnyEnv, _: Arguments) -> None:
    _not_preprocessed(env)
    space = env.observation_space
    if not _is_picture(space):
        message = f"needs images of bytes, and observations are {space_in_words(space)} here"
        raise UnfitError(message, "Remove it, or move it to where there are images.")
    if space.shape is not None and len(space.shape) == 3 and space.shape[0] < min(space.shape[1:]):
        message = f"needs the channels of an image last, and here it is {space_in_words(space)}"
        raise UnfitError(message, "Move it before the wrapper that puts them first.")


def _filter(env: AnyEnv, arguments: Arguments) -> None:
    space = env.observation_space
    if not isinstance(space, spaces.Dict):
        message = f"needs dictionary observations, and observations are {space_in_words(space)} here"
        raise UnfitError(message, "Remove it.")
    parts, wanted = list(space.spaces), arguments["filter_keys"]
    missing = [name for name in wanted if name not in parts]
    if missing or not wanted:
        message = f"finds no part {missing[0]!r}" if missing else "has no part to keep"
        raise UnfitError(message, f"The parts here are {', '.join(parts)}.")


def _flatten(env: AnyEnv, _: Arguments) -> None:
    try:
        spaces.flatten_space(env.observation_space)
    except NotImplementedError:
        space = env.observation_space
        parts = space.spaces.items() if isinstance(space, spaces.Dict) else ()
        texts = [name for name, part in parts if not part.is_np_flattenable]
        message = f"cannot make numbers of {', '.join(texts) or space_in_words(space)}"
        raise UnfitError(message, "Put Choose parts before it and leave that out.") from None


def _discretize(env: AnyEnv, arguments: Arguments) -> None:
    space = continuous_actions(env.action_space, "Remove it: such actions are chosen from a list already.")
    if not space.is_bounded():
        raise UnfitError("needs bounds, and some actions have none", "Put Clip actions with bounds before it.")
    entries, bins = int(np.prod(space.shape)), arguments["bins"]
    if isinstance(bins, list) and len(bins) != entries:
        raise UnfitError(f"has {len(bins)} levels for {entries} actions", "Give one number for all, or one for each.")
    each = [bins] * entries if isinstance(bins, int) else bins
    choices = float(np.prod([float(level) for level in each]))
    if choices > _MOST_ACTIONS and not arguments["multidiscrete"]:
        message = f"would make {choices:,.0f} actions of {entries}"
        raise UnfitError(message, "Take fewer levels, or turn Choose each apart on.")


def _frame_skip(env: AnyEnv, _: Arguments) -> None:
    options = atari_options_within(env)
    registered = (env.unwrapped.spec.kwargs if env.unwrapped.spec else {}).get("frameskip", 1)
    held = options.frameskip if options is not None else registered
    if held != 1:
        frames = held if isinstance(held, int) else " to ".join(map(str, held))
        message = f"would stack skips: the game holds each action for {frames} frames already"
        raise UnfitError(message, 'Remove it; the argument {"frameskip": 4} of the environment sets the number.')


def _frame_stack(env: AnyEnv, _: Arguments) -> None:
    options = atari_options_within(env)
    if options is not None and options.frame_stack > 1:
        message = f"would stack stacks: the game shows its last {options.frame_stack} frames already"
        raise UnfitError(message, "Remove it; the field Frame stack sets their number.")


def _time_aware(env: AnyEnv, _: Arguments) -> None:
    if episode_limit(env) is None and (env.spec is None or env.spec.max_episode_steps is None):
        raise UnfitError(
            "needs a time limit, and there is none", "Set the field Episode limit, or put Time limit before it."
        )


def _clip_reward(_: AnyEnv, arguments: Arguments) -> None:
    low, high = arguments["min_reward"], arguments["max_reward"]
    if low is None and high is None:
        raise UnfitError("has no bound", "Give the lowest or the highest reward, or both.")
    if low is not None and high is not None and low > high:
        raise UnfitError("needs Lowest below Highest", "Exchange them.")


def _not_preprocessed(env: AnyEnv) -> None:
    options = atari_options_within(env)
    if options is not None:
        size = options.screen_size
        message = f"comes too late: Atari games are shown grey and {size} x {size} already"
        raise UnfitError(message, 'Remove it; the argument {"screen_size": 84} of the environment sets the size.')


def _is_picture(space: spaces.Space[Any]) -> bool:
    if not (isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3)):
        return False
    return bool(np.all(space.low == 0) and np.all(space.high == 255))


REQUIREMENTS: Mapping[str, Callable[[AnyEnv, Arguments], None]] = {
    "clip_reward": _clip_reward,
    "discretize_action": _discretize,
    "filter_observation": _filter,
    "flatten_observation": _flatten,
    "frame_skip": _frame_skip,
    "frame_stack": _frame_stack,
    "grayscale_observation": _grayscale,
    "resize_observation": _resize,
    "time_aware_observation": _time_aware,
}
