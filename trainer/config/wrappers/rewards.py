"""Wrappers that change what the agent is rewarded with. Shown returns are always the environment's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trainer.config import sources
from trainer.config.fields import setting
from trainer.config.wrappers.base import REWARDS, KnownWrapper


class ClipReward(KnownWrapper):
    """Keeps rewards within bounds."""

    name: ClassVar[str] = "clip_reward"
    title: ClassVar[str] = "Clip rewards"
    about: ClassVar[str] = (
        "Cut the rewards that the agent learns from off at these bounds; shown returns stay as they are. Atari games "
        "give the sign of each reward already."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = REWARDS
    entry_point: ClassVar[str] = "gymnasium.wrappers:ClipReward"
    suggested: ClassVar[Mapping[str, Any]] = {"min_reward": -1.0, "max_reward": 1.0}

    min_reward: float | None = setting(
        None, "Lowest", "Lower bound.", sources.GYMNASIUM_WRAPPERS, REWARDS, none_label="none"
    )
    max_reward: float | None = setting(
        None, "Highest", "Upper bound.", sources.GYMNASIUM_WRAPPERS, REWARDS, none_label="none"
    )


class ScaleReward(KnownWrapper):
    """Multiplies rewards."""

    name: ClassVar[str] = "scale_reward"
    title: ClassVar[str] = "Scale rewards"
    about: ClassVar[str] = (
        "Multiply the rewards that the agent learns from, so that returns come near 1; shown returns stay as they "
        "are. Normalise rewards finds a scale by itself."
    )
    source: ClassVar[str] = sources.SB3_TIPS
    group: ClassVar[str] = REWARDS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.rewards:ScaleReward"

    scale: float = setting(0.1, "Factor", "What each reward is multiplied with.", sources.SB3_TIPS, REWARDS)


class DelayedReward(KnownWrapper):
    """Pays rewards out late."""

    name: ClassVar[str] = "delayed_reward"
    title: ClassVar[str] = "Delay rewards"
    about: ClassVar[str] = (
        "Collect rewards and pay them out every few steps and at the end: harder, and more like life."
    )
    source: ClassVar[str] = sources.ZOO_WRAPPERS
    group: ClassVar[str] = REWARDS
    entry_point: ClassVar[str] = "trainer.envs.wrappers.rewards:DelayedReward"

    delay: int = setting(
        10, "Every", "Steps between two payments.", sources.ZOO_WRAPPERS, REWARDS, ge=1, le=100_000, unit="steps"
    )
