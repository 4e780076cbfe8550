"""Settings that the algorithms learning from a replay buffer share."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common
from trainer.config.fields import OF_THE_BUFFER, setting
from trainer.config.noise import NoNoise

GoalStrategy = Literal["future", "final", "episode"]


class OffPolicyConfig(common.AlgorithmConfig):
    """Base of the algorithms that learn from transitions kept in a replay buffer."""

    on_policy: ClassVar[bool] = False

    @property
    def relabels(self) -> bool:
        """Whether it also learns from the goals that were reached by chance."""
        return bool(getattr(self, "hindsight", False))


def buffer_size(source: str) -> Any:
    """Declare the replay buffer's size."""
    return setting(
        1_000_000,
        "Replay buffer size",
        "Transitions kept, over all environment copies. Images make this the run's largest piece of memory.",
        source,
        common.REPLAY,
        ge=1,
        unit="transitions",
    )


def learning_starts(source: str) -> Any:
    """Declare the length of the warm-up."""
    return setting(
        100,
        "Learning starts",
        "Steps of random actions that fill the replay buffer before learning begins.",
        source,
        common.REPLAY,
        ge=0,
        unit="steps",
    )


def tau(default: float, source: str) -> Any:
    """Declare how fast target networks follow."""
    return setting(
        default,
        "Tau",
        "How much of the trained network is mixed into the target network at each target update; 1 copies it whole.",
        source,
        common.OPTIMISATION,
        ge=0,
        le=1,
        advanced=True,
    )


def train_freq(default: int, source: str) -> Any:
    """Declare how much is collected between updates."""
    return setting(
        default,
        "Train frequency",
        "How much is collected between two updates, in the unit below. A step moves every environment copy once.",
        source,
        common.OPTIMISATION,
        ge=1,
    )


def train_freq_unit(source: str) -> Any:
    """Declare the unit of the train frequency."""
    return setting(
        "step",
        "Train frequency unit",
        "Whether the train frequency counts steps or whole episodes; episodes need a single environment copy.",
        source,
        common.OPTIMISATION,
        advanced=True,
    )


def gradient_steps(source: str) -> Any:
    """Declare how many gradient steps an update has."""
    return setting(
        1,
        "Gradient steps",
        "Gradient steps in each update. -1 makes as many as steps were collected.",
        source,
        common.OPTIMISATION,
        ge=-1,
    )


def optimize_memory_usage() -> Any:
    """Declare the memory-saving replay buffer."""
    return setting(
        False,
        "Save replay memory",
        "Store each observation once instead of twice, which halves the buffer. Needs "
        '{"handle_timeout_termination": false} in the replay buffer arguments.',
        sources.SB3_BASE,
        common.REPLAY,
        advanced=True,
    )


def n_steps(source: str) -> Any:
    """Declare the reach of n-step returns."""
    return setting(
        1,
        "N-step returns",
        "Rewards of this many steps are added up before the value network is asked. 1 is the classic target.",
        source,
        common.RETURNS,
        ge=1,
        unit="steps",
        advanced=True,
    )


def action_noise(source: str, *, advanced: bool = False) -> Any:
    """Declare the noise added to actions."""
    return setting(
        NoNoise(),
        "Action noise",
        "Noise added to the actions while training, which makes a policy explore.",
        source,
        common.EXPLORATION,
        advanced=advanced,
    )


def replay_buffer_class() -> Any:
    """Declare another replay buffer."""
    return common.buffer_class("Replay buffer class", "stable_baselines3:HerReplayBuffer")


def replay_buffer_kwargs() -> Any:
    """Declare arguments for the replay buffer."""
    return common.buffer_kwargs("Replay buffer arguments", '{"handle_timeout_termination": false}')


def hindsight(*, default: bool = False) -> Any:
    """Declare hindsight experience replay."""
    return setting(
        default,
        "Hindsight (HER)",
        "Also learn as if the goals that were reached by chance had been the ones to reach: what makes rare rewards "
        "learnable. For environments whose observations hold desired_goal and achieved_goal.",
        sources.PAPER_HER,
        common.HINDSIGHT,
        advanced=True,
        fixed=OF_THE_BUFFER,
    )


def n_sampled_goal(*, advanced: bool = True) -> Any:
    """Declare how many goals are made up for each real one."""
    return setting(
        4,
        "Goals in hindsight",
        "With hindsight, how many transitions with another goal stand beside each one with its own: 4 makes four "
        "fifths of every batch.",
        sources.PAPER_HER,
        common.HINDSIGHT,
        ge=0,
        unit="goals",
        advanced=advanced,
    )


def goal_selection_strategy(*, advanced: bool = True) -> Any:
    """Declare which goals are taken in hindsight."""
    return setting(
        "future",
        "Which goals",
        "With hindsight, what is taken for the goal: what the same episode reached from then on (future), anywhere "
        "(episode), or at its end (final).",
        sources.PAPER_HER,
        common.HINDSIGHT,
        advanced=advanced,
    )


def copy_info_dict() -> Any:
    """Declare whether rewards are computed anew from infos too."""
    return setting(
        False,
        "Infos for rewards",
        "With hindsight, keep what each step says beside its reward (its info) for computing rewards anew. Only for "
        "environments whose compute_reward reads it; slower.",
        sources.SB3_HER,
        common.HINDSIGHT,
        advanced=True,
    )
