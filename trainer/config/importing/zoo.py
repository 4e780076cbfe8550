"""One entry of RL Zoo's hyperparameter files as settings of ours, key by key.

Most of an algorithm's hyperparameters have the name that Stable-Baselines3 gives them, here as there. What RL Zoo adds
(`n_timesteps`, `normalize`, `noise_type`, wrappers, `policy_kwargs` in Python) is translated. Nothing is ever run.

Source: https://rl-baselines3-zoo.readthedocs.io/en/master/guide/config.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from trainer.config.algorithms import ALGORITHMS, label_of
from trainer.config.hints import hint_for_unknown
from trainer.config.importing.literals import Named, read_expression
from trainer.config.importing.names import (
    ATARI_EXAMPLE,
    ATARI_FAMILY,
    DEFAULT_ENTRY,
    Environment,
    environment_called,
)
from trainer.config.importing.report import Ledger
from trainer.config.importing.scalars import plain_number, whole_number
from trainer.config.importing.wrappers import WRAPPERS, take_vector_wrappers, take_wrappers
from trainer.config.policy import PolicyConfig
from trainer.config.run import RunConfig
from trainer.config.tree import fields_of, variants_of

_ELSEWHERE = {
    "n_timesteps": "training.total_timesteps",
    "n_envs": "environment.n_envs",
    "frame_stack": "environment.frame_stack",
    "seed": "training.seed",
    "device": "training.device",
}
_POLICY_CLASSES = {
    "mlp": "MlpPolicy",
    "cnn": "CnnPolicy",
    "multiinput": "MultiInputPolicy",
    "mlplstm": "MlpPolicy",
    "cnnlstm": "CnnPolicy",
    "multiinputlstm": "MultiInputPolicy",
}
_ACTIVATIONS = {
    "Tanh": "tanh",
    "ReLU": "relu",
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "GELU": "gelu",
    "SiLU": "silu",
}
_OPTIMIZERS = {
    "Adam": "adam",
    "AdamW": "adamw",
    "RMSprop": "rmsprop",
    "RMSpropTFLike": "rmsprop_tf_like",
    "SGD": "sgd",
}
_EXTRACTORS = {"NatureCNN": "nature_cnn", "FlattenExtractor": "flatten", "CombinedExtractor": "combined"}
_CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "activation_fn": ("policy.activation", _ACTIVATIONS),
    "optimizer_class": ("policy.optimizer", _OPTIMIZERS),
    "features_extractor_class": ("policy.features_extractor", _EXTRACTORS),
}
NORMALIZE = {
    "norm_obs": "environment.normalize_observation",
    "norm_reward": "environment.normalize_reward",
    "clip_obs": "environment.clip_normalized_observation",
    "clip_reward": "environment.clip_normalized_reward",
    "epsilon": "environment.normalize_epsilon",
    "norm_obs_keys": "environment.normalize_keys",
}
_GOALS = ("n_sampled_goal", "goal_selection_strategy", "copy_info_dict")
_NOISE = {"normal": "normal", "ornstein-uhlenbeck": "ornstein_uhlenbeck"}
_LEFT = {
    "callback": "Callbacks of one's own cannot be added; evaluation, checkpoints and videos have settings.",
    "monitor_kwargs": "Palaestra keeps its own record of episodes, without these arguments.",
    "env_kwargs_eval": "Evaluation uses the arguments of training.",
    "verbose": "Everything is told on the page and in the run's log.",
    "tensorboard_log": "TensorBoard files stand in the run's own folder.",
    "create_eval_env": "Evaluation has settings of its own.",
    "optimization_log_path": "Evaluation has settings of its own.",
    "sde_net_arch": "Stable-Baselines3 has taken this out.",
    "online_sampling": "Stable-Baselines3 has taken this out; it is always so now.",
    "max_episode_length": "Stable-Baselines3 has taken this out; the environment's limit is used.",
}


class ZooEntry:
    """Reads one entry into a ledger.

    :param algorithm: our name of the algorithm whose file it stands in
    :param environment: what is trained on
    """

    def __init__(self, ledger: Ledger, algorithm: str, environment: Environment) -> None:
        self._ledger = ledger
        self._algorithm = algorithm
        self._environment = environment
        self._settings = fields_of(ALGORITHMS[algorithm])
        self._handlers: dict[str, Callable[[str, Any], None]] = {
            "policy": self._policy,
            "policy_kwargs": self._policy_kwargs,
            "normalize": self._normalize,
            "env_kwargs": self._env_kwargs,
            "env_wrapper": lambda key, value: take_wrappers(ledger, key, value, environment.id),
            "vec_env_wrapper": lambda key, value: take_vector_wrappers(ledger, key, value),
            "noise_type": self._noise_type,
            "noise_std": self._noise_std,
            "train_freq": self._train_freq,
            "model_class": self._model_class,
            "replay_buffer_class": self._buffer_class,
            "rollout_buffer_class": self._buffer_class,
            "replay_buffer_kwargs": self._replay_arguments,
            "rollout_buffer_kwargs": self._mapping_setting,
        }

    def read(self, entry: Mapping[str, Any]) -> None:
        """Note every key of the entry."""
        self._entry = entry
        for key, value in entry.items():
            handler = self._handlers.get(str(key))
            if handler is not None:
                handler(str(key), value)
            elif key in _LEFT:
                self._ledger.leave(str(key), value, _LEFT[str(key)])
            else:
                self._plain(str(key), value)

    def _plain(self, key: str, value: Any) -> None:
        number = plain_number(value)
        note = "" if number is value or number == value else "Read as a number."
        if key in _ELSEWHERE:
            number = whole_number(number)
            self._ledger.take(key, value, {_ELSEWHERE[key]: number}, note)
        elif key in self._settings and isinstance(number, float | int) and key == "clip_range_vf" and number < 0:
            self._ledger.take(key, value, {f"algorithm.{key}": None}, "A negative range does not clip.")
        elif key in self._settings:
            self._ledger.take(key, value, {f"algorithm.{key}": number}, note)
        else:
            self._unknown(key, value, f"algorithm.{key}")

    def _unknown(self, key: str, value: Any, path: str) -> None:
        names = path.split(".")
        info = fields_of(RunConfig)["algorithm"]
        data = {"algorithm": {"name": self._algorithm}}
        siblings = variants_of(info) if names[0] == "algorithm" else {}
        section = ALGORITHMS[self._algorithm] if names[0] == "algorithm" else PolicyConfig
        hint = self._ledger.guess(lambda: hint_for_unknown(names, len(names) - 1, section, siblings, data))
        title = label_of(self._algorithm)
        self._ledger.leave(key, value, " ".join(filter(None, (f"{title} has no such setting here.", hint))))

    def _policy(self, key: str, value: Any) -> None:
        known = get_args(PolicyConfig.model_fields["class_"].annotation)
        name = str(value).removesuffix("Policy").lower()
        policy_class = str(value) if value in known else _POLICY_CLASSES.get(name)
        if policy_class is None:
            self._ledger.leave(key, value, "Policies of one's own cannot be named.", "policy.class")
        else:
            self._ledger.take(key, value, {"policy.class": policy_class})

    def _policy_kwargs(self, key: str, value: Any) -> None:
        arguments = self._mapping(key, value)
        for name, argument in (arguments or {}).items():
            at = f"{key}.{name}"
            if name in _CHOICES:
                self._choice(at, argument, *_CHOICES[name])
            elif name == "net_arch":
                self._net_arch(at, argument)
            elif name in fields_of(PolicyConfig):
                self._ledger.take(at, unnamed(argument), {f"policy.{name}": unnamed(argument)})
            elif name in self._settings:
                self._ledger.take(at, unnamed(argument), {f"algorithm.{name}": unnamed(argument)})
            elif name in _LEFT:
                self._ledger.leave(at, unnamed(argument), _LEFT[name])
            else:
                self._unknown(at, unnamed(argument), f"policy.{name}")

    def _choice(self, key: str, value: Any, path: str, known: Mapping[str, str]) -> None:
        name = value.last if isinstance(value, Named) else str(value).rpartition(".")[2]
        if value is None:
            self._ledger.leave(key, value, "Says nothing.")
        elif name in known:
            self._ledger.take(key, str(value), {path: known[name]})
        else:
            self._ledger.leave(key, str(value), f"Not among {', '.join(known)}.", path)

    def _net_arch(self, key: str, value: Any) -> None:
        """Take layers as they are, or as they were written before Stable-Baselines3 1.8: `[dict(pi=[64], vf=[64])]`."""
        note = ""
        layers = unnamed(value)
        if isinstance(layers, list) and layers and isinstance(layers[-1], Mapping):
            if len(layers) > 1:
                self._ledger.leave(key, layers, "Layers shared by actor and critic are no longer possible.")
                return
            layers, note = dict(layers[0]), "Written as a list before Stable-Baselines3 1.8."
        self._ledger.take(key, unnamed(value), {"policy.net_arch": layers}, note)

    def _normalize(self, key: str, value: Any) -> None:
        if isinstance(value, bool):
            self._ledger.take(key, value, dict.fromkeys(list(NORMALIZE.values())[:2], value))
            return
        arguments = self._mapping(key, value)
        if arguments is None:
            return
        both = {"norm_obs": True, "norm_reward": True}  # what is not said is on
        said = {**both, **arguments}
        for name, argument in said.items():
            at, text = f"{key}.{name}", unnamed(argument)
            if name in NORMALIZE:
                note = "" if name in arguments else "On, as nothing else is said."
                self._ledger.take(at, text, {NORMALIZE[name]: text}, note)
            elif name == "gamma":
                self._ledger.take(at, text, {}, "The algorithm's discount is used anyway.")
            else:
                self._ledger.leave(at, text, "Normalisation has no such setting here.")

    def _env_kwargs(self, key: str, value: Any) -> None:
        arguments = self._mapping(key, value)
        if arguments is not None:
            self._ledger.add(key, unnamed(arguments), "environment.kwargs", unnamed(arguments))

    def _noise_type(self, key: str, value: Any) -> None:
        kind = _NOISE.get(str(value).strip())
        if "action_noise" not in self._settings:
            self._unknown(key, value, "algorithm.action_noise")
        elif value is None:
            self._ledger.take(key, value, {"algorithm.action_noise.kind": "none"})
        elif kind is None:
            self._ledger.leave(key, value, f"Noise is one of {', '.join(_NOISE)}.", "algorithm.action_noise.kind")
        else:
            self._ledger.take(key, value, {"algorithm.action_noise.kind": kind})

    def _noise_std(self, key: str, value: Any) -> None:
        if _NOISE.get(str(self._entry.get("noise_type")).strip()) and "action_noise" in self._settings:
            self._ledger.take(key, value, {"algorithm.action_noise.sigma": plain_number(value)})
        else:
            self._ledger.leave(key, value, "Says nothing without a noise_type.", "algorithm.action_noise.sigma")

    def _train_freq(self, key: str, value: Any) -> None:
        pair = unnamed(self._expression(value))
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            self._plain(key, pair)
        elif "train_freq_unit" not in self._settings:
            self._unknown(key, value, f"algorithm.{key}")
        else:
            fields = {"algorithm.train_freq": pair[0], "algorithm.train_freq_unit": pair[1]}
            self._ledger.take(key, unnamed(value), fields)

    def _buffer_class(self, key: str, value: Any) -> None:
        if key not in self._settings:
            self._unknown(key, value, f"algorithm.{key}")
            return
        module, _, last = str(value).rpartition(".")
        if last == "HerReplayBuffer" and "hindsight" in self._settings:
            self._ledger.take(key, value, {"algorithm.hindsight": True})
            return
        if module:
            self._ledger.take(key, value, {f"algorithm.{key}": f"{module}:{last}"})
        else:
            self._ledger.leave(key, value, "Write it with its module, as my_package.buffers.MyBuffer.")

    def _model_class(self, key: str, value: Any) -> None:
        """Take what stood in HER's file before Stable-Baselines3 1.1 made it a replay buffer."""
        fields = {"algorithm.hindsight": True} if "hindsight" in self._settings else {}
        self._ledger.take(key, value, fields, f"Hindsight with {label_of(self._algorithm)}.")

    def _replay_arguments(self, key: str, value: Any) -> None:
        """Take arguments of the replay buffer; those of hindsight are settings here."""
        arguments = self._mapping(key, value) if key in self._settings else None
        if arguments is None:
            if key not in self._settings:
                self._unknown(key, value, f"algorithm.{key}")
            return
        goals = {name: unnamed(each) for name, each in arguments.items() if name in self._settings and name in _GOALS}
        rest = {name: unnamed(each) for name, each in arguments.items() if name not in goals}
        for name, each in goals.items():
            self._ledger.take(f"{key}.{name}", each, {f"algorithm.{name}": each})
        if rest:
            self._ledger.take(key, rest, {f"algorithm.{key}": rest})

    def _mapping_setting(self, key: str, value: Any) -> None:
        if key not in self._settings:
            self._unknown(key, value, f"algorithm.{key}")
            return
        arguments = self._mapping(key, value)
        if arguments is not None:
            self._ledger.take(key, unnamed(arguments), {f"algorithm.{key}": unnamed(arguments)})

    def _mapping(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return arguments given as YAML or as Python; None when they are neither, which is noted."""
        try:
            read = read_expression(value) if isinstance(value, str) else value
        except ValueError as error:
            self._ledger.leave(key, value, f"It {error}.")
            return None
        if isinstance(read, Mapping):
            return {str(name): argument for name, argument in read.items()}
        if read is not None:
            self._ledger.leave(key, value, "These are no arguments by name.")
        return None

    def _expression(self, value: Any) -> Any:
        try:
            return read_expression(value) if isinstance(value, str) else value
        except ValueError:
            return value


def take_environment(ledger: Ledger, entry: str) -> Environment:
    """Note what the name of an entry says of the environment, and return that."""
    if entry == ATARI_FAMILY:
        note = f"The entry is for every Atari game; {ATARI_EXAMPLE} stands for them. Choose yours."
        ledger.take("environment", entry, {"environment.id": ATARI_EXAMPLE}, note)
        return Environment(ATARI_EXAMPLE)
    if entry in ("", DEFAULT_ENTRY):
        known = RunConfig().environment.id
        why = "The entry is for environments that have none of their own." if entry else "No environment is named."
        ledger.leave("environment", entry, f"{why} Choose one.", "environment.id")
        return Environment(known)
    return take_id(ledger, "environment", entry)


def take_id(ledger: Ledger, key: str, given: str) -> Environment:
    """Note an environment's name, and what has to stand around it in a line of its own; return what it is here."""
    environment = environment_called(given)
    ledger.take(key, given, {"environment.id": environment.id}, environment.note)
    for wrapper in environment.wrappers:
        ledger.add(key, given, WRAPPERS, [wrapper], environment.around)
    return environment


def unnamed(value: Any) -> Any:
    """Return a value with every name in it as text, fit for JSON."""
    if isinstance(value, Mapping):
        return {str(key): unnamed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [unnamed(each) for each in value]
    return str(value) if isinstance(value, Named) else value
