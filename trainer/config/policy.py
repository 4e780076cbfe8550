"""The networks that choose actions and judge states.

None always means what Stable-Baselines3 takes for that policy. A setting that only some algorithms' policies
have says so in `algorithms`; setting it for another algorithm is a fault that `check` reports.
"""

from __future__ import annotations

from typing import Literal

from trainer.config import sources
from trainer.config.fields import LARGEST, OF_THE_NETWORKS, JsonDict, Section, setting
from trainer.config.spaces import ObservationKind
from trainer.config.values import Layers

PolicyClass = Literal["MlpPolicy", "CnnPolicy", "MultiInputPolicy", "LinearPolicy"]

_NETWORK = "Network"
_FEATURES = "Features"
_MEMORY = "Memory"
_BATCH_NORM = "Batch normalisation"
_EXPLORATION = "Exploration"
_OPTIMISER = "Optimiser"
_OWN = "the policy's own"
_RECURRENT = ("recurrent_ppo",)
_CROSSQ = ("crossq",)
_WITH_GSDE_ON_POLICY = ("ppo", "a2c", "trpo", "recurrent_ppo")
_ON_POLICY = (*_WITH_GSDE_ON_POLICY, "maskable_ppo")
_SOFT = ("sac", "her", "tqc", "crossq")
_CONTINUOUS = ("ddpg", "td3", *_SOFT)
_ACTOR_CRITIC = (*_ON_POLICY, *_CONTINUOUS)
_WITH_SDE = (*_WITH_GSDE_ON_POLICY, *_SOFT)
# ARS has a policy of its own kind: no gradients, hence no optimiser, and flat observations only.
_WITH_GRADIENTS = (*_ACTOR_CRITIC, "dqn", "qrdqn")


