"""Rules about the policy: whether its networks suit the observations and the algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from trainer.config.algorithms import ARSConfig, label_of
from trainer.config.checks import wrappers
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
    "LinearPolicy": "flatten",
}
_EXTRACTOR_ARGUMENTS: dict[Extractor, tuple[str, ...]] = {
    "flatten": (),
    "nature_cnn": ("features_dim", "normalized_image"),
    "combined": ("cnn_output_dim", "normalized_image"),
}


def _class_suits_algorithm(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    policy, algorithm, field = config.policy, config.algorithm, "policy.class"
    if policy.class_ == "LinearPolicy":
        if not isinstance(algorithm, ARSConfig):
            yield Fault(field, f"LinearPolicy is for ARS, not for {algorithm.label}", "Choose auto.", {field: "auto"})
        elif policy.net_arch:
            yield Fault(
                "policy.net_arch",
                "LinearPolicy has no hidden layers",
                "Leave it empty, or choose MlpPolicy.",
                {field: "MlpPolicy"},
            )
    if algorithm.reads_everything:
        return
    if policy.class_ in ("CnnPolicy", "MultiInputPolicy"):
        yield Fault(field, f"{algorithm.label} has no {policy.class_}", "Choose auto.", {field: "auto"})
    elif spaces is not None and spaces.observation_kind in ("image", "dict"):
        kind = "images" if spaces.observation_kind == "image" else "dictionaries"
        message = f"{algorithm.label} reads plain numbers, and {config.environment.id} shows {kind}"
        yield Fault("algorithm.name", message, "Choose another algorithm or environment.")


def _class_suits_observations(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    policy, environment = config.policy, config.environment.id
    if spaces is None or policy.class_ == "auto" or not config.algorithm.reads_everything:
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
        yield _too_small(config)


def _too_small(config: RunConfig) -> Fault:
    """Return the fault of images that convolutions cannot read, beside the wrapper that made them so if one did."""
    field, least = "policy.features_extractor", f"{_SMALLEST_IMAGE} x {_SMALLEST_IMAGE} pixels"
    place = wrappers.place_of(config, "resize_observation")
    if place is None:
        hint = "Choose flatten, or enlarge the images with the wrapper Resize."
        return Fault(field, f"needs images of at least {least}", hint, {field: "flatten"})
    larger = config.environment.wrappers[place].model_copy(update={"kwargs": {"shape": [84, 84]}})
    message = f"Resize makes images smaller than the {least} that the policy's convolutions need"
    return Fault(f"{wrappers.FIELD}.{place}", message, "Take 84 x 84.", wrappers.exchanged(config, place, larger))


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
    return (
        chosen
        if chosen != "auto"
        else _EXTRACTOR_OF[config.policy.resolved_class(spaces.observation_kind, config.algorithm.name)]
    )


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
    layers, label = config.policy.net_arch, config.algorithm.label
    if not isinstance(layers, dict):
        return
    if not config.algorithm.networks:
        single = {"policy.net_arch": layers.get("qf") or next(iter(layers.values()))}
        yield Fault("policy.net_arch", f"{label} has a single network", "Write a list such as [64, 64].", single)
        return
    critic = (expected := config.algorithm.networks)[-1]
    if set(layers) - set(expected) or (not config.algorithm.on_policy and set(layers) != set(expected)):
        message = f'{label} has the networks "pi" and "{critic}", not {", ".join(sorted(layers))}'
        values = [layers[name] for name in ("qf", "vf") if name in layers]
        actor = layers.get("pi", [*values, [64, 64]][0])
        fix = {"policy.net_arch": {"pi": actor, critic: layers.get(critic, [*values, actor][0])}}
        yield Fault("policy.net_arch", message, f'Write it like {{"pi": [64, 64], "{critic}": [64, 64]}}.', fix)


def _settings_of_the_algorithm(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    name, policy = config.algorithm.name, config.policy.model_dump()
    for spec in field_specs():
        if spec.section != "policy" or spec.belongs_to(name):
            continue
        if policy.get(spec.path.removeprefix("policy."), spec.default) != spec.default:
            owners = ", ".join(label_of(owner) for owner in spec.only_algorithms)
            has = "has" if len(spec.only_algorithms) == 1 else "have"
            hint = "Leave it empty." if spec.default is None else f"Leave it at {str(spec.default).lower()}."
            message = f"{config.algorithm.label} has no such setting; {owners} {has} it"
            yield Fault(spec.path, message, hint, {spec.path: spec.default})


def _squashing(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    uses_sde = getattr(config.algorithm, "use_sde", False)
    if config.policy.squash_output and config.algorithm.on_policy and not uses_sde:
        message = "works with state-dependent exploration (gSDE) only"
        yield Fault("policy.squash_output", message, "Turn it off, or gSDE on.", {"policy.squash_output": False})


def _learning_rate_has_its_own_setting(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    if "lr" in config.policy.optimizer_kwargs:
        message = "lr is the algorithm's learning rate"
        rest = {key: value for key, value in config.policy.optimizer_kwargs.items() if key != "lr"}
        hint = "Remove it and set algorithm.learning_rate."
        yield Fault("policy.optimizer_kwargs", message, hint, {"policy.optimizer_kwargs": rest})


def _shared_memory(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    if config.algorithm.name != "recurrent_ppo" or not config.policy.shared_lstm:
        return
    if config.policy.enable_critic_lstm:
        message = "actor and critic share one LSTM, so the critic has none of its own"
        fix = {"policy.enable_critic_lstm": False}
        yield Fault("policy.enable_critic_lstm", message, "Turn it off, or do not share.", fix)
    if config.policy.share_features_extractor is False:
        message = "actor and critic share one LSTM, so they share what it reads, too"
        hint = "Leave it empty, or do not share the LSTM."
        yield Fault("policy.share_features_extractor", message, hint, {"policy.share_features_extractor": None})


RULES = (
    _class_suits_algorithm,
    _shared_memory,
    _class_suits_observations,
    _extractor_suits_observations,
    _extractor_arguments,
    _networks_of_the_algorithm,
    _settings_of_the_algorithm,
    _squashing,
    _learning_rate_has_its_own_setting,
)
