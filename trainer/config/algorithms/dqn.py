"""DQN and QR-DQN: a value for every discrete action, learned from a replay buffer."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common, replay
from trainer.config.fields import JsonDict, setting
from trainer.config.spaces import ActionKind
from trainer.config.values import Schedule


def exploration_fraction(default: float, source: str) -> Any:
    """Declare how long exploration falls."""
    return setting(
        default,
        "Exploration fraction",
        "Share of the run over which the rate of random actions falls from its first to its last value.",
        source,
        common.EXPLORATION,
        ge=0,
        le=1,
        live=True,
    )


def exploration_final_eps(default: float, source: str) -> Any:
    """Declare what is left of exploration."""
    return setting(
        default,
        "Final epsilon",
        "Share of random actions once exploration has fallen, kept to the end.",
        source,
        common.EXPLORATION,
        ge=0,
        le=1,
        advanced=True,
        live=True,
    )


def exploration_initial_eps(source: str) -> Any:
    """Declare with how much exploration learning begins."""
    return setting(
        1.0,
        "Initial epsilon",
        "Share of random actions at the beginning of learning.",
        source,
        common.EXPLORATION,
        ge=0,
        le=1,
        advanced=True,
        live=True,
    )


def target_update_interval(source: str) -> Any:
    """Declare how often the target network follows."""
    return setting(
        10_000,
        "Target update interval",
        "Environment steps between two updates of the target network.",
        source,
        common.OPTIMISATION,
        ge=1,
        unit="steps",
        advanced=True,
    )


class DQNConfig(replay.OffPolicyConfig):
    """Deep Q-Network."""

    label: ClassVar[str] = "DQN"
    title: ClassVar[str] = "Deep Q-Network"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete",)
    networks: ClassVar[tuple[str, ...]] = ()
    name: Literal["dqn"] = "dqn"
    learning_rate: Schedule = common.learning_rate(1e-4, sources.SB3_DQN)
    batch_size: int = common.batch_size(32, sources.SB3_DQN)
    gamma: float = common.gamma(sources.SB3_DQN)
    buffer_size: int = replay.buffer_size(sources.PAPER_DQN)
    learning_starts: int = replay.learning_starts(sources.PAPER_DQN)
    train_freq: int = replay.train_freq(4, sources.SB3_DQN)
    gradient_steps: int = replay.gradient_steps(sources.SB3_DQN)
    exploration_fraction: float = exploration_fraction(0.1, sources.SB3_DQN)
    exploration_final_eps: float = exploration_final_eps(0.05, sources.PAPER_DQN)
    exploration_initial_eps: float = exploration_initial_eps(sources.PAPER_DQN)
    target_update_interval: int = target_update_interval(sources.PAPER_DQN)
    tau: float = replay.tau(1.0, sources.SB3_DQN)
    max_grad_norm: float = common.max_grad_norm(10.0, sources.SB3_DQN)
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_DQN)
    n_steps: int = replay.n_steps(sources.PAPER_NSTEP)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()
    stats_window_size: int = common.stats_window_size()


class QRDQNConfig(replay.OffPolicyConfig):
    """Quantile Regression Deep Q-Network."""

    label: ClassVar[str] = "QR-DQN"
    title: ClassVar[str] = "Quantile Regression DQN"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete",)
    networks: ClassVar[tuple[str, ...]] = ()
    name: Literal["qrdqn"] = "qrdqn"
    learning_rate: Schedule = common.learning_rate(5e-5, sources.CONTRIB_QRDQN)
    # Its optimiser is made for it: Adam's epsilon is 0.01 divided by the batch size.
    batch_size: int = common.batch_size(32, sources.PAPER_QRDQN, live=False)
    gamma: float = common.gamma(sources.CONTRIB_QRDQN)
    buffer_size: int = replay.buffer_size(sources.CONTRIB_QRDQN)
    learning_starts: int = replay.learning_starts(sources.CONTRIB_QRDQN)
    train_freq: int = replay.train_freq(4, sources.CONTRIB_QRDQN)
    gradient_steps: int = replay.gradient_steps(sources.CONTRIB_QRDQN)
    exploration_fraction: float = exploration_fraction(0.005, sources.CONTRIB_QRDQN)
    exploration_final_eps: float = exploration_final_eps(0.01, sources.PAPER_QRDQN)
    exploration_initial_eps: float = exploration_initial_eps(sources.CONTRIB_QRDQN)
    target_update_interval: int = target_update_interval(sources.CONTRIB_QRDQN)
    tau: float = replay.tau(1.0, sources.CONTRIB_QRDQN)
    max_grad_norm: float | None = common.max_grad_norm_or_none(sources.CONTRIB_QRDQN)
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.CONTRIB_QRDQN)
    n_steps: int = replay.n_steps(sources.PAPER_NSTEP)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    hindsight: bool = replay.hindsight()
    n_sampled_goal: int = replay.n_sampled_goal()
    goal_selection_strategy: replay.GoalStrategy = replay.goal_selection_strategy()
    copy_info_dict: bool = replay.copy_info_dict()
    stats_window_size: int = common.stats_window_size()
