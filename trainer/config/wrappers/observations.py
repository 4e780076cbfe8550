"""Wrappers that change what the agent sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.config import sources
from trainer.config.fields import LARGEST, setting
from trainer.config.wrappers.base import OBSERVATIONS, Indices, KnownWrapper, PerEntry, Size

# Entries of the observation that are velocities, from the table of each environment's page in Gymnasium's
# documentation, by name without version: the versions share their layout.
VELOCITIES: Mapping[str, tuple[int, ...]] = {
    "Acrobot": (4, 5),
    "BipedalWalker": (1, 2, 3, 5, 7, 10, 12),
    "BipedalWalkerHardcore": (1, 2, 3, 5, 7, 10, 12),
    "CartPole": (1, 3),
    "LunarLander": (2, 3, 5),
    "LunarLanderContinuous": (2, 3, 5),
    "MountainCar": (1,),
    "MountainCarContinuous": (1,),
    "Pendulum": (2,),
}


class FrameStack(KnownWrapper):
    """Shows several last observations at once."""

    name: ClassVar[str] = "frame_stack"
    title: ClassVar[str] = "Frame stack"
    about: ClassVar[str] = (
        "Show the last observations at once, oldest first. The field Frame stack does the same outside all wrappers; "
        "use this one only where a wrapper after it has to see the stack, and never both."
    )
    source: ClassVar[str] = sources.PAPER_DQN
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.observations:FrameStack"

    stack_size: int = setting(4, "Frames", "Observations shown at once.", sources.PAPER_DQN, OBSERVATIONS, ge=2, le=256)
    repeat_first: bool = setting(
        False,
        "Begin with the first",
        "Fill the stack of a new episode with its first observation instead of zeros.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
    )


class GrayscaleObservation(KnownWrapper):
    """Turns colour into brightness."""

    name: ClassVar[str] = "grayscale_observation"
    title: ClassVar[str] = "Grayscale"
    about: ClassVar[str] = "Turn colour images into brightness: a third of the data, and often all that matters."
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:GrayscaleObservation"
    suggested: ClassVar[Mapping[str, Any]] = {"keep_dim": True}

    keep_dim: bool = setting(
        False,
        "Keep the channel",
        "Give height x width x 1, which convolutions take for an image, rather than height x width.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
    )


class ResizeObservation(KnownWrapper):
    """Makes images smaller or larger."""

    name: ClassVar[str] = "resize_observation"
    title: ClassVar[str] = "Resize"
    about: ClassVar[str] = "Make images smaller or larger. The usual convolutions need 36 x 36 pixels at least."
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:ResizeObservation"

    shape: Size = setting(
        [84, 84],
        "Height, width",
        "Size of the images that come out.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        kind="json",
        unit="pixels",
        example="[84, 84]",
    )


class RescaleObservation(KnownWrapper):
    """Brings bounded observations into one range."""

    name: ClassVar[str] = "rescale_observation"
    title: ClassVar[str] = "Rescale observations"
    about: ClassVar[str] = (
        "Bring observations with known bounds into one range. Where an environment gives no bounds, normalise "
        "observations instead."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.observations:RescaleObservation"

    min_obs: PerEntry = setting(
        -1.0,
        "Lowest",
        "What the lower bound becomes: one number, or a list with one for every entry.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        kind="json",
        example="-1",
    )
    max_obs: PerEntry = setting(
        1.0,
        "Highest",
        "What the upper bound becomes: one number, or a list with one for every entry.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        kind="json",
        example="1",
    )


class FlattenObservation(KnownWrapper):
    """Lays everything in one row."""

    name: ClassVar[str] = "flatten_observation"
    title: ClassVar[str] = "Flatten"
    about: ClassVar[str] = "Lay all parts of an observation in one row of numbers; what is counted becomes one-hot."
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:FlattenObservation"


class FilterObservation(KnownWrapper):
    """Keeps some parts of a dictionary."""

    name: ClassVar[str] = "filter_observation"
    title: ClassVar[str] = "Choose parts"
    about: ClassVar[str] = "Keep only the named parts of a dictionary observation."
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:FilterObservation"

    filter_keys: list[str] = setting(
        [],
        "Parts",
        "Names of the parts that are kept, as a JSON list.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        kind="json",
        example='["observation"]',
    )


class MaskVelocity(KnownWrapper):
    """Hides how fast things move."""

    name: ClassVar[str] = "mask_velocity"
    title: ClassVar[str] = "Mask velocity"
    about: ClassVar[str] = (
        "Show velocities as 0, so that one observation no longer says everything: a test for recurrent policies. "
        f"Known for {', '.join(VELOCITIES)}."
    )
    source: ClassVar[str] = sources.ZOO_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.observations:MaskVelocity"

    indices: Indices | None = setting(
        None,
        "Entries",
        "Which entries are velocities, counted from 0. Empty takes those that are known of the environment.",
        sources.ZOO_WRAPPERS,
        OBSERVATIONS,
        kind="json",
        example="[1, 3]",
        none_label="known ones",
    )


class History(KnownWrapper):
    """Shows the last observations and actions."""

    name: ClassVar[str] = "history"
    title: ClassVar[str] = "History"
    about: ClassVar[str] = (
        "Show the last observations together with the actions taken in them: for delays, and for robots whose motors "
        "lag behind. For continuous actions."
    )
    source: ClassVar[str] = sources.ZOO_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.observations:History"

    horizon: int = setting(
        2,
        "Steps",
        "How many steps back it reaches, the present one included.",
        sources.ZOO_WRAPPERS,
        OBSERVATIONS,
        ge=1,
        le=256,
    )


class DelayObservation(KnownWrapper):
    """Shows everything late."""

    name: ClassVar[str] = "delay_observation"
    title: ClassVar[str] = "Delay observations"
    about: ClassVar[str] = (
        "Show every observation some steps late, as slow sensors do; before the first there are zeros."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:DelayObservation"

    delay: int = setting(
        1,
        "Delay",
        "How late observations come.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        ge=0,
        le=10_000,
        unit="steps",
    )


class TimeFeature(KnownWrapper):
    """Adds the time that is left."""

    name: ClassVar[str] = "time_feature"
    title: ClassVar[str] = "Time left"
    about: ClassVar[str] = (
        "Append the share of the episode that is left, from 1 down to 0, so that the agent knows when the time limit "
        "will cut it off."
    )
    source: ClassVar[str] = sources.PAPER_TIME_LIMITS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.observations:TimeFeature"

    max_steps: int | None = setting(
        None,
        "Episode length",
        "Steps of a whole episode. Empty takes the time limit, and refuses an environment without one.",
        sources.PAPER_TIME_LIMITS,
        OBSERVATIONS,
        ge=1,
        le=LARGEST,
        unit="steps",
        none_label="time limit",
    )


class TimeAwareObservation(KnownWrapper):
    """Adds the time that has passed."""

    name: ClassVar[str] = "time_aware_observation"
    title: ClassVar[str] = "Time passed"
    about: ClassVar[str] = "Add the number of steps since the episode began to the observation; needs a time limit."
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = OBSERVATIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:TimeAwareObservation"
    suggested: ClassVar[Mapping[str, Any]] = {"normalize_time": True}

    flatten: bool = setting(
        True,
        "Flatten",
        "Put the time into one row with everything else; otherwise observations become a dictionary.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
    )
    normalize_time: bool = setting(
        False,
        "From 0 to 1",
        "Count time as a share of the limit rather than in steps; networks learn from small numbers more easily.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
    )
    dict_time_key: str = setting(
        "time",
        "Name",
        "What the time is called in a dictionary observation.",
        sources.GYMNASIUM_WRAPPERS,
        OBSERVATIONS,
        pattern=r"^\S+$",
        example="time",
        advanced=True,
    )
