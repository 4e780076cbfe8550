"""The networks that choose actions and judge states.

None always means what Stable-Baselines3 takes for that policy. A setting that only some algorithms' policies
have says so in `algorithms`; setting it for another algorithm is a fault that `check` reports.
"""

from __future__ import annotations

from typing import Literal

from trainer.config import sources
from trainer.config.fields import OF_THE_NETWORKS, JsonDict, Section, setting
from trainer.config.spaces import ObservationKind
from trainer.config.values import Layers

PolicyClass = Literal["MlpPolicy", "CnnPolicy", "MultiInputPolicy"]

_NETWORK = "Network"
_FEATURES = "Features"
_EXPLORATION = "Exploration"
_OPTIMISER = "Optimiser"
_OWN = "the policy's own"
_ON_POLICY = ("ppo", "a2c")
_ACTOR_CRITIC = ("ppo", "a2c", "ddpg", "td3", "sac")
_WITH_SDE = ("ppo", "a2c", "sac")


class PolicyConfig(Section):
    """The policy's class, its networks and its optimiser."""

    fixed = OF_THE_NETWORKS

    class_: Literal["auto", "MlpPolicy", "CnnPolicy", "MultiInputPolicy"] = setting(
        "auto",
        "Policy class",
        "Kind of network: Mlp for numbers, Cnn for images, MultiInput for dictionaries. auto follows the observations.",
        sources.SB3_POLICIES,
        _NETWORK,
        alias="class",
    )
    net_arch: Layers = setting(
        None,
        "Layers",
        'Sizes of the hidden layers: [64, 64] for all networks, or {"pi": [64], "vf": [64]} for actor and critic '
        "apart (qf instead of vf for DDPG, TD3 and SAC). [] has no hidden layer.",
        sources.SB3_POLICIES,
        _NETWORK,
        kind="json",
        example="[256, 256]",
        none_label=_OWN,
    )
    activation: Literal["tanh", "relu", "elu", "leaky_relu", "gelu", "silu"] | None = setting(
        None,
        "Activation",
        "Function between the layers. Empty takes tanh for PPO and A2C, relu for the others.",
        sources.PAPER_IMPLEMENTATION,
        _NETWORK,
        none_label=_OWN,
    )
    ortho_init: bool = setting(
        True,
        "Orthogonal initialisation",
        "Start with orthogonal weights, which keeps signals at their size through the layers.",
        sources.PAPER_IMPLEMENTATION,
        _NETWORK,
        algorithms=_ON_POLICY,
        advanced=True,
    )
    n_critics: int | None = setting(
        None,
        "Critics",
        "Number of value networks; the least of their answers is used. Empty takes 1 for DDPG, 2 for TD3 and SAC.",
        sources.PAPER_TD3,
        _NETWORK,
        ge=1,
        algorithms=("ddpg", "td3", "sac"),
        none_label=_OWN,
        advanced=True,
    )
    features_extractor: Literal["auto", "flatten", "nature_cnn", "combined"] = setting(
        "auto",
        "Features extractor",
        "What turns an observation into a vector: flatten, the convolutions of the Nature paper, or a combination "
        "for dictionaries. auto follows the policy class.",
        sources.SB3_POLICIES,
        _FEATURES,
        advanced=True,
    )
    features_extractor_kwargs: JsonDict = setting(
        {},
        "Features extractor arguments",
        "Further arguments for the features extractor, as a JSON object.",
        sources.SB3_POLICIES,
        _FEATURES,
        kind="json",
        example='{"features_dim": 512}',
        advanced=True,
    )
    share_features_extractor: bool | None = setting(
        None,
        "Share features extractor",
        "Let actor and critic use one features extractor. Empty shares it for PPO and A2C only.",
        sources.SB3_POLICIES,
        _FEATURES,
        algorithms=_ACTOR_CRITIC,
        none_label=_OWN,
        advanced=True,
    )
    normalize_images: bool = setting(
        True,
        "Scale images",
        "Divide image observations by 255. Turn off only where the environment has done it.",
        sources.SB3_POLICIES,
        _FEATURES,
        advanced=True,
    )
    log_std_init: float | None = setting(
        None,
        "Initial log deviation",
        "Logarithm of the actions' first standard deviation, for continuous actions. Empty takes 0 for PPO and A2C, "
        "-3 for SAC.",
        sources.SB3_POLICIES,
        _EXPLORATION,
        algorithms=_WITH_SDE,
        none_label=_OWN,
        advanced=True,
    )
    full_std: bool = setting(
        True,
        "Full gSDE deviation",
        "With gSDE, learn a deviation for each feature and action instead of one for each feature.",
        sources.PAPER_SDE,
        _EXPLORATION,
        algorithms=_ON_POLICY,
        advanced=True,
    )
    use_expln: bool = setting(
        False,
        "Gentle gSDE deviation",
        "With gSDE, grow the deviation more slowly than an exponential would, which keeps it from exploding.",
        sources.PAPER_SDE,
        _EXPLORATION,
        algorithms=_WITH_SDE,
        advanced=True,
    )
    squash_output: bool = setting(
        False,
        "Squash actions",
        "With gSDE, bound actions by tanh instead of cutting them off.",
        sources.PAPER_SDE,
        _EXPLORATION,
        algorithms=_ON_POLICY,
        advanced=True,
    )
    clip_mean: float | None = setting(
        None,
        "Clip mean action",
        "With gSDE, cut the mean action off at plus and minus this before it is squashed. Empty takes 2, and 0 does "
        "not cut.",
        sources.SB3_SAC,
        _EXPLORATION,
        ge=0,
        algorithms=("sac",),
        none_label=_OWN,
        advanced=True,
    )
    optimizer: Literal["adam", "adamw", "rmsprop", "rmsprop_tf_like", "sgd"] | None = setting(
        None,
        "Optimiser",
        "What makes steps out of gradients. Empty takes Adam, and RMSprop for A2C as its own setting says.",
        sources.TORCH_OPTIMIZERS,
        _OPTIMISER,
        none_label=_OWN,
        advanced=True,
    )
    optimizer_kwargs: JsonDict = setting(
        {},
        "Optimiser arguments",
        "Further arguments for the optimiser, as a JSON object; the learning rate has its own setting.",
        sources.TORCH_OPTIMIZERS,
        _OPTIMISER,
        kind="json",
        example='{"weight_decay": 0.0001}',
        advanced=True,
    )

    def resolved_class(self, observation_kind: ObservationKind) -> PolicyClass:
        """Return the policy class that observations of this kind get."""
        if self.class_ != "auto":
            return self.class_
        if observation_kind == "dict":
            return "MultiInputPolicy"
        return "CnnPolicy" if observation_kind == "image" else "MlpPolicy"
