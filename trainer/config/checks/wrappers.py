"""Rules about wrappers that need no environment; whether they fit one another is found out in `envs.layers`."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.config.wrapping import WrapperConfig
from trainer.errors import Fault

FIELD = "environment.wrappers"

# Wrappers of Gymnasium that learn as they go, each copy for itself, and the field that does so for all at once.
_LEARNING = {
    "NormalizeObservation": "environment.normalize_observation",
    "NormalizeReward": "environment.normalize_reward",
}
_GIVE_CHANNELS = ("frame_stack", "flatten_observation")


def place_of(config: RunConfig, name: str) -> int | None:
    """Return where the last wrapper of this name stands, or None when there is none."""
    places = [place for place, wrapper in enumerate(config.environment.wrappers) if wrapper.name == name]
    return places[-1] if places else None


def exchanged(config: RunConfig, place: int, wrapper: WrapperConfig | None) -> dict[str, object]:
    """Return the fix that puts another wrapper into this place, or none."""
    listed = list(config.environment.wrappers)
    listed[place : place + 1] = [] if wrapper is None else [wrapper]
    return {FIELD: [each.model_dump(mode="json") for each in listed]}


def _stacked_twice(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    place, stack = place_of(config, "frame_stack"), config.environment.frame_stack
    if place is not None and stack is not None and stack > 1:
        message = f"Frame stack is there twice: the field of that name stacks {stack} of these stacks again"
        yield Fault(f"{FIELD}.{place}", message, "Remove it, or leave the field empty.", exchanged(config, place, None))


def _flat_grey_images(config: RunConfig) -> Iterator[Fault]:
    place = place_of(config, "grayscale_observation")
    if place is None or config.environment.wrappers[place].kwargs.get("keep_dim"):
        return
    above = config.environment.wrappers[place + 1 :]
    if not any(wrapper.name in _GIVE_CHANNELS for wrapper in above):
        message = "Grayscale leaves height x width without a channel, which no convolution reads as an image"
        kept = config.environment.wrappers[place].model_copy(update={"kwargs": {"keep_dim": True}})
        yield Fault(f"{FIELD}.{place}", message, "Turn Keep the channel on.", exchanged(config, place, kept))


def _statistics_of_each_copy(config: RunConfig) -> Iterator[Fault]:
    for place, wrapper in enumerate(config.environment.wrappers):
        field = _LEARNING.get((wrapper.entry_point or "").rpartition(":")[2])
        if field is not None:
            message = "keeps running statistics for each copy alone, and an evaluation begins with none"
            fix = {**exchanged(config, place, None), field: True}
            yield Fault(f"{FIELD}.{place}", message, f"{field} keeps one set for all, and evaluations read it.", fix)


def _sticky_already(config: RunConfig) -> Iterator[Fault]:
    place = place_of(config, "sticky_action")
    if place is not None and config.environment.id.startswith("ALE/"):
        message = "Sticky actions come on top of those of the game, which repeats an action with probability 0.25"
        hint = 'Remove it; the argument {"repeat_action_probability": 0.25} of the environment sets the number.'
        yield Fault(f"{FIELD}.{place}", message, hint, exchanged(config, place, None))


RULES = (_stacked_twice,)
REMARKS = (_flat_grey_images, _statistics_of_each_copy, _sticky_already)
