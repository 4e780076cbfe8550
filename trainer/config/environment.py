"""What is trained on: the environment, its copies and what stands between it and the policy."""

from __future__ import annotations

from typing import Literal

from trainer.config import sources
from trainer.config.fields import LARGEST, OF_THE_NETWORKS, JsonDict, Section, setting
from trainer.config.wrapping import WrapperConfig

_MAIN = "Environment"
_WRAPPING = "Wrappers"
_NORMALISATION = "Normalisation"


class EnvironmentConfig(Section):
    """The environment, how many copies of it run, and how observations and rewards are prepared."""

    id: str = setting(
        "CartPole-v1",
        "Environment",
        "The environment's registered id: one of Gymnasium, of the Arcade Learning Environment, of other packages that "
        "register theirs, or of your own. The Environments tab shows them all.",
        sources.GYMNASIUM_MAKE,
        _MAIN,
        pattern=r"^\S+$",
        example="CartPole-v1",
        required=True,
        fixed="the checkpoint's policy has learnt this environment",
    )
    n_envs: int = setting(
        1,
        "Copies",
        "Copies of the environment that are stepped together. More copies give more varied data and higher speed.",
        sources.SB3_VEC_ENVS,
        _MAIN,
        ge=1,
        le=4096,
        fixed="the checkpoint holds the episodes and the noise of so many copies",
    )
    frame_stack: int | None = setting(
        None,
        "Frame stack",
        "Show the policy this many last observations at once, so that it can see motion. Empty leaves it to the "
        "environment: 4 for Atari, none elsewhere.",
        sources.PAPER_DQN,
        _MAIN,
        ge=1,
        le=256,
        unit="observations",
        none_label="environment's own",
        fixed=OF_THE_NETWORKS,
    )
    max_episode_steps: int | None = setting(
        None,
        "Episode limit",
        "Cut episodes off after this many steps. Empty keeps the environment's own limit.",
        sources.GYMNASIUM_MAKE,
        _MAIN,
        ge=1,
        le=LARGEST,
        unit="steps",
        none_label="environment's own",
        advanced=True,
    )
    backend: Literal["auto", "native", "dummy", "subprocess", "envpool"] = setting(
        "auto",
        "Backend",
        "How copies are run: native steps them in one compiled or vectorised call, dummy one after the other, "
        "subprocess each in a process of its own. auto takes the fastest of these. envpool runs those of "
        "EnvPool, a package of its own, in C++ and many threads.",
        sources.GYMNASIUM_VECTOR,
        _MAIN,
        advanced=True,
    )
    kwargs: JsonDict = setting(
        {},
        "Arguments",
        "Further arguments for making the environment, as a JSON object.",
        sources.GYMNASIUM_MAKE,
        _MAIN,
        kind="json",
        example='{"gravity": -9.8}',
        advanced=True,
    )
    wrappers: list[WrapperConfig] = setting(
        [],
        "Wrappers",
        "What stands between each copy and the agent, the innermost first: each one sees what the one before it gives. "
        "Copies in wrappers are stepped one by one.",
        sources.GYMNASIUM_WRAPPERS,
        _WRAPPING,
        max_length=100,
        kind="wrappers",
        example='[{"name": "frame_skip", "kwargs": {"skip": 2}}]',
    )
    normalize_observation: bool = setting(
        False,
        "Normalise observations",
        "Shift and scale observations by their running mean and deviation. Helps where their parts differ in scale; "
        "images do not need it.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
        fixed=OF_THE_NETWORKS,
    )
    normalize_reward: bool = setting(
        False,
        "Normalise rewards",
        "Scale the rewards that the algorithm sees by the running deviation of the return. Shown returns stay as "
        "they are.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
    )
    clip_normalized_observation: float = setting(
        10.0,
        "Clip normalised observations",
        "Normalised observations are cut off at plus and minus this.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
        gt=0,
        advanced=True,
    )
    clip_normalized_reward: float = setting(
        10.0,
        "Clip normalised rewards",
        "Normalised rewards are cut off at plus and minus this.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
        gt=0,
        advanced=True,
    )
    normalize_epsilon: float = setting(
        1e-8,
        "Normalisation epsilon",
        "Keeps normalisation from dividing by zero.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
        gt=0,
        advanced=True,
    )
    normalize_keys: list[str] | None = setting(
        None,
        "Normalised keys",
        "Which entries of a dictionary observation are normalised, as a JSON list. Empty takes all.",
        sources.SB3_VEC_ENVS,
        _NORMALISATION,
        kind="json",
        example='["position"]',
        none_label="all",
        advanced=True,
        fixed=OF_THE_NETWORKS,
    )
