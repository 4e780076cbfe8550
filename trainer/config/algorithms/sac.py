"""SAC and its kin: a stochastic actor that learns continuous actions from a replay buffer and is paid for its entropy.

HER is SAC with hindsight switched on: hindsight is a way of replaying, which most algorithms with a replay buffer can
have, yet people look for it among the algorithms.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common, replay
from trainer.config.fields import JsonDict, setting
from trainer.config.noise import ActionNoise
from trainer.config.spaces import ActionKind
from trainer.config.values import Coefficient, Schedule, Target


def ent_coef() -> Any:
    """Declare what entropy is worth."""
    return setting(
        "auto",
        "Entropy coefficient",
        "Weight of entropy against reward. auto learns it, auto_0.1 learns it from 0.1 on, a number fixes it.",
        sources.PAPER_SAC_AUTO,
        common.LOSS,
        kind="number_or_auto",
        example="auto_0.1",
        live=True,
    )


def target_entropy() -> Any:
    """Declare which entropy a learned coefficient aims at."""
    return setting(
        "auto",
        "Target entropy",
        "Entropy that a learned coefficient aims at. auto takes minus the number of action dimensions.",
        sources.PAPER_SAC_AUTO,
        common.LOSS,
        kind="number_or_auto",
        example="-1.0",
        advanced=True,
    )


def target_update_interval(source: str) -> Any:
    """Declare how often the target networks follow."""
    return setting(
        1,
        "Target update interval",
        "Gradient steps between two updates of the target networks.",
        source,
        common.OPTIMISATION,
        ge=1,
        unit="gradient steps",
        advanced=True,
    )


def use_sde_at_warmup() -> Any:
    """Declare how the warm-up explores."""
    return setting(
        False,
        "gSDE while warming up",
        "Take the actions before learning starts with gSDE instead of uniformly at random.",
        sources.PAPER_SDE,
        common.EXPLORATION,
        advanced=True,
    )


class SACConfig(replay.OffPolicyConfig):
    """Soft Actor-Critic."""

    label: ClassVar[str] = "SAC"
    title: ClassVar[str] = "Soft Actor-Critic"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("box",)
    name: Literal["sac"] = "sac"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.SB3_SAC)
    batch_size: int = common.batch_size(256, sources.SB3_SAC)
    gamma: float = common.gamma(sources.SB3_SAC)
    buffer_size: int = replay.buffer_size(sources.SB3_SAC)
    learning_starts: int = replay.learning_starts(sources.SB3_SAC)
    train_freq: int = replay.train_freq(1, sources.SB3_SAC)
    gradient_steps: int = replay.gradient_steps(sources.SB3_SAC)
    ent_coef: Coefficient = ent_coef()
    target_entropy: Target = target_entropy()
    tau: float = replay.tau(0.005, sources.PAPER_SAC)
    target_update_interval: int = target_update_interval(sources.PAPER_SAC)
    action_noise: ActionNoise = replay.action_noise(sources.SB3_SAC, advanced=True)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    use_sde_at_warmup: bool = use_sde_at_warmup()
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_SAC)
    n_steps: int = replay.n_steps(sources.SB3_SAC)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()
    stats_window_size: int = common.stats_window_size()


class HERConfig(SACConfig):
    """Soft Actor-Critic that learns from what was reached by chance."""

    label: ClassVar[str] = "HER"
    title: ClassVar[str] = "Hindsight Experience Replay, with SAC"
    name: Literal["her"] = "her"  # type: ignore[assignment]  # the tag tells the members of the union apart
    hindsight: bool = replay.hindsight(default=True)
    n_sampled_goal: int = replay.n_sampled_goal(advanced=False)
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy(advanced=False)


class TQCConfig(replay.OffPolicyConfig):
    """Truncated Quantile Critics."""

    label: ClassVar[str] = "TQC"
    title: ClassVar[str] = "Truncated Quantile Critics"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("box",)
    name: Literal["tqc"] = "tqc"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.CONTRIB_TQC)
    batch_size: int = common.batch_size(256, sources.CONTRIB_TQC)
    gamma: float = common.gamma(sources.CONTRIB_TQC)
    buffer_size: int = replay.buffer_size(sources.CONTRIB_TQC)
    learning_starts: int = replay.learning_starts(sources.CONTRIB_TQC)
    train_freq: int = replay.train_freq(1, sources.CONTRIB_TQC)
    gradient_steps: int = replay.gradient_steps(sources.CONTRIB_TQC)
    ent_coef: Coefficient = ent_coef()
    top_quantiles_to_drop_per_net: int = setting(
        2,
        "Quantiles dropped",
        "Of the quantiles that each critic predicts, this many of the highest are left out of the target: more is "
        "more careful.",
        sources.PAPER_TQC,
        common.LOSS,
        ge=0,
        unit="quantiles",
    )
    target_entropy: Target = target_entropy()
    tau: float = replay.tau(0.005, sources.CONTRIB_TQC)
    target_update_interval: int = target_update_interval(sources.CONTRIB_TQC)
    action_noise: ActionNoise = replay.action_noise(sources.CONTRIB_TQC, advanced=True)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    use_sde_at_warmup: bool = use_sde_at_warmup()
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.CONTRIB_TQC)
    n_steps: int = replay.n_steps(sources.PAPER_NSTEP)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()
    stats_window_size: int = common.stats_window_size()


class CrossQConfig(replay.OffPolicyConfig):
    """CrossQ: batch normalisation in the place of target networks."""

    label: ClassVar[str] = "CrossQ"
    title: ClassVar[str] = "CrossQ, batch normalisation without targets"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("box",)
    reads_everything: ClassVar[bool] = False
    name: Literal["crossq"] = "crossq"
    learning_rate: Schedule = common.learning_rate(1e-3, sources.PAPER_CROSSQ)
    batch_size: int = common.batch_size(256, sources.CONTRIB_CROSSQ)
    gamma: float = common.gamma(sources.CONTRIB_CROSSQ)
    buffer_size: int = replay.buffer_size(sources.CONTRIB_CROSSQ)
    learning_starts: int = replay.learning_starts(sources.CONTRIB_CROSSQ)
    train_freq: int = replay.train_freq(1, sources.CONTRIB_CROSSQ)
    gradient_steps: int = replay.gradient_steps(sources.CONTRIB_CROSSQ)
    ent_coef: Coefficient = ent_coef()
    target_entropy: Target = target_entropy()
    policy_delay: int = setting(
        3,
        "Policy delay",
        "The actor is updated once for this many updates of the critics.",
        sources.PAPER_CROSSQ,
        common.OPTIMISATION,
        ge=1,
        advanced=True,
    )
    action_noise: ActionNoise = replay.action_noise(sources.CONTRIB_CROSSQ, advanced=True)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    use_sde_at_warmup: bool = use_sde_at_warmup()
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.CONTRIB_CROSSQ)
    n_steps: int = replay.n_steps(sources.PAPER_NSTEP)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    stats_window_size: int = common.stats_window_size()
