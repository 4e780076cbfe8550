"""Rules about the policy: whether its networks suit the observations and the algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from trainer.config.algorithms import A2CConfig, PPOConfig, SACConfig
from trainer.config.hints import did_you_mean
from trainer.config.policy import PolicyClass
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.config.specs import field_specs
from trainer.errors import Fault, nearest

Extractor = Literal["flatten", "nature_cnn", "combined"]

# The three convolutions of NatureCNN leave nothing of a smaller image.
_SMALLEST_IMAGE = 36
_EXTRACTOR_OF: dict[PolicyClass, Extractor] = {
    "MlpPolicy": "flatten",
    "CnnPolicy": "nature_cnn",
    "MultiInputPolicy": "combined",
}
_EXTRACTOR_ARGUMENTS: dict[Extractor, tuple[str, ...]] = {
    "flatten": (),
    "nature_cnn": ("features_dim", "normalized_image"),
    "combined": ("cnn_output_dim", "normalized_image"),
}


def _class_suits_observations(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    policy, environment = config.policy, config.environment.id
    if spaces is None or policy.class_ == "auto":
        return
    kind, field = spaces.observation_kind, "policy.class"
    fix = {field: "auto"}
    if kind == "dict" and policy.class_ != "MultiInputPolicy":
        yield Fault(field, f"{environment} has dictionary observations", "Choose MultiInputPolicy or auto.", fix)
    elif kind != "dict" and policy.class_ == "MultiInputPolicy":
        yield Fault(field, f"{environment} has no dictionary observations", "Choose auto.", fix)
    elif kind == "image" and policy.class_ == "MlpPolicy":
        message = f"{environment} shows images, for which MlpPolicy has no convolutions"
        yield Fault(field, message, "Choose CnnPolicy or auto.", fix)
    elif policy.class_ == "CnnPolicy" and not _shows_images(config, spaces):
        yield Fault(field, f"{environment} shows no images", "Choose MlpPolicy or auto.", fix)


def _extractor_suits_observations(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    if spaces is None:
        return
    chosen, kind, field = config.policy.features_extractor, spaces.observation_kind, "policy.features_extractor"
    fix = {field: "auto"}
    if chosen == "combined" and kind != "dict":
        yield Fault(field, "combines dictionary observations, and there are none", "Choose auto.", fix)
    elif chosen == "flatten" and kind == "dict":
        yield Fault(field, "cannot flatten dictionary observations", "Choose combined or auto.", fix)
    elif chosen == "nature_cnn" and not _shows_images(config, spaces):
        yield Fault(field, "reads images, and there are none", "Choose auto.", fix)
    elif _shows_images(config, spaces) and _extractor(config, spaces) == "nature_cnn" and _is_small(spaces):
        message = f"needs images of at least {_SMALLEST_IMAGE} x {_SMALLEST_IMAGE} pixels"
        yield Fault(field, message, "Choose flatten, or enlarge the images with a wrapper.", {field: "flatten"})


def _shows_images(config: RunConfig, spaces: Spaces) -> bool:
    # Stable-Baselines3 takes any box of three axes for an image that was scaled already, if told not to scale it.
    scaled = not config.policy.normalize_images and len(spaces.observation_shape or ()) == 3
    return spaces.observation_kind == "image" or (spaces.observation_kind == "vector" and scaled)


def _is_small(spaces: Spaces) -> bool:
    # The channels may stand first or last; they are the fewest.
    sides = sorted(spaces.observation_shape or ())[1:]
    return any(side < _SMALLEST_IMAGE for side in sides)


def _extractor(config: RunConfig, spaces: Spaces) -> Extractor:
    chosen = config.policy.features_extractor
    return chosen if chosen != "auto" else _EXTRACTOR_OF[config.policy.resolved_class(spaces.observation_kind)]


def _extractor_arguments(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    given = config.policy.features_extractor_kwargs
    if not given or spaces is None:
        return
    extractor = _extractor(config, spaces)
    known = _EXTRACTOR_ARGUMENTS[extractor]
    for name in given:
        if name not in known:
            message = f"{extractor} has no argument {name}"
            near = nearest(name, known)
            hint = did_you_mean(near) or (f"It has {', '.join(known)}." if known else "It has none.")
            rest = {key: value for key, value in given.items() if key != name}
            mended = {**rest, near: given[name]} if near and near not in rest else rest
            field = "policy.features_extractor_kwargs"
            yield Fault(field, message, hint, {field: mended})


def _networks_of_the_algorithm(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    layers, name = config.policy.net_arch, config.algorithm.name
    if not isinstance(layers, dict):
        return
    if name == "dqn":
        single = {"policy.net_arch": layers.get("qf") or next(iter(layers.values()))}
        yield Fault("policy.net_arch", "DQN has a single network", "Write a list such as [64, 64].", single)
        return
    critic = "vf" if config.algorithm.on_policy else "qf"
    expected = {"pi", critic}
    if set(layers) - expected or (not config.algorithm.on_policy and set(layers) != expected):
        message = f'{name.upper()} has the networks "pi" and "{critic}", not {", ".join(sorted(layers))}'
        values = [layers[name] for name in ("qf", "vf") if name in layers]
        actor = layers.get("pi", [*values, [64, 64]][0])
        fix = {"policy.net_arch": {"pi": actor, critic: layers.get(critic, [*values, actor][0])}}
        yield Fault("policy.net_arch", message, f'Write it like {{"pi": [64, 64], "{critic}": [64, 64]}}.', fix)


def _settings_of_the_algorithm(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    name, policy = config.algorithm.name, config.policy.model_dump()
    for spec in field_specs():
        if spec.section != "policy" or spec.belongs_to(name):
            continue
        if policy[spec.path.removeprefix("policy.")] != spec.default:
            owners = ", ".join(owner.upper() for owner in spec.only_algorithms)
            hint = f"Leave it at {'empty' if spec.default is None else str(spec.default).lower()}."
            yield Fault(
                spec.path, f"{name.upper()} has no such setting; {owners} have it", hint, {spec.path: spec.default}
            )


def _squashing(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    algorithm = config.algorithm
    uses_sde = isinstance(algorithm, (PPOConfig, A2CConfig, SACConfig)) and algorithm.use_sde
    if config.policy.squash_output and config.algorithm.on_policy and not uses_sde:
        message = "works with state-dependent exploration (gSDE) only"
        yield Fault("policy.squash_output", message, "Turn it off, or gSDE on.", {"policy.squash_output": False})


def _learning_rate_has_its_own_setting(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    if "lr" in config.policy.optimizer_kwargs:
        message = "lr is the algorithm's learning rate"
        rest = {key: value for key, value in config.policy.optimizer_kwargs.items() if key != "lr"}
        hint = "Remove it and set algorithm.learning_rate."
        yield Fault("policy.optimizer_kwargs", message, hint, {"policy.optimizer_kwargs": rest})


RULES = (
    _class_suits_observations,
    _extractor_suits_observations,
    _extractor_arguments,
    _networks_of_the_algorithm,
    _settings_of_the_algorithm,
    _squashing,
    _learning_rate_has_its_own_setting,
)
