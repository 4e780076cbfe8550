"""Wrappers that change what the agent does."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from trainer.config import sources
from trainer.config.fields import LARGEST, setting
from trainer.config.wrappers.base import ACTIONS, KnownWrapper, PerEntry, said_as

_Levels = Annotated[int, Field(ge=2, le=1000)]
_Bins = Annotated[
    _Levels | list[_Levels], said_as("a whole number from 2 to 1,000, or a list with one for every action")
]
_Steps = Annotated[int, Field(ge=1, le=LARGEST)]
_Duration = Annotated[
    _Steps | Annotated[list[_Steps], Field(min_length=2, max_length=2)],
    said_as("a whole number from 1, or a list of the fewest and the most steps"),
]


class ClipAction(KnownWrapper):
    """Keeps actions within bounds."""

    name: ClassVar[str] = "clip_action"
    title: ClassVar[str] = "Clip actions"
    about: ClassVar[str] = (
        "Cut continuous actions off at the environment's bounds, or at narrower ones of your own; gives bounds to "
        "actions that have none."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.actions:ClipAction"

    min_action: PerEntry | None = setting(
        None,
        "Lowest",
        "Lower bound: one number, or a list with one for every action.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="-1",
        none_label="environment's own",
    )
    max_action: PerEntry | None = setting(
        None,
        "Highest",
        "Upper bound: one number, or a list with one for every action.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="1",
        none_label="environment's own",
    )


class RescaleAction(KnownWrapper):
    """Lets the agent act in another range."""

    name: ClassVar[str] = "rescale_action"
    title: ClassVar[str] = "Rescale actions"
    about: ClassVar[str] = (
        "Let the agent act in one range, such as -1 to 1, whatever the bounds of the environment. SAC, TD3 and their "
        "kin do so by themselves."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.actions:RescaleAction"

    min_action: PerEntry = setting(
        -1.0,
        "Lowest",
        "The agent's lower bound: one number, or a list with one for every action.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="-1",
    )
    max_action: PerEntry = setting(
        1.0,
        "Highest",
        "The agent's upper bound: one number, or a list with one for every action.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="1",
    )


class DiscretizeAction(KnownWrapper):
    """Offers a few levels of a continuous action."""

    name: ClassVar[str] = "discretize_action"
    title: ClassVar[str] = "Discretise actions"
    about: ClassVar[str] = (
        "Offer a few levels of each continuous action, for algorithms such as DQN that choose from a list. Their "
        "number is the product over all actions."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "gymnasium.wrappers:DiscretizeAction"

    bins: _Bins = setting(
        5,
        "Levels",
        "Levels of every action: one number, or a list with one for each.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="5",
    )
    multidiscrete: bool = setting(
        False,
        "Choose each apart",
        "Choose a level for every action, as PPO and A2C can, instead of one number for all together.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
    )


class ActionNoise(KnownWrapper):
    """Adds noise that the agent does not know of."""

    name: ClassVar[str] = "action_noise"
    title: ClassVar[str] = "Action noise"
    about: ClassVar[str] = (
        "Add Gaussian noise to continuous actions without telling the agent, in evaluations too: it learns to act "
        "robustly. To explore with noise, use the algorithm's own."
    )
    source: ClassVar[str] = sources.ZOO_WRAPPERS
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.actions:ActionNoise"

    sigma: float = setting(
        0.1,
        "Sigma",
        "Standard deviation of the noise, in the unit of the action. What leaves the bounds is cut off there.",
        sources.ZOO_WRAPPERS,
        ACTIONS,
        ge=0,
    )


class ActionSmoothing(KnownWrapper):
    """Lets actions change slowly."""

    name: ClassVar[str] = "action_smoothing"
    title: ClassVar[str] = "Smooth actions"
    about: ClassVar[str] = "Let continuous actions follow the agent's choice slowly, as a moving average from zero on."
    source: ClassVar[str] = sources.ZOO_WRAPPERS
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.actions:ActionSmoothing"

    smoothing: float = setting(
        0.5,
        "Smoothing",
        "Share of the action before that stays in each new one: 0 changes nothing, near 1 hardly moves.",
        sources.ZOO_WRAPPERS,
        ACTIONS,
        ge=0,
        lt=1,
    )


class StickyAction(KnownWrapper):
    """Sometimes takes the action before once more."""

    name: ClassVar[str] = "sticky_action"
    title: ClassVar[str] = "Sticky actions"
    about: ClassVar[str] = (
        "Take the action before once more with some probability, so that no sequence of actions can be learnt by "
        "heart. ALE/...-v5 games do so by themselves with 0.25."
    )
    source: ClassVar[str] = sources.PAPER_STICKY
    group: ClassVar[str] = ACTIONS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.actions:StickyAction"

    repeat_action_probability: float = setting(
        0.25, "Probability", "Chance of repeating, at every step.", sources.PAPER_STICKY, ACTIONS, ge=0, lt=1
    )
    repeat_action_duration: _Duration = setting(
        1,
        "Duration",
        "For how many steps it then repeats: one number, or a list of the fewest and the most.",
        sources.GYMNASIUM_WRAPPERS,
        ACTIONS,
        kind="json",
        example="[1, 4]",
        advanced=True,
    )
