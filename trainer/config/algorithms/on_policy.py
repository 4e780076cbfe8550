"""PPO, A2C and their kin: algorithms that learn from the rollout they have just collected, then forget it."""

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
    networks: ClassVar[tuple[str, ...]] = ("pi", "vf")
    log_interval: ClassVar[int] = 1


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


def _n_epochs() -> Any:
    return setting(
        10,
        "Epochs",
        "How many times each rollout is gone through. More squeezes out more, and strays further from the old policy.",
        sources.PAPER_PPO,
        common.OPTIMISATION,
        ge=1,
    )


def _clip_range() -> Any:
    return setting(
        0.2,
        "Clip range",
        "How far one update may move an action's probability, as a share of the old one. Takes a schedule too.",
        sources.PAPER_PPO,
        common.LOSS,
        kind="schedule",
        example="lin_0.2",
        live=True,
    )


def _clip_range_vf() -> Any:
    return setting(
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


def _target_kl() -> Any:
    return setting(
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


def _batch_size_or_all(default: int, source: str) -> Any:
    return setting(
        default,
        "Batch size",
        "Transitions in each gradient step. Larger batches give steadier gradients; empty takes the whole rollout.",
        source,
        common.OPTIMISATION,
        ge=1,
        none_label="the whole rollout",
        live=True,
    )


class PPOConfig(OnPolicyConfig):
    """Proximal Policy Optimization."""

    label: ClassVar[str] = "PPO"
    title: ClassVar[str] = "Proximal Policy Optimization"
    name: Literal["ppo"] = "ppo"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.SB3_PPO)
    n_steps: int = _n_steps(2048, sources.SB3_PPO)
    batch_size: int = common.batch_size(64, sources.SB3_PPO)
    n_epochs: int = _n_epochs()
    gamma: float = common.gamma(sources.SB3_PPO)
    gae_lambda: float = _gae_lambda(0.95)
    clip_range: Schedule = _clip_range()
    ent_coef: float = _ent_coef(sources.PAPER_PPO)
    clip_range_vf: PositiveScheduleOrNone = _clip_range_vf()
    normalize_advantage: bool = _normalize_advantage(True, sources.SB3_PPO)
    vf_coef: float = _vf_coef(sources.PAPER_PPO)
    max_grad_norm: float = common.max_grad_norm(0.5, sources.SB3_PPO)
    target_kl: float | None = _target_kl()
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    rollout_buffer_class: str | None = common.buffer_class("Rollout buffer class", "my_package.buffers:MyRolloutBuffer")
    rollout_buffer_kwargs: JsonDict | None = common.buffer_kwargs("Rollout buffer arguments", "{}")
    stats_window_size: int = common.stats_window_size()


class A2CConfig(OnPolicyConfig):
    """Advantage Actor-Critic."""

    label: ClassVar[str] = "A2C"
    title: ClassVar[str] = "Advantage Actor-Critic"
    log_interval: ClassVar[int] = 100
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


class TRPOConfig(OnPolicyConfig):
    """Trust Region Policy Optimization."""

    label: ClassVar[str] = "TRPO"
    title: ClassVar[str] = "Trust Region Policy Optimization"
    own_generators: ClassVar[bool] = False
    name: Literal["trpo"] = "trpo"
    learning_rate: Schedule = common.learning_rate(1e-3, sources.CONTRIB_TRPO)
    n_steps: int = _n_steps(2048, sources.CONTRIB_TRPO)
    batch_size: int = common.batch_size(128, sources.CONTRIB_TRPO)
    gamma: float = common.gamma(sources.CONTRIB_TRPO)
    gae_lambda: float = _gae_lambda(0.95)
    target_kl: float = setting(
        0.01,
        "Target KL",
        "The trust region: how far, as a KL divergence, one update may move the policy from the old one.",
        sources.PAPER_TRPO,
        common.OPTIMISATION,
        gt=0,
    )
    n_critic_updates: int = setting(
        10,
        "Critic updates",
        "How many times the value network goes through each rollout. The learning rate and batch size are its own.",
        sources.CONTRIB_TRPO,
        common.OPTIMISATION,
        ge=1,
    )
    cg_max_steps: int = setting(
        15,
        "Conjugate gradient steps",
        "Steps of the conjugate gradient method with which the direction of an update is found.",
        sources.PAPER_TRPO,
        common.OPTIMISATION,
        ge=1,
        advanced=True,
    )
    cg_damping: float = setting(
        0.1,
        "Conjugate gradient damping",
        "Added to the curvature so that it can be inverted; more makes updates steadier and more careful.",
        sources.CONTRIB_TRPO,
        common.OPTIMISATION,
        ge=0,
        advanced=True,
    )
    line_search_shrinking_factor: float = setting(
        0.8,
        "Line search factor",
        "While an update leaves the trust region or makes things worse, it is made smaller by this factor.",
        sources.CONTRIB_TRPO,
        common.OPTIMISATION,
        gt=0,
        lt=1,
        advanced=True,
    )
    line_search_max_iter: int = setting(
        10,
        "Line search tries",
        "How often an update is made smaller before it is given up.",
        sources.CONTRIB_TRPO,
        common.OPTIMISATION,
        ge=1,
        advanced=True,
    )
    sub_sampling_factor: int = setting(
        1,
        "Sub-sampling",
        "Use only each so-manieth transition for the policy's update, which makes it faster; 1 uses all.",
        sources.CONTRIB_TRPO,
        common.OPTIMISATION,
        ge=1,
        advanced=True,
    )
    normalize_advantage: bool = _normalize_advantage(True, sources.CONTRIB_TRPO)
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    rollout_buffer_class: str | None = common.buffer_class("Rollout buffer class", "my_package.buffers:MyRolloutBuffer")
    rollout_buffer_kwargs: JsonDict | None = common.buffer_kwargs("Rollout buffer arguments", "{}")
    stats_window_size: int = common.stats_window_size()


class RecurrentPPOConfig(OnPolicyConfig):
    """Proximal Policy Optimization with a memory (LSTM)."""

    label: ClassVar[str] = "RecurrentPPO"
    title: ClassVar[str] = "PPO with a memory (LSTM)"
    own_generators: ClassVar[bool] = False
    name: Literal["recurrent_ppo"] = "recurrent_ppo"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.CONTRIB_RECURRENT)
    n_steps: int = _n_steps(128, sources.CONTRIB_RECURRENT)
    batch_size: int | None = _batch_size_or_all(128, sources.CONTRIB_RECURRENT)
    n_epochs: int = _n_epochs()
    gamma: float = common.gamma(sources.CONTRIB_RECURRENT)
    gae_lambda: float = _gae_lambda(0.95)
    clip_range: Schedule = _clip_range()
    ent_coef: float = _ent_coef(sources.PAPER_PPO)
    clip_range_vf: PositiveScheduleOrNone = _clip_range_vf()
    normalize_advantage: bool = _normalize_advantage(True, sources.CONTRIB_RECURRENT)
    vf_coef: float = _vf_coef(sources.PAPER_PPO)
    max_grad_norm: float = common.max_grad_norm(0.5, sources.CONTRIB_RECURRENT)
    target_kl: float | None = _target_kl()
    use_sde: bool = common.use_sde()
    sde_sample_freq: int = common.sde_sample_freq()
    stats_window_size: int = common.stats_window_size()


