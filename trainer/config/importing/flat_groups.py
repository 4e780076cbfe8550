"""Groups of home-made configurations whose keys mean something only together: action noise and normalisation.

Each key of such a group has a line of its own, with its path: `action_noise.sigma`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from trainer.config.fields import Section
from trainer.config.importing.report import Ledger
from trainer.config.importing.scalars import plain_number, switch
from trainer.config.importing.zoo import NORMALIZE
from trainer.config.noise import NoNoise, NormalNoise, OrnsteinUhlenbeckNoise
from trainer.config.tree import fields_of

_NOISE = "algorithm.action_noise"
_KIND = f"{_NOISE}.kind"
_KINDS: Mapping[str, type[Section]] = {
    "none": NoNoise,
    "normal": NormalNoise,
    "ornstein_uhlenbeck": OrnsteinUhlenbeckNoise,
}
_KIND_CALLED = {
    "ou": "ornstein_uhlenbeck",
    "ornsteinuhlenbeck": "ornstein_uhlenbeck",
    "gaussian": "normal",
    "off": "none",
    "": "none",
}
_KIND_KEYS = ("kind", "type", "name")
_PART_CALLED = {"std": "sigma", "scale": "sigma", "stddev": "sigma", "noise_std": "sigma", "mu": "mean"}

_OBSERVATION, _REWARD = NORMALIZE["norm_obs"], NORMALIZE["norm_reward"]
_NORMALIZE_CALLED: Mapping[str, str] = {
    **NORMALIZE,
    "observation": _OBSERVATION,
    "observations": _OBSERVATION,
    "obs": _OBSERVATION,
    "reward": _REWARD,
    "rewards": _REWARD,
}
_SWITCHES = ("enabled", "enable", "active")


def read_noise(ledger: Ledger, key: str, value: Any, known: Set[str]) -> None:
    """Note action noise: its kind, its strength, or a group with both and more."""
    number = plain_number(value)
    on = switch(value)
    if _NOISE not in known:
        ledger.leave(key, value, "The algorithm adds no noise to its actions.")
    elif isinstance(value, Mapping):
        _noise_of_parts(ledger, key, value)
    elif value is None or on is not None:
        ledger.take(key, value, {_KIND: "normal" if on else "none"})
    elif isinstance(number, (int, float)):
        ledger.take(key, value, {_KIND: "normal", f"{_NOISE}.sigma": number})
    else:
        _noise_kind(ledger, key, value)


def _noise_of_parts(ledger: Ledger, key: str, parts: Mapping[str, Any]) -> None:
    names = {name: _PART_CALLED.get(name.lower(), name.lower()) for name in parts}
    given = next((name for name in parts if names[name] in _KIND_KEYS), None)
    if given is not None:
        kind = _noise_kind(ledger, f"{key}.{given}", parts[given])
    else:
        drifts = any(_is_part(name) and name not in fields_of(NormalNoise) for name in names.values())
        kind = "ornstein_uhlenbeck" if drifts else "normal"
    implied = {} if given is not None else {_KIND: kind}
    for name, value in parts.items():
        if name == given:
            continue
        if kind is None:
            ledger.leave(f"{key}.{name}", value, "Says nothing without the kind of noise.", _KIND)
        elif names[name] in fields_of(_KINDS[kind]):
            ledger.take(f"{key}.{name}", value, {**implied, f"{_NOISE}.{names[name]}": plain_number(value)})
        else:
            ledger.leave(f"{key}.{name}", value, f"Noise of the kind {kind} has no such setting.")


def _is_part(name: str) -> bool:
    return name in fields_of(OrnsteinUhlenbeckNoise)


def _noise_kind(ledger: Ledger, key: str, value: Any) -> str | None:
    """Note a kind of noise and return it, or None when there is none of that name."""
    called = "none" if value is None or value is False else str(value).strip().lower().replace("-", "_")
    called = called.replace("actionnoise", "").removesuffix("_noise")
    kind = _KIND_CALLED.get(called, called)
    if kind in _KINDS:
        ledger.take(key, value, {_KIND: kind})
        return kind
    ledger.leave(key, value, f"Noise is one of {', '.join(_KINDS)}.", _KIND)
    return None


def read_normalize(ledger: Ledger, key: str, value: Any, _: Set[str]) -> None:
    """Note what is normalised: a switch for observations and rewards, or a group; what that does not say stays off."""
    if not isinstance(value, Mapping):
        on = switch(value)
        ledger.take(key, value, dict.fromkeys((_OBSERVATION, _REWARD), value if on is None else on))
        return
    paths = {name: _NORMALIZE_CALLED.get(name.lower()) for name in value}
    for name, part in value.items():
        at, path = f"{key}.{name}", paths[name]
        if path is not None:
            on = switch(part)
            ledger.take(at, part, {path: plain_number(part) if on is None else on})
        elif name.lower() in _SWITCHES and switch(part) is not None:
            unsaid = [path for path in (_OBSERVATION, _REWARD) if path not in paths.values()]
            ledger.take(at, part, dict.fromkeys(unsaid, switch(part)))
        elif name.lower() == "gamma":
            ledger.take(at, part, {}, "The algorithm's discount is used anyway.")
        else:
            ledger.leave(at, part, "Normalisation has no such setting here.")
