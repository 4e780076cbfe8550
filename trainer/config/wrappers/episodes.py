"""Wrappers that decide how long an episode and one step of it are."""

from __future__ import annotations

from typing import ClassVar

from trainer.config import sources
from trainer.config.fields import setting
from trainer.config.wrappers.base import EPISODES, KnownWrapper


class TimeLimit(KnownWrapper):
    """Cuts episodes off after so many steps."""

    name: ClassVar[str] = "time_limit"
    title: ClassVar[str] = "Time limit"
    about: ClassVar[str] = (
        "Cut episodes off after so many steps, counted as they arrive here: after a frame skip these are the agent's. "
        "The field Episode limit does the same for a bare environment and keeps its fast backend."
    )
    source: ClassVar[str] = sources.GYMNASIUM_WRAPPERS
    group: ClassVar[str] = EPISODES
    entry_point: ClassVar[str] = "gymnasium.wrappers:TimeLimit"

    max_episode_steps: int = setting(
        1000, "Steps", "Steps after which an episode is truncated.", sources.GYMNASIUM_WRAPPERS, EPISODES, ge=1
    )


class FrameSkip(KnownWrapper):
    """Holds each action for several steps."""

    name: ClassVar[str] = "frame_skip"
    title: ClassVar[str] = "Frame skip"
    about: ClassVar[str] = (
        "Hold each action for several steps and add their rewards up. For vectors this is an action repeat. Atari "
        "games hold each action for 4 frames already."
    )
    source: ClassVar[str] = sources.PAPER_DQN
    group: ClassVar[str] = EPISODES
    entry_point: ClassVar[str] = "trainer.envs.wrappers.pace:FrameSkip"

    skip: int = setting(
        4,
        "Skip",
        "Steps of the environment for one of the agent; 1 changes nothing.",
        sources.PAPER_DQN,
        EPISODES,
        ge=1,
        le=1000,
        unit="steps",
    )
    max_pool: bool | None = setting(
        None,
        "Brighter of two",
        "Show the brighter of the last two frames at every pixel, since the sprites of some games flicker. Empty does "
        "so for images only.",
        sources.PAPER_DQN,
        EPISODES,
        none_label="images only",
    )