class MaskablePPOConfig(OnPolicyConfig):
    """Proximal Policy Optimization that is told which actions are allowed."""

    label: ClassVar[str] = "MaskablePPO"
    title: ClassVar[str] = "PPO with invalid actions masked"
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete", "multi_discrete", "multi_binary")
    own_generators: ClassVar[bool] = False
    name: Literal["maskable_ppo"] = "maskable_ppo"
    learning_rate: Schedule = common.learning_rate(3e-4, sources.CONTRIB_MASKABLE)
    n_steps: int = _n_steps(2048, sources.CONTRIB_MASKABLE)
    batch_size: int | None = _batch_size_or_all(64, sources.CONTRIB_MASKABLE)
    n_epochs: int = _n_epochs()
    gamma: float = common.gamma(sources.CONTRIB_MASKABLE)
    gae_lambda: float = _gae_lambda(0.95)
    clip_range: Schedule = _clip_range()
    ent_coef: float = _ent_coef(sources.PAPER_PPO)
    clip_range_vf: PositiveScheduleOrNone = _clip_range_vf()
    normalize_advantage: bool = _normalize_advantage(True, sources.CONTRIB_MASKABLE)
    vf_coef: float = _vf_coef(sources.PAPER_PPO)
    max_grad_norm: float = common.max_grad_norm(0.5, sources.CONTRIB_MASKABLE)
    target_kl: float | None = _target_kl()
    rollout_buffer_class: str | None = common.buffer_class("Rollout buffer class", "my_package.buffers:MyRolloutBuffer")
    rollout_buffer_kwargs: JsonDict | None = common.buffer_kwargs("Rollout buffer arguments", "{}")
    stats_window_size: int = common.stats_window_size()
