"""What the configurations of all algorithms share: their base class, and settings declared once.

A factory here declares a setting whose meaning is the same wherever it appears; each algorithm's class calls it
with that algorithm's default, so that a class shows all its hyperparameters and defaults in page order.
"""

from __future__ import annotations

from typing import Any, ClassVar

from trainer.config import sources
from trainer.config.fields import ENTRY_POINT, OF_THE_BUFFER, OF_THE_NETWORKS, Section, setting
from trainer.config.spaces import ActionKind

OPTIMISATION = "Optimisation"
ROLLOUT = "Rollout"
RETURNS = "Returns"
LOSS = "Loss"
EXPLORATION = "Exploration"
HINDSIGHT = "Hindsight"
REPLAY = "Replay buffer"
LOGGING = "Logging"


class AlgorithmConfig(Section):
    """Hyperparameters of one algorithm of Stable-Baselines3 or SB3-Contrib, under the names its constructor has.

    `label` is what it is called wherever people read it, `title` its name in full. `networks` are the parts that
    its hidden layers may be given for apart; empty where it has a single network. `reads_everything` says whether it
    has policies for images and dictionaries too, not for plain numbers alone. `own_generators` says whether it
    draws from generators of its run's own, so that runs of it can share a process. `log_interval` is what `learn` has.
    """

    label: ClassVar[str]
    title: ClassVar[str]
    on_policy: ClassVar[bool]
    action_kinds: ClassVar[tuple[ActionKind, ...]]
    networks: ClassVar[tuple[str, ...]] = ("pi", "qf")
    reads_everything: ClassVar[bool] = True
    own_generators: ClassVar[bool] = True
    log_interval: ClassVar[int] = 4


def learning_rate(default: float, source: str) -> Any:
    """Declare the optimiser's step size."""
    return setting(
        default,
        "Learning rate",
        "Step size of the optimiser. Write lin_2.5e-4 to let it fall in a straight line from 2.5e-4 to 0 over the run.",
        source,
        OPTIMISATION,
        kind="schedule",
        example="lin_2.5e-4",
        live=True,
    )


def batch_size(default: int, source: str, *, live: bool = True) -> Any:
    """Declare the minibatch size."""
    return setting(
        default,
        "Batch size",
        "Transitions in each gradient step. Larger batches give steadier gradients and use the hardware better.",
        source,
        OPTIMISATION,
        ge=1,
        live=live,
    )


def gamma(source: str) -> Any:
    """Declare the discount factor."""
    return setting(
        0.99,
        "Gamma",
        "Discount of later rewards: rewards about 1 / (1 - gamma) steps ahead still count. 1 does not discount.",
        source,
        RETURNS,
        ge=0,
        le=1,
        live=True,
    )


def max_grad_norm(default: float, source: str) -> Any:
    """Declare gradient clipping."""
    return setting(
        default,
        "Gradient clip",
        "Gradients with a larger norm than this are scaled down to it.",
        source,
        OPTIMISATION,
        ge=0,
        advanced=True,
    )


def max_grad_norm_or_none(source: str) -> Any:
    """Declare gradient clipping that is off by default."""
    return setting(
        None,
        "Gradient clip",
        "Gradients with a larger norm than this are scaled down to it. Empty leaves them as they are.",
        source,
        OPTIMISATION,
        ge=0,
        none_label="no clipping",
        advanced=True,
    )


def use_sde() -> Any:
    """Declare state-dependent exploration."""
    return setting(
        False,
        "State-dependent exploration (gSDE)",
        "Explore with noise that is a function of the state instead of fresh noise at each step: smoother, for "
        "continuous actions only.",
        sources.PAPER_SDE,
        EXPLORATION,
        advanced=True,
        fixed=OF_THE_NETWORKS,
    )


def sde_sample_freq() -> Any:
    """Declare how often state-dependent exploration draws anew."""
    return setting(
        -1,
        "gSDE sample frequency",
        "Draw new exploration noise after this many steps; -1 draws only at the beginning of each rollout.",
        sources.PAPER_SDE,
        EXPLORATION,
        ge=-1,
        unit="steps",
        advanced=True,
    )


def buffer_class(title: str, example: str) -> Any:
    """Declare another class for the rollout or replay buffer."""
    return setting(
        None,
        title,
        "A buffer class of your own, as module:Class. Empty lets Stable-Baselines3 choose.",
        sources.SB3_BASE,
        REPLAY if "eplay" in title else ROLLOUT,
        kind="text",
        pattern=ENTRY_POINT,
        example=example,
        none_label="chosen by Stable-Baselines3",
        advanced=True,
        fixed=OF_THE_BUFFER,
    )


def buffer_kwargs(title: str, example: str) -> Any:
    """Declare arguments for the rollout or replay buffer."""
    return setting(
        None,
        title,
        "Further arguments for the buffer's constructor, as a JSON object.",
        sources.SB3_BASE,
        REPLAY if "eplay" in title else ROLLOUT,
        kind="json",
        example=example,
        none_label="none",
        advanced=True,
    )


def stats_window_size() -> Any:
    """Declare over how many episodes the logged averages reach."""
    return setting(
        100,
        "Statistics window",
        "The logged mean return, episode length and success rate are taken over this many last episodes.",
        sources.SB3_BASE,
        LOGGING,
        ge=1,
        unit="episodes",
        advanced=True,
    )
