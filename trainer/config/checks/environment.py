"""Rules about the environment: its backend, frame stacking and normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_COUNTED = ("discrete", "multi_discrete", "multi_binary")


def _native_backend(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    environment = config.environment
    if environment.backend != "native":
        return
    fix = {"environment.backend": "auto"}
    if environment.wrappers:
        message = "native environments step all copies at once and cannot be wrapped one by one"
        yield Fault("environment.backend", message, "Choose dummy or subprocess, or remove the wrappers.", fix)
    elif spaces is not None and spaces.native_available is False:
        message = f"{environment.id} has no native vector implementation"
        yield Fault("environment.backend", message, "Choose auto, dummy or subprocess.", fix)


def _drawing_is_ours(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    if "render_mode" in config.environment.kwargs:
        message = "render_mode is decided by Palaestra: training does not draw, videos do"
        rest = {key: value for key, value in config.environment.kwargs.items() if key != "render_mode"}
        yield Fault("environment.kwargs", message, "Remove it.", {"environment.kwargs": rest})


def _spaces_that_policies_know(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    if spaces is None:
        return
    if spaces.observation_kind == "other":
        message = f"{config.environment.id} has observations that Stable-Baselines3 cannot read"
        wrapper = spaces.suggested_wrapper or "gymnasium.wrappers:FlattenObservation"
        hint = f"Add a wrapper that makes numbers of them, such as {wrapper}."
        tried = any(each.entry_point == wrapper for each in config.environment.wrappers)
        yield Fault("environment.id", message, hint, None if tried else _with_wrapper(config, {"entry_point": wrapper}))
    if spaces.action_kind == "other":
        message = f"{config.environment.id} has actions that no algorithm here can choose"
        yield Fault("environment.id", message, "Bring them to one discrete or continuous space with a wrapper.")
    if spaces.action_kind == "box" and spaces.action_bounded is False:
        message = f"{config.environment.id} has continuous actions without bounds"
        bounds = {"name": "clip_action", "kwargs": {"min_action": -1, "max_action": 1}}
        hint = "Bound them with the wrapper Clip actions, after all others."
        yield Fault("environment.id", message, hint, _with_wrapper(config, bounds))


def _with_wrapper(config: RunConfig, wrapper: dict[str, Any]) -> dict[str, Any]:
    """Return the fix that puts one more wrapper around all others."""
    return {"environment.wrappers": [*(each.model_dump(mode="json") for each in config.environment.wrappers), wrapper]}


def _frame_stack(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    stack = config.environment.frame_stack
    if spaces is not None and stack is not None and stack > 1 and spaces.observation_kind in _COUNTED:
        message = f"{config.environment.id} has {spaces.observation_kind} observations, which cannot be stacked"
        yield Fault("environment.frame_stack", message, "Leave it empty.", {"environment.frame_stack": None})


def _normalisation(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    environment = config.environment
    if spaces is None or not environment.normalize_observation:
        return
    field = "environment.normalize_observation"
    if spaces.observation_kind == "image":
        message = "images are already scaled to 0 to 1 by the policy"
        yield Fault(field, message, "Turn it off.", {field: False})
    elif spaces.observation_kind in _COUNTED:
        message = f"{spaces.observation_kind} observations cannot be normalised"
        yield Fault(field, message, "Turn it off.", {field: False})
    if environment.normalize_keys is not None and spaces.observation_kind != "dict":
        message = "only dictionary observations have keys"
        yield Fault("environment.normalize_keys", message, "Leave it empty.", {"environment.normalize_keys": None})


RULES = (_native_backend, _drawing_is_ours, _spaces_that_policies_know, _frame_stack, _normalisation)
