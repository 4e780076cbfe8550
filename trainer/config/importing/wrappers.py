"""Wrappers as RL Zoo lists them, and what does the same here.

A wrapper is named by its class, `gymnasium.wrappers.TimeLimit`, alone or with arguments:
`- rl_zoo3.wrappers.FrameSkip: {skip: 2}`. What is a setting here becomes one, what Palaestra knows by name gets that
name, and any other class is kept as `module:Class`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trainer.config.importing.names import is_atari
from trainer.config.importing.report import Ledger

_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")

# By class, whatever module it is imported from: the name here.
_KNOWN: Mapping[str, str] = {
    "ActionNoiseWrapper": "action_noise",
    "ActionSmoothingWrapper": "action_smoothing",
    "ClipAction": "clip_action",
    "ClipReward": "clip_reward",
    "DelayObservation": "delay_observation",
    "DelayedRewardWrapper": "delayed_reward",
    "DiscretizeAction": "discretize_action",
    "FilterObservation": "filter_observation",
    "FlattenObservation": "flatten_observation",
    "FrameSkip": "frame_skip",
    "MaxAndSkipObservation": "frame_skip",
    "GrayscaleObservation": "grayscale_observation",
    "GrayScaleObservation": "grayscale_observation",
    "HistoryWrapper": "history",
    "HistoryWrapperObsDict": "history",
    "MaskVelocityWrapper": "mask_velocity",
    "RescaleAction": "rescale_action",
    "RescaleObservation": "rescale_observation",
    "ResizeObservation": "resize_observation",
    "YAMLCompatResizeObservation": "resize_observation",
    "StickyAction": "sticky_action",
    # Not the field for the episode limit: that replaces the environment's own limit, where the wrapper only lowers it.
    "TimeLimit": "time_limit",
    "TimeAwareObservation": "time_aware_observation",
    "TimeFeatureWrapper": "time_feature",
}
# What arguments of theirs are called here, and what has to be said here that goes without saying there.
_RENAMED: Mapping[str, str] = {"noise_std": "sigma", "smoothing_coef": "smoothing"}
_IMPLIED: Mapping[str, Mapping[str, Any]] = {"FrameSkip": {"max_pool": False}}
_KNOWN_MODULES = ("gymnasium.wrappers", "gym.wrappers", "rl_zoo3.wrappers", "sb3_contrib.common", "utils.wrappers")
_ATARI_ARGUMENTS = {
    "noop_max": "noop_max",
    "frame_skip": "frameskip",
    "screen_size": "screen_size",
    "terminal_on_life_loss": "terminal_on_life_loss",
    "clip_reward": "clip_reward",
    "action_repeat_probability": "repeat_action_probability",
}
_NEEDLESS = {
    "Monitor": "Every run keeps its episodes anyway.",
    "VecMonitor": "Every run keeps its episodes anyway.",
    "VecTransposeImage": "Images are turned the right way anyway.",
}
WRAPPERS = "environment.wrappers"


def take_wrappers(ledger: Ledger, key: str, given: Any, environment: str) -> None:
    """Note every wrapper of `env_wrapper`; those kept add to the ones that the ledger has.

    :param environment: id of the environment, since Atari games are prepared by settings here
    """
    listed = list(_listed(given))
    for number, (name, kwargs) in enumerate(listed):
        at = f"{key}.{number}" if len(listed) > 1 else key
        shown = {name: kwargs} if kwargs else name
        if not isinstance(name, str) or not _CLASS.fullmatch(name) or not isinstance(kwargs, Mapping):
            ledger.leave(at, shown, "It is not the name of a class with its arguments.")
        else:
            _take(ledger, at, name, dict(kwargs), environment)


def take_vector_wrappers(ledger: Ledger, key: str, given: Any) -> None:
    """Note every wrapper of `vec_env_wrapper`, which stands around all copies at once."""
    for name, kwargs in _listed(given):
        last = str(name).rpartition(".")[2]
        shown = {name: kwargs} if kwargs else name
        if last == "VecFrameStack" and isinstance(kwargs, Mapping) and "n_stack" in kwargs:
            ledger.take(key, shown, {"environment.frame_stack": kwargs["n_stack"]})
        elif last in _NEEDLESS:
            ledger.take(key, shown, {}, _NEEDLESS[last])
        else:
            ledger.leave(key, shown, "Wrappers around all copies at once cannot be added here.", WRAPPERS)


def _listed(given: Any) -> Iterator[tuple[Any, Any]]:
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, Mapping):
            yield from ((name, kwargs or {}) for name, kwargs in each.items())
        elif each is not None:
            yield each, {}


def _take(ledger: Ledger, key: str, name: str, kwargs: dict[str, Any], environment: str) -> None:
    module, _, last = name.rpartition(".")
    shown = {name: kwargs} if kwargs else name
    if last == "AtariWrapper":
        _take_atari(ledger, key, shown, kwargs, environment)
    elif last in _NEEDLESS:
        ledger.take(key, shown, {}, _NEEDLESS[last])
    elif last == "TimeLimit" and kwargs.get("max_episode_steps") is None:
        ledger.leave(key, shown, "Says no number of steps, so the environment's own limit holds.")
    elif last in _KNOWN and module.startswith(_KNOWN_MODULES):
        arguments = {**_IMPLIED.get(last, {}), **{_RENAMED.get(name, name): each for name, each in kwargs.items()}}
        entry = {"name": _KNOWN[last], **({"kwargs": arguments} if arguments else {})}
        ledger.add(key, shown, WRAPPERS, [entry])
    else:
        package = module.partition(".")[0]
        entry = {"entry_point": f"{module}:{last}", **({"kwargs": kwargs} if kwargs else {})}
        ledger.add(key, shown, WRAPPERS, [entry], f"Needs the package {package} when the run starts.")


def _take_atari(ledger: Ledger, key: str, shown: Any, kwargs: Mapping[str, Any], environment: str) -> None:
    if not is_atari(environment):
        ledger.leave(key, shown, f"Only Atari games are prepared so, and {environment} is none by its name.")
        return
    unknown = [name for name in kwargs if name not in _ATARI_ARGUMENTS]
    options = {_ATARI_ARGUMENTS[name]: value for name, value in kwargs.items() if name in _ATARI_ARGUMENTS}
    if options:
        ledger.add(key, shown, "environment.kwargs", options)
    else:
        ledger.take(key, shown, {}, "Atari games are prepared in this way anyway.")
    for name in unknown:
        ledger.leave(f"{key}.{name}", kwargs[name], "Atari games have no such option.")
