"""DQN: a value for every discrete action, learned from a replay buffer."""

from __future__ import annotations

from typing import ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common, replay
from trainer.config.fields import JsonDict, setting
from trainer.config.spaces import ActionKind
from trainer.config.values import Schedule


class DQNConfig(replay.OffPolicyConfig):
    """Deep Q-Network."""

    title: ClassVar[str] = "Deep Q-Network"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete",)
    name: Literal["dqn"] = "dqn"
    learning_rate: Schedule = common.learning_rate(1e-4, sources.SB3_DQN)
    batch_size: int = common.batch_size(32, sources.SB3_DQN)
    gamma: float = common.gamma(sources.SB3_DQN)
    buffer_size: int = replay.buffer_size(sources.PAPER_DQN)
    learning_starts: int = replay.learning_starts(sources.PAPER_DQN)
    train_freq: int = replay.train_freq(4, sources.SB3_DQN)
    gradient_steps: int = replay.gradient_steps(sources.SB3_DQN)
    exploration_fraction: float = setting(
        0.1,
        "Exploration fraction",
        "Share of the run over which the rate of random actions falls from its first to its last value.",
        sources.SB3_DQN,
        common.EXPLORATION,
        ge=0,
        le=1,
        live=True,
    )
    exploration_final_eps: float = setting(
        0.05,
        "Final epsilon",
        "Share of random actions once exploration has fallen, kept to the end.",
        sources.PAPER_DQN,
        common.EXPLORATION,
        ge=0,
        le=1,
        advanced=True,
        live=True,
    )
    exploration_initial_eps: float = setting(
        1.0,
        "Initial epsilon",
        "Share of random actions at the beginning of learning.",
        sources.PAPER_DQN,
        common.EXPLORATION,
        ge=0,
        le=1,
        advanced=True,
        live=True,
    )
    target_update_interval: int = setting(
        10_000,
        "Target update interval",
        "Environment steps between two updates of the target network.",
        sources.PAPER_DQN,
        common.OPTIMISATION,
        ge=1,
        unit="steps",
        advanced=True,
    )
    tau: float = replay.tau(1.0, sources.SB3_DQN)
    max_grad_norm: float = common.max_grad_norm(10.0, sources.SB3_DQN)
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_DQN)
    n_steps: int = replay.n_steps(sources.PAPER_NSTEP)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    stats_window_size: int = common.stats_window_size()
