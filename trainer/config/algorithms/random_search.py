"""ARS: whole policies are tried with small random changes, and the policy moves towards those that did well."""

from __future__ import annotations

from typing import ClassVar, Literal

from trainer.config import sources
from trainer.config.algorithms import common
from trainer.config.fields import LARGEST, setting
from trainer.config.spaces import ActionKind
from trainer.config.values import Schedule

_CANDIDATES = "Candidates"


class ARSConfig(common.AlgorithmConfig):
    """Augmented Random Search."""

    label: ClassVar[str] = "ARS"
    title: ClassVar[str] = "Augmented Random Search"
    on_policy: ClassVar[bool] = True
    action_kinds: ClassVar[tuple[ActionKind, ...]] = ("discrete", "box")
    networks: ClassVar[tuple[str, ...]] = ()
    reads_everything: ClassVar[bool] = False
    own_generators: ClassVar[bool] = False
    log_interval: ClassVar[int] = 1
    name: Literal["ars"] = "ars"
    learning_rate: Schedule = common.learning_rate(0.02, sources.PAPER_ARS)
    n_delta: int = setting(
        8,
        "Directions",
        "Random changes of the policy that are tried in each iteration, each of them forwards and backwards.",
        sources.PAPER_ARS,
        _CANDIDATES,
        ge=1,
    )
    n_top: int | None = setting(
        None,
        "Best directions",
        "How many of the directions, the best ones, the policy is moved along. Empty takes all.",
        sources.PAPER_ARS,
        _CANDIDATES,
        ge=1,
        le=LARGEST,
        none_label="all directions",
    )
    delta_std: Schedule = setting(
        0.05,
        "Size of changes",
        "Standard deviation of the random changes to the policy's weights. Takes a schedule too.",
        sources.PAPER_ARS,
        _CANDIDATES,
        kind="schedule",
        example="lin_0.05",
        live=True,
    )
    n_eval_episodes: int = setting(
        1,
        "Episodes a candidate",
        "Episodes that each changed policy plays before it is judged; more make the judgement less a matter of luck.",
        sources.CONTRIB_ARS,
        _CANDIDATES,
        ge=1,
        unit="episodes",
    )
    zero_policy: bool = setting(
        True,
        "Begin with zeros",
        "Start with all weights at zero, as the paper does for linear policies.",
        sources.PAPER_ARS,
        common.OPTIMISATION,
        advanced=True,
    )
    alive_bonus_offset: float = setting(
        0.0,
        "Alive bonus offset",
        "Added to the reward of every step. Minus the bonus that an environment gives for being alive takes it out.",
        sources.PAPER_ARS,
        common.RETURNS,
        advanced=True,
    )
    stats_window_size: int = common.stats_window_size()
