"""What is worth knowing of a configuration that runs as it is, beyond what it alone can tell of its environment."""

from __future__ import annotations

from typing import Any

from trainer.config.environment import EnvironmentConfig
from trainer.config.training import EvaluationConfig
from trainer.envs import catalogue
from trainer.envs.registry import registry
from trainer.errors import ConfigError, Fault

_FIELD = "environment.wrappers"
_THRESHOLD = "evaluation.reward_threshold"
# Below this many copies they are stepped one after the other anyway; Atari games are stepped natively from one on.
_WORTH_A_VECTOR = 4
_FIELDS_LIKE = {"time_limit": "Episode limit", "frame_stack": "Frame stack"}


def wrapper_remarks(environment: EnvironmentConfig) -> list[Fault]:
    """Return what wrappers cost in speed, where the bare environment would be stepped in one native call."""
    if not environment.wrappers or environment.backend != "auto":
        return []
    try:
        bare = catalogue.environment_spaces(environment.model_copy(update={"wrappers": []}))
    except ConfigError:
        return []
    is_atari = catalogue.find(environment.id).family == "atari"
    if not bare.native_available or not (is_atari or environment.n_envs >= _WORTH_A_VECTOR):
        return []
    message = (
        "Copies in wrappers are stepped one by one. Bare ones would be stepped all in one native call, several times "
        "as fast"
    )
    fields = [_FIELDS_LIKE.get(wrapper.name or "") for wrapper in environment.wrappers]
    known = [field for field in fields if field]
    same = len(known) == len(fields)
    hint = f"The field {' and the field '.join(known)} would do the same and keep that." if same else None
    return [Fault(_FIELD, message, hint)]


def threshold_remarks(environment: EnvironmentConfig, evaluation: EvaluationConfig) -> list[Fault]:
    """Return that the threshold is another environment's, as it stays when another one is chosen after a preset."""
    given, specs = evaluation.reward_threshold, registry()
    chosen = specs.get(environment.id)
    if given is None or chosen is None or chosen.reward_threshold == given:
        return []
    owners = [spec for spec in specs.values() if spec.reward_threshold == given]
    if not owners or any(spec.name == chosen.name for spec in owners):
        return []
    owner = min(owners, key=lambda spec: (spec.namespace is not None, -(spec.version or 0), spec.id)).id
    message = f"{given:g} is the return at which {owner} counts as solved, and {environment.id} names none"
    hint = "Leave it empty, unless you mean it."
    fix: dict[str, Any] = {_THRESHOLD: chosen.reward_threshold}
    if chosen.reward_threshold is not None:
        own = f"{chosen.reward_threshold:g}"
        message = f"{given:g} is the return at which {owner} counts as solved; for {environment.id} it is {own}"
        hint = f"Use {own}, unless you mean it."
    elif evaluation.stop_on_threshold:
        fix["evaluation.stop_on_threshold"] = False
    return [Fault(_THRESHOLD, message, hint, fix)]
