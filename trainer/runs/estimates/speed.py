"""How fast a run will be: what earlier runs on this machine were, or a rule of thumb that calls itself one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.config.spaces import Spaces
from trainer.envs import catalogue
from trainer.errors import ConfigError
from trainer.runs.estimates.parts import Basis
from trainer.store.records import SpeedRecord

LOOKED_AT = 30  # earlier runs
_COUNTED = 5  # of those that are alike, the newest
_SHORTEST = 3.0  # seconds, below which a speed says nothing
# What decides how fast a run is, with the words for what differs. The length of a run and its seed do not.
_DECISIVE: Mapping[str, str] = {
    "environment.n_envs": "copies",
    "environment.backend": "backend",
    "environment.frame_stack": "frame stack",
    "environment.kwargs": "arguments",
    "environment.wrappers": "wrappers",
    "algorithm.n_steps": "rollout steps",
    "algorithm.batch_size": "batch size",
    "algorithm.n_epochs": "epochs",
    "algorithm.train_freq": "train frequency",
    "algorithm.train_freq_unit": "train frequency",
    "algorithm.gradient_steps": "gradient steps",
    "algorithm.use_sde": "gSDE",
    "policy.class": "policy",
    "policy.net_arch": "layers",
    "policy.features_extractor": "features extractor",
    "policy.n_critics": "critics",
    "training.device": "device",
    "training.precision": "precision",
    "training.torch_compile": "compiling",
    "training.torch_threads": "threads",
    "resources.cpu_cores": "cores",
    "evaluation.enabled": "evaluation",
    "evaluation.frequency": "evaluation",
    "evaluation.episodes": "evaluation",
    "video.enabled": "videos",
    "video.every_steps": "videos",
}
# Milliseconds a step, of collecting and of one gradient step, as two cores of a server take them. Nobody's machine is
# that one, which is why what comes of it is called rough.
_COLLECT = {"image": 0.7, "other": 0.12}
_LEARN_ON_POLICY = {"image": 1.6, "other": 0.15}
_GRADIENT = {("dqn", "image"): 18.0, ("dqn", "other"): 0.6, ("actor", "image"): 60.0, ("actor", "other"): 6.0}


@dataclass(frozen=True)
class Speed:
    """Environment steps per second, evaluations and videos included.

    :param steps_per_second: None when nobody knows
    :param about: where the number comes from, in words
    """

    steps_per_second: float | None
    basis: Basis
    about: str


def speed_of(config: RunConfig, spaces: Spaces | None, earlier: Sequence[SpeedRecord]) -> Speed:
    """Return how fast a run will be.

    :param earlier: runs of the same algorithm, newest first
    """
    data = config.to_data()
    usable = [run for run in earlier if run.elapsed_seconds >= _SHORTEST and _has_learnt(run)]
    here = [run for run in usable if run.environment == config.environment.id]
    alike = [run for run in here if not _differences(data, run.config)]
    if alike:
        counted_in = alike[:_COUNTED]
        return Speed(_median(counted_in), "measured", f"{counted(len(counted_in), 'run')} with the same settings")
    if here:
        closest = min(here, key=lambda run: len(_differences(data, run.config)))
        differing = ", ".join(dict.fromkeys(_differences(data, closest.config)))
        return Speed(_median([closest]), "similar", f"measured with other {differing}")
    cousin = _relative(config, usable)
    if cousin is not None:
        return Speed(_median([cousin]), "similar", f"measured on {cousin.environment}")
    guess = _rule_of_thumb(config, spaces)
    if guess is None:
        return Speed(None, "unknown", "nothing like it has run on this machine yet")
    return Speed(guess, "rough", "a rule of thumb: nothing like it has run on this machine yet")


def _relative(config: RunConfig, usable: Iterable[SpeedRecord]) -> SpeedRecord | None:
    """Return the newest run in an environment of the same family with as many copies."""
    try:
        family = catalogue.find(config.environment.id).family
    except ConfigError:
        return None
    for run in usable:
        try:
            same = catalogue.find(run.environment).family == family and family != "other"
        except ConfigError:
            continue
        if same and _at(run.config, "environment.n_envs") == config.environment.n_envs:
            return run
    return None


def _has_learnt(run: SpeedRecord) -> bool:
    """Whether it has done more than collect what an off-policy algorithm waits for."""
    waits = _at(run.config, "algorithm.learning_starts")
    return run.step > 2 * waits if isinstance(waits, (int, float)) else run.step > 0


def _differences(data: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [word for path, word in _DECISIVE.items() if _at(data, path) != _at(other, path)]


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _median(runs: Sequence[SpeedRecord]) -> float:
    return median(run.step / run.elapsed_seconds for run in runs)


def _rule_of_thumb(config: RunConfig, spaces: Spaces | None) -> float | None:
    if spaces is None:
        return None
    algorithm, kind = config.algorithm, "image" if spaces.observation_kind == "image" else "other"
    if algorithm.on_policy:
        return 1000 / (_COLLECT[kind] + _LEARN_ON_POLICY[kind])
    collected = int(getattr(algorithm, "train_freq", 1)) * config.environment.n_envs
    gradients = int(getattr(algorithm, "gradient_steps", 1))
    each = 1.0 if gradients < 0 else gradients / collected
    if getattr(algorithm, "train_freq_unit", "step") == "episode":
        each = 1.0
    network = "dqn" if spaces.action_kind == "discrete" else "actor"
    return 1000 / (_COLLECT[kind] + each * _GRADIENT[network, kind])
