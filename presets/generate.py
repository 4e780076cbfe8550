"""Makes the built-in presets from RL Zoo's tuned hyperparameters: `python -m presets.generate`.

Reads the YAML files that the package rl_zoo3 ships, our own choices and the zoo's published scores in `source/`, and
writes one file an algorithm and task. The same input gives the same bytes. What is left out is counted with the reason.
A file holds only values, and only those that differ from our defaults.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from trainer.config import ALGORITHMS, RunConfig, Spaces, apply_overrides, check, load_config
from trainer.config.algorithms import label_of
from trainer.config.comparison import changed
from trainer.config.environment import EnvironmentConfig
from trainer.config.importing import import_text
from trainer.config.importing.names import ATARI_FAMILY, DEFAULT_ENTRY, algorithm_called
from trainer.config.overrides import settings_in
from trainer.config.run import SCHEMA_VERSION
from trainer.config.sizes import replay_bytes
from trainer.envs.catalogue import environment_spaces
from trainer.paths import BUILT_IN_PRESETS

SOURCE = Path(__file__).parent / "source"
ZOO = "https://github.com/DLR-RM/rl-baselines3-zoo"
SCORES = f"{ZOO}/blob/0088472b8cb622732bdbc4aa3d0d0abde86c67ed/benchmark.md"

# In this order of the page; her.yml says of itself that it is no longer used.
FILES = ("ppo", "a2c", "dqn", "ddpg", "td3", "sac", "qrdqn", "tqc", "trpo", "ppo_lstm", "crossq", "ars")
# The games of the zoo's collection; its one entry for all Atari games is meant for the others too.
GAMES = (
    "Asteroids",
    "BeamRider",
    "Breakout",
    "Enduro",
    "MsPacman",
    "Pong",
    "Qbert",
    "RoadRunner",
    "Seaquest",
    "SpaceInvaders",
)
# Why an entry cannot be a preset: its environment comes with a package that does not go with Gymnasium 1.4, or is the
# zoo's author's own.
_NOT_HERE = {
    r".*Bullet(Duck)?Env-v\d+": "its environment needs PyBullet, which is not among what Palaestra installs",
    r"Panda.*": "its environment needs PyBullet, which is not among what Palaestra installs",
    r"(donkey|Neck|A1|Rocket).*": "the environment is not published as a package",
}
_ZOO_KEEPS = 1_000_000  # transitions of QR-DQN, by saying nothing
_EVALUATIONS = 40  # of a run
_USUAL_EPISODE = 300  # steps
_ATARI = {
    "evaluation.frequency": 250_000,
    "video.every_steps": 250_000,
    "video.milestones": False,
    "video.max_length": 5000,
}
# Ours: the same number of gradient steps for each transition from eight copies, which is faster; a replay buffer that
# fits into the memory of a desktop; and checkpoints that do not write such a buffer every minute.
_ATARI_OF: Mapping[str, Mapping[str, Any]] = {
    "dqn": {
        "environment.n_envs": 8,
        "algorithm.train_freq": 1,
        "algorithm.gradient_steps": 2,
        "checkpoints.every_seconds": 1800.0,
    },
    "qrdqn": {"algorithm.buffer_size": 100_000, "checkpoints.every_seconds": 1800.0},
}


@dataclass
class Tally:
    """What was made and what was not."""

    written: list[str] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    not_taken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sources:
    """Everything that the presets are made of."""

    folder: Path
    version: str
    tasks: Mapping[str, Any]
    choices: Mapping[str, Any]
    scores: Mapping[tuple[str, str], Mapping[str, Any]]


def read_sources() -> Sources:
    """Return the zoo's files and our own.

    :raises SystemExit: rl_zoo3 is not installed
    """
    found = importlib.util.find_spec("rl_zoo3")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("rl_zoo3 is not installed: pip install -r requirements-dev.txt")
    folder = Path(found.submodule_search_locations[0]) / "hyperparams"
    tasks, choices = (json.loads((SOURCE / name).read_text("utf-8")) for name in ("tasks.json", "choices.json"))
    return Sources(folder, importlib.metadata.version("rl_zoo3"), tasks, choices, _read_scores())


def generate(sources: Sources, target: Path) -> Tally:
    """Write every preset into `target`, which may hold those of before; others there are left alone."""
    tally = Tally()
    target.mkdir(parents=True, exist_ok=True)
    for zoo_name in FILES:
        algorithm = algorithm_called(zoo_name)
        text = (sources.folder / f"{zoo_name}.yml").read_text("utf-8")
        if algorithm is None:
            tally.left[f"Palaestra has no {zoo_name}"] += len(import_text(text, algorithm="ppo").entries)
            continue
        for entry, environment in _entries(text, algorithm, tally):
            document = _preset(sources, zoo_name, text, entry, environment, tally)
            if document is not None:
                name = preset_name(algorithm, environment)
                _write(target / f"{name}.json", document)
                tally.written.append(name)
    return tally


def preset_name(algorithm: str, environment: str) -> str:
    """Return `ppo_pong` for PongNoFrameskip-v4: lower case, without version and namespace."""
    bare = re.sub(r"-v\d+$", "", environment.rpartition("/")[2]).removesuffix("NoFrameskip")
    return f"{algorithm}_{bare.lower()}"


def _entries(text: str, algorithm: str, tally: Tally) -> Iterator[tuple[str, str]]:
    """Yield each entry with what its preset is named after: itself, or each game of the Atari family."""
    for entry in import_text(text, algorithm=algorithm).entries:
        reason = next((why for pattern, why in _NOT_HERE.items() if re.fullmatch(pattern, entry)), None)
        if entry == DEFAULT_ENTRY:
            tally.left["the entry for tasks without one of their own"] += 1
        elif reason:
            tally.left[reason] += 1
        elif entry == ATARI_FAMILY:
            yield from ((entry, f"{game}NoFrameskip-v4") for game in GAMES)
        else:
            yield entry, entry


def _preset(
    sources: Sources, zoo_name: str, text: str, entry: str, environment: str, tally: Tally
) -> dict[str, Any] | None:
    imported = import_text(text, entry=entry, algorithm=zoo_name)
    config = imported.config
    if config is None:
        raise AssertionError(f"{zoo_name}.yml, {entry}: nothing was read")
    if entry == ATARI_FAMILY:
        config = load_config(apply_overrides(config.to_data(), {"environment.id": environment}))
    task = sources.tasks.get(config.environment.id)
    why = "it needs a wrapper of an unpublished package" if "ae.wrapper" in str(imported.report) else None
    if task is None or why:
        tally.left[why or f"{config.environment.id} is not among source/tasks.json"] += 1
        return None
    lost = [line for line in imported.report if not line.taken]
    tally.not_taken += [f"{zoo_name}.yml, {entry}: {line.key}: {line.note}" for line in lost]
    name = preset_name(config.algorithm.name, environment)
    choices = sources.choices.get(name, {})
    chosen = {**_around(config, task, entry), **dict(settings_in(choices.get("config", {})))}
    config = load_config(apply_overrides(config.to_data(), chosen))
    faults = check(config)
    if faults:
        raise AssertionError(f"{name}: {faults}")
    return {
        "schema_version": SCHEMA_VERSION,
        "about": _about(sources, zoo_name, entry, environment, config, choices),
        "config": sparse(config),
    }


def _around(config: RunConfig, task: Mapping[str, Any], entry: str) -> dict[str, Any]:
    """Return what the zoo does not say: how often the run is measured and filmed, fit for its length and its task."""
    total = config.training.total_timesteps
    episode = int(task.get("episode", _USUAL_EPISODE))
    between = min(max(total / _EVALUATIONS, 10 * episode), total / 4)  # short runs are not spent on being measured
    found: dict[str, Any] = {"evaluation.frequency": _round(between)}
    if entry == ATARI_FAMILY:
        found |= _ATARI | _ATARI_OF.get(config.algorithm.name, {})
    if "threshold" in task:
        found["evaluation.reward_threshold"] = task["threshold"]
    if "episode" in task:
        found["video.max_length"] = task["episode"]
    usual = "LinearPolicy" if config.algorithm.name == "ars" else "MlpPolicy"
    if config.policy.class_ in (usual, "MultiInputPolicy"):
        found["policy.class"] = "auto"  # takes the same, and goes on fitting when the environment is changed
    return found


def _round(number: float) -> int:
    """Return the nearest of 1, 2.5, 5 times a power of ten that is not larger."""
    power = 10 ** (len(str(int(number))) - 1)
    return int(next(step * power for step in (5, 2.5, 1) if step * power <= number))


def _about(
    sources: Sources, zoo_name: str, entry: str, environment: str, config: RunConfig, choices: Mapping[str, Any]
) -> dict[str, Any]:
    task = sources.tasks[config.environment.id]
    label = label_of(config.algorithm.name)
    masked = " without velocities" if "NoVel" in entry else ""
    said = _said_of_memory(config) if entry == ATARI_FAMILY else ""
    description = choices.get("description", task["goal"] + said)
    if config.environment.id != environment and not masked and "Tuned on" not in description:
        description += f" Tuned on {environment}, whose task is the same."
    source = f"RL Baselines3 Zoo (rl_zoo3 {sources.version}), hyperparams/{zoo_name}.yml, {entry}: {ZOO}"
    about: dict[str, Any] = {
        "title": f"{label} on {task['name']}{masked}",
        "description": description,
        "source": source,
    }
    score = sources.scores.get((zoo_name, _bare(environment)))
    if score is not None:
        about["score"] = dict(score)
    return about


def _said_of_memory(config: RunConfig) -> str:
    """Return what there is to say of a replay buffer of frames, each of which is stored once."""
    if config.algorithm.name not in ("dqn", "qrdqn"):
        return ""
    kept = _gigabytes(config)
    if config.algorithm.name == "dqn":
        return f" The replay buffer takes about {kept} of memory: each frame is stored once."
    zoo = load_config(apply_overrides(config.to_data(), {"algorithm.buffer_size": _ZOO_KEEPS}))
    ours = getattr(config.algorithm, "buffer_size", 0)
    return (
        f" Keeps {ours:,} transitions ({kept} of memory), as DQN does, of the zoo's {_ZOO_KEEPS:,}, "
        f"which take {_gigabytes(zoo)}."
    )


def _gigabytes(config: RunConfig) -> str:
    return f"{(replay_bytes(config, _frames()) or 0) / 1e9:.1f} GB"


@cache
def _frames() -> Spaces:
    """Return the spaces of Atari games, which differ in their actions alone."""
    return environment_spaces(EnvironmentConfig(id=f"{GAMES[0]}NoFrameskip-v4"))


def sparse(config: RunConfig) -> dict[str, Any]:
    """Return the settings that differ from the defaults of the same algorithm, in the order of the form."""
    name = config.algorithm.name
    base: dict[str, Any] = {"algorithm": {"name": name}}
    noise = getattr(config.algorithm, "action_noise", None)
    if noise is not None:
        base["algorithm"]["action_noise"] = {"kind": noise.kind}
    defaults = load_config(base).to_data()
    found: dict[str, Any] = {"environment": {"id": config.environment.id}, "algorithm": {"name": name}}
    data = config.to_data()
    for path, (_, value) in changed(defaults, data, gone=False).items():
        *groups, last = path.split(".")
        node = found
        for group in groups:
            node = node.setdefault(group, {})
        node[last] = value
    if noise is not None and noise.kind != "none":
        found["algorithm"]["action_noise"] = {"kind": noise.kind, **found["algorithm"].get("action_noise", {})}
    environment = found["environment"]
    if "wrappers" in environment:
        environment["wrappers"] = [{k: v for k, v in each.items() if v} for each in environment["wrappers"]]
    return {key: found[key] for key in data if key in found}


def _read_scores() -> dict[tuple[str, str], dict[str, Any]]:
    with (SOURCE / "scores.csv").open(encoding="utf-8", newline="") as file:
        return {(row["algorithm"], _bare(row["environment"])): _score(row) for row in csv.DictReader(file)}


def _score(row: Mapping[str, str]) -> dict[str, Any]:
    steps = int(float(row["steps"].rstrip("kM")) * {"k": 1e3, "M": 1e6}[row["steps"][-1]])
    return {
        "mean": float(row["mean"]),
        "std": float(row["std"]),
        "episodes": int(row["episodes"]),
        "steps": steps,
        "environment": row["environment"],
        "source": SCORES,
    }


def _bare(environment: str) -> str:
    return re.sub(r"-v\d+$", "", environment)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def main() -> int:
    """Write the presets and say what was made of what."""
    parser = argparse.ArgumentParser(prog="python -m presets.generate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=BUILT_IN_PRESETS, metavar="DIR", help="folder to write into")
    target = parser.parse_args().into
    sources = read_sources()
    tally = generate(sources, target)
    print(f"rl_zoo3 {sources.version}: {len(tally.written)} presets written into {target}")
    per_algorithm = Counter(
        next(name for name in sorted(ALGORITHMS, key=len, reverse=True) if each.startswith(f"{name}_"))
        for each in tally.written
    )
    print("  " + ", ".join(f"{name} {count}" for name, count in per_algorithm.items()))
    scored = sum("score" in json.loads((target / f"{name}.json").read_text("utf-8"))["about"] for name in tally.written)
    print(f"  {scored} with a published score")
    print(f"left out: {sum(tally.left.values())}")
    for reason, count in tally.left.most_common():
        print(f"  {count:3}  {reason}")
    for line in tally.not_taken:
        print(f"not taken: {line}")
    stale = {path.stem for path in target.glob("*.json")} - set(tally.written)
    if stale:
        print(f"in the folder, but not made from the zoo: {', '.join(sorted(stale))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
