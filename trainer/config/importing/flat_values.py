"""Values of home-made configurations in the form that a setting has here.

A key whose value says something else than its setting (hours for seconds, a number of minibatches for their size) has a
reader of its own. What depends on other keys has a finisher, which is called when all have been read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

from trainer.config.algorithms import ALGORITHMS, OnPolicyConfig, label_of
from trainer.config.importing.flat_groups import read_noise, read_normalize
from trainer.config.importing.names import is_atari
from trainer.config.importing.report import Ledger
from trainer.config.importing.scalars import plain_number, switch
from trainer.config.importing.wrappers import WRAPPERS, take_wrappers
from trainer.config.run import RunConfig
from trainer.config.wrappers import KNOWN_WRAPPERS

# Notes one key, given which settings there are; or, once all others have been read, given the algorithm.
Reader = Callable[[Ledger, str, Any, Set[str]], None]
Finisher = Callable[[Ledger, str, Any, str], None]

_POLICIES = {
    "mlp": "MlpPolicy",
    "cnn": "CnnPolicy",
    "multiinput": "MultiInputPolicy",
    "multi_input": "MultiInputPolicy",
}
_WIDTH = re.compile(r"\s*[0-9]{1,9}\s*")
_SECONDS = {"s": 1.0, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86_400.0}


def value_for(field: str, value: Any) -> tuple[Any, str]:
    """Return `value` as the setting `field` has it, and what was done to it in words."""
    if isinstance(value, str):
        plain = _text(field, value)
        return plain, "" if plain == value else f"Read as {plain}."
    if field == "policy.net_arch" and isinstance(value, int) and not isinstance(value, bool):
        return [value], "Read as one layer."
    return value, ""


def _text(field: str, value: str) -> Any:
    word = value.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if field == "policy.class":
        return _POLICIES.get(word.lower().removesuffix("policy").rstrip("_"), word)
    if field in ("policy.activation", "policy.optimizer"):
        last = word.lower().rpartition(".")[2]
        return {"leakyrelu": "leaky_relu", "swish": "silu"}.get(last, last)
    if field == "policy.net_arch":
        sizes = word.strip("[]()").replace("x", ",").split(",")
        return [int(size) for size in sizes] if all(map(_WIDTH.fullmatch, sizes)) else value
    return plain_number(word) if field not in ("name", "notes", "environment.id") else value


def _minibatches(ledger: Ledger, key: str, value: Any, algorithm: str) -> None:
    count = plain_number(value)
    defaults = _defaults(algorithm)
    if not issubclass(ALGORITHMS[algorithm], OnPolicyConfig) or "batch_size" not in defaults:
        ledger.leave(key, value, f"{label_of(algorithm)} does not split its rollouts into minibatches.")
        return
    copies = ledger.value("environment.n_envs", RunConfig().environment.n_envs)
    steps = ledger.value("algorithm.n_steps", defaults["n_steps"])
    if not all(isinstance(each, int) and each > 0 for each in (count, copies, steps)):
        ledger.leave(key, value, "It is not a number of minibatches of a rollout.", "algorithm.batch_size")
        return
    note = f"{copies} copies, {steps} steps each, in {count} minibatches."
    ledger.take(key, value, {"algorithm.batch_size": copies * steps // count}, note)


def _anneal(ledger: Ledger, key: str, value: Any, algorithm: str) -> None:
    defaults = _defaults(algorithm)
    rate = ledger.value("algorithm.learning_rate", defaults.get("learning_rate"))
    if "learning_rate" not in defaults:
        ledger.leave(key, value, f"{label_of(algorithm)} has no such setting.")
    elif switch(value) and isinstance(rate, (int, float)) and not isinstance(rate, bool):
        ledger.take(key, value, {"algorithm.learning_rate": f"lin_{rate}"}, "Falls to 0 over the run.")
    else:
        ledger.take(key, value, {}, "The learning rate stays as it is.")


def _skip(ledger: Ledger, key: str, value: Any, _: str) -> None:
    skip = plain_number(value)
    if is_atari(str(ledger.value("environment.id", ""))):
        ledger.add(key, value, "environment.kwargs", {"frameskip": skip})
    else:
        ledger.add(key, value, WRAPPERS, [{"name": "frame_skip", "kwargs": {"skip": skip}}])


def _wrappers(ledger: Ledger, key: str, value: Any, _: str) -> None:
    """Note each wrapper: one as we write it, by a name of ours, or as RL Zoo does."""
    listed = value if isinstance(value, list) else [value]
    for number, each in enumerate(listed):
        at = f"{key}.{number}" if len(listed) > 1 else key
        if isinstance(each, Mapping) and any(isinstance(each.get(name), str) for name in ("name", "entry_point")):
            ledger.add(at, each, WRAPPERS, [dict(each)])
        elif isinstance(each, str) and each in KNOWN_WRAPPERS:
            ledger.add(at, each, WRAPPERS, [{"name": each}])
        elif each is not None:
            take_wrappers(ledger, at, each, str(ledger.value("environment.id", "")))
    if not any(each is not None for each in listed):
        ledger.take(key, value, {}, "There are none.")


# Keys that depend on others and are read after them, in this order.
FINISHERS: Mapping[str, Finisher] = {
    "num_minibatches": _minibatches,
    "n_minibatches": _minibatches,
    "anneal_lr": _anneal,
    "linear_lr_schedule": _anneal,
    "frame_skip": _skip,
    "frameskip": _skip,
    "wrappers": _wrappers,
    "env_wrapper": _wrappers,
}


def _defaults(algorithm: str) -> dict[str, Any]:
    return {name: field.default for name, field in ALGORITHMS[algorithm].model_fields.items()}


def _polyak(ledger: Ledger, key: str, value: Any, known: Set[str]) -> None:
    number = plain_number(value)
    if "algorithm.tau" not in known:
        ledger.leave(key, value, "The algorithm has no target network that follows so.")
    elif isinstance(number, bool) or not isinstance(number, (int, float)):
        ledger.leave(key, value, "It is not a number.", "algorithm.tau")
    elif number > 0.5:
        ledger.take(key, value, {"algorithm.tau": round(1 - number, 10)}, "The share that is kept; tau is the rest.")
    else:
        ledger.take(key, value, {"algorithm.tau": number})


def _gae(ledger: Ledger, key: str, value: Any, known: Set[str]) -> None:
    """Note whether advantages are estimated with GAE, or its lambda, since scripts mean either by the name."""
    on = switch(value)
    if "algorithm.gae_lambda" not in known:
        ledger.leave(key, value, "The algorithm estimates no advantages so.")
    elif on:
        ledger.take(key, value, {}, "Advantages are estimated so anyway.")
    elif on is False:
        ledger.take(
            key, value, {"algorithm.gae_lambda": 1.0}, "With 1 an advantage is the plain return less the value."
        )
    else:
        ledger.take(key, value, {"algorithm.gae_lambda": plain_number(value)})


def _cuda(ledger: Ledger, key: str, value: Any, _: Set[str]) -> None:
    """Note a switch for the GPU, or a device by its name."""
    on = switch(value)
    if on is not None or value is None:
        ledger.take(key, value, {"training.device": "auto" if on else "cpu"})
    elif isinstance(value, str) and not isinstance(plain_number(value), (int, float)):
        ledger.take(key, value, {"training.device": value.strip().lower()})
    else:
        ledger.leave(key, value, "It may be a switch or which GPU: say cuda:0 or cpu.", "training.device")


def _gpu(ledger: Ledger, key: str, value: Any, known: Set[str]) -> None:
    """Note which GPU is used by its number, or what `cuda` may say."""
    number = plain_number(value)
    if isinstance(number, int) and not isinstance(number, bool):
        ledger.take(key, value, {"training.device": f"cuda:{number}" if number >= 0 else "cpu"})
    else:
        _cuda(ledger, key, value, known)


def _duration(unit: float) -> Reader:
    def reader(ledger: Ledger, key: str, value: Any, _: Set[str]) -> None:
        number = plain_number(value)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            ledger.take(key, value, {"training.duration_seconds": float(number) * unit})
        else:
            ledger.leave(key, value, "It is not a number.", "training.duration_seconds")

    return reader


def _backend(ledger: Ledger, key: str, value: Any, _: Set[str]) -> None:
    words = {
        "dummy": "dummy",
        "subproc": "subprocess",
        "subprocess": "subprocess",
        "sync": "dummy",
        "async": "subprocess",
    }
    known = words.get(str(value).lower().removesuffix("vecenv"))
    if known is None:
        ledger.leave(key, value, "It is no way of running copies here.", "environment.backend")
    else:
        ledger.take(key, value, {"environment.backend": known})


READERS: Mapping[str, Reader] = {
    "polyak": _polyak,
    "cuda": _cuda,
    "use_cuda": _cuda,
    "gae": _gae,
    "use_gae": _gae,
    "gpu": _gpu,
    "use_gpu": _cuda,
    **{f"duration_{unit}": _duration(factor) for unit, factor in _SECONDS.items()},
    **{f"max_{unit}": _duration(factor) for unit, factor in _SECONDS.items() if unit != "s"},
    "hours": _duration(3600.0),
    "minutes": _duration(60.0),
    "normalize": read_normalize,
    "normalise": read_normalize,
    "action_noise": read_noise,
    "exploration_noise": read_noise,
    "noise": read_noise,
    "vec_env": _backend,
    "vec_env_type": _backend,
    "vec_env_class": _backend,
}
