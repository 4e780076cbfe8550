"""Values of home-made configurations in the form that a setting has here.

A key whose value says something else than its setting (hours for seconds, a number of minibatches for their size) has a
reader of its own. What depends on other keys waits until all have been read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from trainer.config.importing.names import is_atari
from trainer.config.importing.report import Ledger
from trainer.config.importing.wrappers import add_wrapper, take_wrappers
from trainer.config.importing.zoo import plain_number, unnamed
from trainer.config.run import RunConfig

Waiting = dict[str, tuple[str, Any]]
Reader = Callable[[Ledger, Waiting, str, Any, Set[str]], None]

_POLICIES = {
    "mlp": "MlpPolicy",
    "cnn": "CnnPolicy",
    "multiinput": "MultiInputPolicy",
    "multi_input": "MultiInputPolicy",
}
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
        return [int(size) for size in sizes] if all(size.strip().isdigit() for size in sizes) else value
    return plain_number(word) if field not in ("name", "notes", "environment.id") else value


def finish(ledger: Ledger, waiting: Waiting) -> None:
    """Note the keys that depend on others, now that those are known."""
    defaults = RunConfig()
    if "minibatches" in waiting:
        key, count = waiting["minibatches"]
        copies = ledger.value("environment.n_envs", defaults.environment.n_envs)
        steps = ledger.value("algorithm.n_steps", 2048)
        size = _whole(copies) * _whole(steps) // max(1, _whole(count))
        note = f"{copies} copies, {steps} steps each, in {count} minibatches."
        ledger.take(key, count, {"algorithm.batch_size": size}, note)
    if "anneal" in waiting:
        key, wanted = waiting["anneal"]
        rate = ledger.value("algorithm.learning_rate", 3e-4)
        if wanted is True and isinstance(rate, (int, float)) and not isinstance(rate, bool):
            ledger.take(key, wanted, {"algorithm.learning_rate": f"lin_{rate:g}"}, "Falls to 0 over the run.")
        else:
            ledger.take(key, wanted, {}, "The learning rate stays as it is.")
    if "skip" in waiting:
        key, skip = waiting["skip"]
        if is_atari(str(ledger.value("environment.id", ""))):
            kwargs = {**ledger.value("environment.kwargs", {}), "frameskip": skip}
            ledger.take(key, skip, {"environment.kwargs": kwargs})
        else:
            ledger.take(key, skip, add_wrapper(ledger, {"name": "frame_skip", "kwargs": {"skip": skip}}))
    if "wrappers" in waiting:
        key, wrappers = waiting["wrappers"]
        ours = isinstance(wrappers, list) and all(isinstance(each, Mapping) and "kwargs" in each for each in wrappers)
        if ours:
            ledger.take(key, wrappers, {"environment.wrappers": wrappers})
        else:
            take_wrappers(ledger, key, wrappers, str(ledger.value("environment.id", "")))


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 1


def _wait(name: str, needs: str) -> Reader:
    def reader(ledger: Ledger, waiting: Waiting, key: str, value: Any, known: Set[str]) -> None:
        if needs in known:
            waiting[name] = (key, plain_number(value))
        else:
            ledger.leave(key, value, "The algorithm has no such setting.")

    return reader


def _polyak(ledger: Ledger, _: Waiting, key: str, value: Any, known: Set[str]) -> None:
    number = plain_number(value)
    if "algorithm.tau" not in known or not isinstance(number, (int, float)):
        ledger.leave(key, value, "The algorithm has no target network that follows so.")
    elif number > 0.5:
        ledger.take(key, value, {"algorithm.tau": round(1 - number, 10)}, "The share that is kept; tau is the rest.")
    else:
        ledger.take(key, value, {"algorithm.tau": number})


def _cuda(ledger: Ledger, _: Waiting, key: str, value: Any, __: Set[str]) -> None:
    ledger.take(key, value, {"training.device": "auto" if value in (True, "true") else "cpu"})


def _duration(unit: float) -> Reader:
    def reader(ledger: Ledger, _: Waiting, key: str, value: Any, __: Set[str]) -> None:
        number = plain_number(value)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            ledger.take(key, value, {"training.duration_seconds": float(number) * unit})
        else:
            ledger.leave(key, value, "It is not a number.", "training.duration_seconds")

    return reader


def _normalize(ledger: Ledger, _: Waiting, key: str, value: Any, __: Set[str]) -> None:
    both = ("environment.normalize_observation", "environment.normalize_reward")
    if isinstance(value, Mapping):
        observation = value.get("observation", value.get("obs", value.get("norm_obs", False)))
        reward = value.get("reward", value.get("norm_reward", False))
        ledger.take(key, value, dict(zip(both, (observation, reward), strict=True)))
    else:
        ledger.take(key, value, dict.fromkeys(both, value_for(both[0], value)[0]))


def _noise(ledger: Ledger, _: Waiting, key: str, value: Any, known: Set[str]) -> None:
    if "algorithm.action_noise" not in known:
        ledger.leave(key, value, "The algorithm adds no noise to its actions.")
        return
    given = dict(value) if isinstance(value, Mapping) else {"sigma": value}
    if isinstance(value, str) and not isinstance(plain_number(value), (int, float)):
        given = {"kind": value}
    kind = str(given.get("kind", given.get("type", given.get("name", "normal")))).lower().replace("-", "_")
    kind = {"ou": "ornstein_uhlenbeck", "gaussian": "normal", "ornsteinuhlenbeck": "ornstein_uhlenbeck"}.get(kind, kind)
    sigma = next((given[name] for name in ("sigma", "std", "scale", "stddev") if name in given), None)
    noise = {"kind": kind, **({} if sigma is None or kind == "none" else {"sigma": plain_number(sigma)})}
    ledger.take(key, unnamed(value), {"algorithm.action_noise": noise})


def _backend(ledger: Ledger, _: Waiting, key: str, value: Any, __: Set[str]) -> None:
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
    "num_minibatches": _wait("minibatches", "algorithm.batch_size"),
    "n_minibatches": _wait("minibatches", "algorithm.batch_size"),
    "anneal_lr": _wait("anneal", "algorithm.learning_rate"),
    "linear_lr_schedule": _wait("anneal", "algorithm.learning_rate"),
    "frame_skip": _wait("skip", "environment.wrappers"),
    "frameskip": _wait("skip", "environment.wrappers"),
    "wrappers": _wait("wrappers", "environment.wrappers"),
    "env_wrapper": _wait("wrappers", "environment.wrappers"),
    "polyak": _polyak,
    "cuda": _cuda,
    "use_cuda": _cuda,
    "gpu": _cuda,
    "use_gpu": _cuda,
    **{f"duration_{unit}": _duration(factor) for unit, factor in _SECONDS.items()},
    **{f"max_{unit}": _duration(factor) for unit, factor in _SECONDS.items() if unit != "s"},
    "hours": _duration(3600.0),
    "minutes": _duration(60.0),
    "normalize": _normalize,
    "normalise": _normalize,
    "action_noise": _noise,
    "exploration_noise": _noise,
    "noise": _noise,
    "vec_env": _backend,
    "vec_env_type": _backend,
    "vec_env_class": _backend,
}
