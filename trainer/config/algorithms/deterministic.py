"""DDPG and TD3: a deterministic actor and a critic that learn continuous actions from a replay buffer."""

from __future__ import annotations

from typing import ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common, replay
from trainer.config.fields import JsonDict, setting
from trainer.config.noise import ActionNoise
from trainer.config.spaces import ActionKind
from trainer.config.values import Schedule


class DDPGConfig(replay.OffPolicyConfig):
    """Deep Deterministic Policy Gradient."""

    label: ClassVar[str] = "DDPG"
    title: ClassVar[str] = "Deep Deterministic Policy Gradient"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("box",)
    name: Literal["ddpg"] = "ddpg"
    learning_rate: Schedule = common.learning_rate(1e-3, sources.SB3_DDPG)
    batch_size: int = common.batch_size(256, sources.SB3_DDPG)
    gamma: float = common.gamma(sources.SB3_DDPG)
    buffer_size: int = replay.buffer_size(sources.SB3_DDPG)
    learning_starts: int = replay.learning_starts(sources.SB3_DDPG)
    train_freq: int = replay.train_freq(1, sources.SB3_DDPG)
    gradient_steps: int = replay.gradient_steps(sources.SB3_DDPG)
    action_noise: ActionNoise = replay.action_noise(sources.PAPER_DDPG)
    tau: float = replay.tau(0.005, sources.PAPER_DDPG)
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_DDPG)
    n_steps: int = replay.n_steps(sources.SB3_DDPG)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()


class TD3Config(replay.OffPolicyConfig):
    """Twin Delayed Deep Deterministic Policy Gradient."""

    label: ClassVar[str] = "TD3"
    title: ClassVar[str] = "Twin Delayed DDPG"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("box",)
    name: Literal["td3"] = "td3"
    learning_rate: Schedule = common.learning_rate(1e-3, sources.SB3_TD3)
    batch_size: int = common.batch_size(256, sources.SB3_TD3)
    gamma: float = common.gamma(sources.SB3_TD3)
    buffer_size: int = replay.buffer_size(sources.SB3_TD3)
    learning_starts: int = replay.learning_starts(sources.SB3_TD3)
    train_freq: int = replay.train_freq(1, sources.SB3_TD3)
    gradient_steps: int = replay.gradient_steps(sources.SB3_TD3)
    action_noise: ActionNoise = replay.action_noise(sources.PAPER_TD3)
    policy_delay: int = setting(
        2,
        "Policy delay",
        "The actor and the target networks are updated once for this many updates of the critics.",
        sources.PAPER_TD3,
        common.OPTIMISATION,
        ge=1,
        advanced=True,
    )
    target_policy_noise: float = setting(
        0.2,
        "Target policy noise",
        "Standard deviation of the noise that smooths the target's actions, so that the critics cannot be exploited.",
        sources.PAPER_TD3,
        common.LOSS,
        ge=0,
        advanced=True,
    )
    target_noise_clip: float = setting(
        0.5,
        "Target noise clip",
        "Largest size that the target's smoothing noise may reach.",
        sources.PAPER_TD3,
        common.LOSS,
        ge=0,
        advanced=True,
    )
    tau: float = replay.tau(0.005, sources.PAPER_TD3)
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_TD3)
    n_steps: int = replay.n_steps(sources.SB3_TD3)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()
    stats_window_size: int = common.stats_window_size()
