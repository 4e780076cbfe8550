"""PPO and A2C: algorithms that learn from the rollout they have just collected, then forget it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common
from trainer.config.fields import JsonDict, setting
from trainer.config.spaces import ActionKind
from trainer.config.values import PositiveScheduleOrNone, Schedule


class OnPolicyConfig(common.AlgorithmConfig):
    """Base of the algorithms that collect a rollout, learn from it and throw it away."""

    on_policy: ClassVar[bool] = True
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete", "box", "multi_discrete", "multi_binary")


def _n_steps(default: int, source: str) -> Any:
    return setting(
        default,
        "Rollout steps",
        "Steps taken in each environment copy before each update: a rollout holds this many times the number of "
        "copies.",
        source,
        common.ROLLOUT,
        ge=1,
        unit="steps",
    )


def _gae_lambda(default: float) -> Any:
    return setting(
        default,
        "GAE lambda",
        "Weighs bias against variance of the advantage: 0 trusts the value network alone, 1 the rewards alone.",
        sources.PAPER_GAE,
        common.RETURNS,
        ge=0,
        le=1,
    )


def _ent_coef(source: str) -> Any:
    return setting(
        0.0,
        "Entropy coefficient",
        "Reward for staying undecided, as a weight in the loss. Raise it when the policy settles too early.",
        source,
        common.LOSS,
        ge=0,
        live=True,
    )


def _vf_coef(source: str) -> Any:
    return setting(
        0.5,
        "Value coefficient",
        "Weight of the value network's error in the loss, against the policy's.",
        source,
        common.LOSS,
        ge=0,
        advanced=True,
    )


def _normalize_advantage(default: bool, source: str) -> Any:
    return setting(
        default,
        "Normalise advantage",
        "Shift and scale the advantages of each batch to mean 0 and standard deviation 1.",
        source,
        common.LOSS,
        advanced=True,
    )


class PPOConfig(OnPolicyConfig):
    """Proximal Policy Optimization."""

    title: ClassVar[str] = "Proximal Policy Optimization"
    name: Literal["ppo"] = "ppo"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.SB3_PPO)
    n_steps: int = _n_steps(2048, sources.SB3_PPO)
    batch_size: int = common.batch_size(64, sources.SB3_PPO)
    n_epochs: int = setting(
        10,
        "Epochs",
        "How many times each rollout is gone through. More squeezes out more, and strays further from the old policy.",
        sources.PAPER_PPO,
        common.OPTIMISATION,
        ge=1,
    )
    gamma: float = common.gamma(sources.SB3_PPO)
    gae_lambda: float = _gae_lambda(0.95)
    clip_range: Schedule = setting(
        0.2,
        "Clip range",
        "How far one update may move an action's probability, as a share of the old one. Takes a schedule too.",
        sources.PAPER_PPO,
        common.LOSS,
        kind="schedule",
        example="lin_0.2",
        live=True,
    )
    ent_coef: float = _ent_coef(sources.PAPER_PPO)
    clip_range_vf: PositiveScheduleOrNone = setting(
        None,
        "Value clip range",
        "Also limit how far one update moves the value estimate. It depends on the scale of the rewards; empty does "
        "not clip.",
        sources.PAPER_IMPLEMENTATION,
        common.LOSS,
        kind="schedule",
        example="0.2",
        none_label="no clipping",
        advanced=True,
        live=True,
    )
    normalize_advantage: bool = _normalize_advantage(True, sources.SB3_PPO)
    vf_coef: float = _vf_coef(sources.PAPER_PPO)
    max_grad_norm: float = common.max_grad_norm(0.5, sources.SB3_PPO)
    target_kl: float | None = setting(
        None,
        "Target KL",
        "Leave the remaining epochs of an update once the policy has moved further than 1.5 times this from the old "
        "one. Empty never does.",
        sources.SB3_PPO,
        common.OPTIMISATION,
        gt=0,
        none_label="no limit",
        advanced=True,
    )
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    rollout_buffer_class: str | None = common.buffer_class("Rollout buffer class", "my_package.buffers:MyRolloutBuffer")
    rollout_buffer_kwargs: JsonDict | None = common.buffer_kwargs("Rollout buffer arguments", "{}")
    stats_window_size: int = common.stats_window_size()


class A2CConfig(OnPolicyConfig):
    """Advantage Actor-Critic."""

    title: ClassVar[str] = "Advantage Actor-Critic"
    name: Literal["a2c"] = "a2c"
    learning_rate: Schedule = common.learning_rate(7e-4, sources.SB3_A2C)
    n_steps: int = _n_steps(5, sources.SB3_A2C)
    gamma: float = common.gamma(sources.SB3_A2C)
    gae_lambda: float = _gae_lambda(1.0)
    ent_coef: float = _ent_coef(sources.PAPER_A2C)
    vf_coef: float = _vf_coef(sources.PAPER_A2C)
    max_grad_norm: float = common.max_grad_norm(0.5, sources.SB3_A2C)
    use_rms_prop: bool = setting(
        True,
        "RMSprop",
        "Use RMSprop as the paper does; off uses Adam. An optimiser chosen under Policy takes precedence.",
        sources.PAPER_A2C,
        common.OPTIMISATION,
        advanced=True,
        fixed="the checkpoint holds the memory of its optimiser",
    )
    rms_prop_eps: float = setting(
        1e-5,
        "RMSprop epsilon",
        "Keeps RMSprop from dividing by zero; larger values also calm its first steps.",
        sources.SB3_A2C,
        common.OPTIMISATION,
        gt=0,
        advanced=True,
    )
    normalize_advantage: bool = _normalize_advantage(False, sources.SB3_A2C)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    rollout_buffer_class: str | None = common.buffer_class("Rollout buffer class", "my_package.buffers:MyRolloutBuffer")
    rollout_buffer_kwargs: JsonDict | None = common.buffer_kwargs("Rollout buffer arguments", "{}")
    stats_window_size: int = common.stats_window_size()
