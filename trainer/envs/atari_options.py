"""How an Atari game is presented to the agent: the options behind an id, before anything is built.

`ALE/*-v5` ids bring their frame skip (4) and sticky actions (0.25) themselves; `*NoFrameskip-v4` ids bring
neither and get the preprocessing of Mnih et al. 2015 as the field uses it (skip 4, up to 30 no-ops, FIRE to begin,
a lost life ends the training episode). Whatever the id, exactly one skip is applied. Rewards are clipped to their
sign for training and never for the reported return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from trainer.errors import ConfigError, Fault, nearest

_STANDARD_SKIP = 4
_STANDARD_STACK = 4
# What ale-py's `AtariEnv` takes where an id is registered without; it plays on for ever then, which nothing here does.
_MAKERS: Mapping[str, Any] = {
    "frameskip": _STANDARD_SKIP,
    "repeat_action_probability": 0.25,
    "full_action_space": False,
    "max_num_frames_per_episode": 108_000,
}


@dataclass(frozen=True)
class AtariOptions:
    """Everything that shapes an Atari observation, reward and episode.

    :param game: ROM name of ale-py, `ms_pacman`
    :param frameskip: emulated frames for one agent step, or the range [low, high) to draw it from
    :param repeat_action_probability: chance that a frame repeats the previous action (sticky actions)
    :param full_action_space: offer all 18 actions even where the game uses fewer
    :param max_num_frames_per_episode: emulated frames after which an episode is truncated
    :param noop_max: a reset is followed by 0 to `noop_max - 1` frames of no-op
    :param fire_reset: press FIRE to begin, after a reset and after a lost life, where the game has that button
    :param terminal_on_life_loss: report a lost life as terminated; the game goes on
    :param clip_reward: give the agent the sign of the reward
    :param maxpool: show the brighter of the last two frames, as sprites flicker
    :param screen_size: height and width of the grey observation, pixels
    :param frame_stack: observations stacked, newest last
    :param mode: game mode; None is the game's own
    :param difficulty: difficulty; None is the game's own
    """

    game: str
    frameskip: int | tuple[int, int] = _STANDARD_SKIP
    repeat_action_probability: float = 0.0
    full_action_space: bool = False
    max_num_frames_per_episode: int = 108_000
    noop_max: int = 30
    fire_reset: bool = True
    terminal_on_life_loss: bool = True
    clip_reward: bool = True
    maxpool: bool = True
    screen_size: int = 84
    frame_stack: int = _STANDARD_STACK
    mode: int | None = None
    difficulty: int | None = None

    @property
    def frames_per_step(self) -> int:
        """Emulated frames that one agent step takes; the smallest number where it is drawn."""
        return self.frameskip if isinstance(self.frameskip, int) else self.frameskip[0]

    @property
    def native_obstacle(self) -> str | None:
        """Why ale-py's vector environment cannot run these options, or None when it can."""
        if not isinstance(self.frameskip, int):
            return "a frame skip drawn at random"
        if self.mode is not None or self.difficulty is not None:
            return "a game mode or difficulty"
        return None


def longest_episode(registered: Mapping[str, Any]) -> int:
    """Return after how many agent steps an episode of a registered game is cut."""
    own = {**_MAKERS, **registered}
    skip, frames = own["frameskip"], own["max_num_frames_per_episode"]
    return int(frames or _MAKERS["max_num_frames_per_episode"]) // (
        skip if isinstance(skip, int) and skip > 1 else _STANDARD_SKIP
    )


def is_atari(entry_point: object, kwargs: Mapping[str, Any]) -> bool:
    """Say whether an id is an Atari game that shows pixels; with `obs_type` "ram" it is an ordinary environment.

    :param entry_point: of the registered spec
    :param kwargs: what the configuration passes on
    """
    return entry_point == "ale_py.env:AtariEnv" and kwargs.get("obs_type") != "ram"


def atari_options(
    env_id: str,
    registered: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    *,
    frame_stack: int | None = None,
    max_episode_steps: int | None = None,
) -> AtariOptions:
    """Return the options of an id: its registered ones, then the standard ones, then the configuration's.

    :param env_id: `ALE/Pong-v5`, `PongNoFrameskip-v4`, `Pong-v0`
    :param registered: kwargs of the registered spec
    :param kwargs: kwargs of the configuration, checked here by name and value
    :param frame_stack: None stacks 4
    :param max_episode_steps: agent steps; None keeps the registered limit
    :raises ConfigError: with every fault found, each at `environment.kwargs.<name>`
    """
    bare = "NoFrameskip" in env_id
    own = {**_MAKERS, **{name: value for name, value in registered.items() if value is not None}}
    if "game" not in own:
        raise ConfigError([Fault("environment.id", f"{env_id} is registered without a game.")])
    base = AtariOptions(
        game=str(own["game"]),
        frameskip=_STANDARD_SKIP if bare else own["frameskip"],
        repeat_action_probability=float(own["repeat_action_probability"]),
        full_action_space=bool(own["full_action_space"]),
        max_num_frames_per_episode=int(own["max_num_frames_per_episode"]),
        noop_max=30 if bare else 0,
        fire_reset=bare,
        terminal_on_life_loss=bare,
        frame_stack=_STANDARD_STACK if frame_stack is None else frame_stack,
    )
    checked = {name: _plain(value) for name, value in kwargs.items()}
    faults = [fault for name, value in checked.items() if (fault := _fault(name, value)) is not None]
    if faults:
        raise ConfigError(faults)
    options = replace(base, **checked)
    if max_episode_steps is not None:
        return replace(options, max_num_frames_per_episode=max_episode_steps * options.frames_per_step)
    return options


def _plain(value: Any) -> Any:
    """Return a JSON list as the tuple that ale-py wants."""
    return tuple(value) if isinstance(value, list) else value


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _skip_range(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_whole(end, 1) for end in value) and value[0] < value[1]


_FLAGS = frozenset({"full_action_space", "fire_reset", "terminal_on_life_loss", "clip_reward", "maxpool"})
_LEAST = {"max_num_frames_per_episode": 1, "noop_max": 0, "screen_size": 1, "mode": 0, "difficulty": 0}
_SETTABLE = tuple(field.name for field in fields(AtariOptions) if field.name not in {"game", "frame_stack"})


def _fault(name: str, value: Any) -> Fault | None:
    """Return what is wrong with one option, or None."""
    at = f"environment.kwargs.{name}"
    if name not in _SETTABLE:
        near = nearest(name, _SETTABLE)
        hint = f"Did you mean {near}?" if near else f"Atari games take: {', '.join(_SETTABLE)}."
        return Fault(at, f"Atari games have no option {name!r}.", hint)
    if name in _FLAGS:
        return None if isinstance(value, bool) else Fault(at, f"must be true or false, not {value!r}.")
    if name == "frameskip":
        sound = _whole(value, 1) or _skip_range(value)
        return None if sound else Fault(at, f"must be a whole number from 1, or two of them rising, not {value!r}.")
    if name == "repeat_action_probability":
        sound = isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value <= 1.0
        return None if sound else Fault(at, f"must be a number from 0 to 1, not {value!r}.")
    if name in {"mode", "difficulty"} and value is None:
        return None
    least = _LEAST[name]
    return None if _whole(value, least) else Fault(at, f"must be a whole number from {least}, not {value!r}.")
