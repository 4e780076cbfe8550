"""What is worth knowing of an environment section that runs as it is, beyond what the configuration alone can tell."""

from __future__ import annotations

from trainer.config.environment import EnvironmentConfig
from trainer.envs import catalogue
from trainer.errors import ConfigError, Fault

_FIELD = "environment.wrappers"
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