class PolicyConfig(Section):
    """The policy's class, its networks and its optimiser."""

    fixed = OF_THE_NETWORKS

    class_: Literal["auto", "MlpPolicy", "CnnPolicy", "MultiInputPolicy", "LinearPolicy"] = setting(
        "auto",
        "Policy class",
        "Kind of network: Mlp for numbers, Cnn for images, MultiInput for dictionaries; RecurrentPPO adds its LSTM. "
        "Linear is for ARS alone, which takes it unless layers are given. auto follows the observations.",
        sources.SB3_POLICIES,
        _NETWORK,
        alias="class",
    )
    net_arch: Layers = setting(
        None,
        "Layers",
        'Sizes of the hidden layers: [64, 64] for all networks, or {"pi": [64], "vf": [64]} for actor and critic '
        "apart (qf instead of vf for DDPG, TD3, SAC and their kin). [] has no hidden layer.",
        sources.SB3_POLICIES,
        _NETWORK,
        kind="json",
        example="[256, 256]",
        none_label=_OWN,
    )
    activation: Literal["tanh", "relu", "elu", "leaky_relu", "gelu", "silu"] | None = setting(
        None,
        "Activation",
        "Function between the layers. Empty takes tanh for PPO, A2C and their kin, relu for the others.",
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
        "Number of value networks; the least of their answers is used, and by TQC all of them. Empty takes 1 for DDPG, "
        "2 for the others.",
        sources.PAPER_TD3,
        _NETWORK,
        ge=1,
        le=LARGEST,
        algorithms=_CONTINUOUS,
        none_label=_OWN,
        advanced=True,
    )
    n_quantiles: int | None = setting(
        None,
        "Quantiles",
        "Into how many quantiles the distribution of returns is split. Empty takes 200 for QR-DQN, and 25 for each "
        "critic of TQC.",
        sources.PAPER_QRDQN,
        _NETWORK,
        ge=1,
        le=LARGEST,
        algorithms=("qrdqn", "tqc"),
        none_label=_OWN,
        advanced=True,
    )
    with_bias: bool | None = setting(
        None,
        "Biases",
        "Give the layers of ARS's policy an additive bias. Empty does for MlpPolicy, and does not for LinearPolicy.",
        sources.CONTRIB_ARS,
        _NETWORK,
        algorithms=("ars",),
        none_label=_OWN,
        advanced=True,
    )
    tanh_output: bool | None = setting(
        None,
        "Actions through tanh",
        "Bound continuous actions of ARS's policy by tanh (squash_output) instead of cutting them off. Empty does for "
        "MlpPolicy, and does not for LinearPolicy.",
        sources.CONTRIB_ARS,
        _NETWORK,
        algorithms=("ars",),
        none_label=_OWN,
        advanced=True,
    )
    lstm_hidden_size: int = setting(
        256,
        "LSTM size",
        "Numbers that the memory holds: the size of each LSTM layer.",
        sources.CONTRIB_RECURRENT,
        _MEMORY,
        ge=1,
        algorithms=_RECURRENT,
    )
    n_lstm_layers: int = setting(
        1,
        "LSTM layers",
        "How many LSTM layers stand on top of each other.",
        sources.CONTRIB_RECURRENT,
        _MEMORY,
        ge=1,
        algorithms=_RECURRENT,
    )
    shared_lstm: bool = setting(
        False,
        "Shared LSTM",
        "Let actor and critic remember with one LSTM, which the actor trains. Needs the critic's own LSTM off.",
        sources.CONTRIB_RECURRENT,
        _MEMORY,
        algorithms=_RECURRENT,
        advanced=True,
    )
    enable_critic_lstm: bool = setting(
        True,
        "LSTM for the critic",
        "Give the critic an LSTM of its own. Without one it judges by a plain layer, or by the shared LSTM.",
        sources.CONTRIB_RECURRENT,
        _MEMORY,
        algorithms=_RECURRENT,
        advanced=True,
    )
    lstm_kwargs: JsonDict = setting(
        {},
        "LSTM arguments",
        "Further arguments for PyTorch's LSTM, as a JSON object.",
        sources.TORCH_LSTM,
        _MEMORY,
        kind="json",
        example='{"dropout": 0.1}',
        algorithms=_RECURRENT,
        advanced=True,
    )
    batch_norm: bool = setting(
        True,
        "Batch normalisation",
        "Normalise what passes between the layers over each batch: what lets CrossQ do without target networks.",
        sources.PAPER_CROSSQ,
        _BATCH_NORM,
        algorithms=_CROSSQ,
        advanced=True,
    )
    batch_norm_momentum: float = setting(
        0.01,
        "Momentum",
        "How much of each batch goes into the running mean and deviation.",
        sources.CONTRIB_CROSSQ,
        _BATCH_NORM,
        ge=0,
        le=1,
        algorithms=_CROSSQ,
        advanced=True,
    )
    batch_norm_eps: float = setting(
        0.001,
        "Epsilon",
        "Keeps the normalisation from dividing by zero.",
        sources.CONTRIB_CROSSQ,
        _BATCH_NORM,
        gt=0,
        algorithms=_CROSSQ,
        advanced=True,
    )
    renorm_warmup_steps: int = setting(
        100_000,
        "Renormalisation warm-up",
        "Gradient steps of plain batch normalisation before batch renormalisation takes over, which corrects with the "
        "running statistics.",
        sources.PAPER_RENORM,
        _BATCH_NORM,
        ge=0,
        unit="gradient steps",
        algorithms=_CROSSQ,
        advanced=True,
    )
    features_extractor: Literal["auto", "flatten", "nature_cnn", "combined"] = setting(
        "auto",
        "Features extractor",
        "What turns an observation into a vector: flatten, the convolutions of the Nature paper, or a combination "
        "for dictionaries. auto follows the policy class.",
        sources.SB3_POLICIES,
        _FEATURES,
        algorithms=_WITH_GRADIENTS,
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
        algorithms=_WITH_GRADIENTS,
        advanced=True,
    )
    share_features_extractor: bool | None = setting(
        None,
        "Share features extractor",
        "Let actor and critic use one features extractor. Empty shares it for PPO, A2C and their kin only.",
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
        algorithms=_WITH_GRADIENTS,
        advanced=True,
    )
    log_std_init: float | None = setting(
        None,
        "Initial log deviation",
        "Logarithm of the actions' first standard deviation, for continuous actions. Empty takes 0 for PPO, A2C and "
        "their kin, -3 for SAC and its.",
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
        algorithms=_WITH_GSDE_ON_POLICY,
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
        algorithms=_WITH_GSDE_ON_POLICY,
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
        algorithms=_SOFT,
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
        algorithms=_WITH_GRADIENTS,
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
        algorithms=_WITH_GRADIENTS,
        advanced=True,
    )

    def resolved_class(self, observation_kind: ObservationKind, algorithm: str = "ppo") -> PolicyClass:
        """Return the policy class that observations of this kind get."""
        if self.class_ != "auto":
            return self.class_
        if algorithm == "ars":
            return "LinearPolicy" if self.net_arch is None else "MlpPolicy"
        if observation_kind == "dict":
            return "MultiInputPolicy"
        return "CnnPolicy" if observation_kind == "image" else "MlpPolicy"
