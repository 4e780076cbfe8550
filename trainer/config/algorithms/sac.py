"""SAC: a stochastic actor that learns continuous actions from a replay buffer and is paid for its entropy."""

from __future__ import annotations

from typing import ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common, replay
from trainer.config.fields import JsonDict, setting
from trainer.config.noise import ActionNoise
from trainer.config.spaces import ActionKind
from trainer.config.values import Coefficient, Schedule, Target


class SACConfig(replay.OffPolicyConfig):
    """Soft Actor-Critic."""

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
    ent_coef: Coefficient = setting(
        "auto",
        "Entropy coefficient",
        "Weight of entropy against reward. auto learns it, auto_0.1 learns it from 0.1 on, a number fixes it.",
        sources.PAPER_SAC_AUTO,
        common.LOSS,
        kind="number_or_auto",
        example="auto_0.1",
        live=True,
    )
    target_entropy: Target = setting(
        "auto",
        "Target entropy",
        "Entropy that a learned coefficient aims at. auto takes minus the number of action dimensions.",
        sources.PAPER_SAC_AUTO,
        common.LOSS,
        kind="number_or_auto",
        example="-1.0",
        advanced=True,
    )
    tau: float = replay.tau(0.005, sources.PAPER_SAC)
    target_update_interval: int = setting(
        1,
        "Target update interval",
        "Gradient steps between two updates of the target networks.",
        sources.PAPER_SAC,
        common.OPTIMISATION,
        ge=1,
        unit="gradient steps",
        advanced=True,
    )
    action_noise: ActionNoise = replay.action_noise(sources.SB3_SAC, advanced=True)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    use_sde_at_warmup: bool = setting(
        False,
        "gSDE while warming up",
        "Take the actions before learning starts with gSDE instead of uniformly at random.",
        sources.PAPER_SDE,
        common.EXPLORATION,
        advanced=True,
    )
    train_freq_unit: Literal["step", "episode"] = replay.train_freq_unit(sources.SB3_SAC)
    n_steps: int = replay.n_steps(sources.SB3_SAC)
    optimize_memory_usage: bool = replay.optimize_memory_usage()
    replay_buffer_class: str | None = replay.replay_buffer_class()
    replay_buffer_kwargs: JsonDict | None = replay.replay_buffer_kwargs()
    stats_window_size: int = common.stats_window_size()
