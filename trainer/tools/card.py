"""A folder that holds a model with all that says what it is, in the form in which Hugging Face shows models.

`README.md` with its YAML header, `model.zip`, which loads in plain Stable-Baselines3, `config.json`, `results.json`,
the statistics of normalised observations and a video where there are such. Nothing leaves this machine: the page and
the command line name the one command that uploads the folder.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from trainer import whole_files as files
from trainer.algorithms.build import PLAIN
from trainer.config import load_config
from trainer.media.parts import VIDEOS
from trainer.subprocesses import command_line
from trainer.tools.evaluation import examine, keep
from trainer.tools.formats import CARD
from trainer.tools.progress import Progress
from trainer.tools.results import ABOUT, EXPORTS, evaluations_in, folder_in, tidy_unfinished
from trainer.tools.subject import Subject

_NORMALIZATION = "normalization.npz"


def make_card(subject: Subject, *, episodes: int, progress: Progress, place: Path | None = None) -> dict[str, Any]:
    """Make the folder of a checkpoint and return what its `export.json` says.

    :param episodes: to be played where this checkpoint has no evaluation yet
    :param place: the folder; None makes `exports/step_<n>_card` in the run's directory. What was there gives way.
    :raises CancelledError: it was cut short; nothing of it remains
    """
    is_own = place is None
    place = place or subject.directory / EXPORTS / f"step_{subject.step}_{CARD}"
    tidy_unfinished(subject.directory)
    results = _evaluation(subject, episodes, progress)
    video = _video(subject)
    name = f"{subject.config.algorithm.name}-{subject.config.environment.id.rpartition('/')[2]}"
    about = {
        "format": CARD,
        "file": "README.md",
        "run": subject.directory.name,
        "step": subject.step,
        "algorithm": subject.config.algorithm.name,
        "environment": subject.config.environment.id,
        "mean": results["all"]["mean"],
        "std": results["all"]["std"],
        "video": video is not None,
        "upload": command_line("hf", "upload", f"YOUR_NAME/{name}", str(place)),
        "time": time.time(),
    }
    if is_own:
        folder_in(subject.directory, EXPORTS)
    with files.made_beside(place) as beside:
        shutil.copyfile(subject.checkpoint.path / "model.zip", beside / "model.zip")
        normalization = subject.checkpoint.path / _NORMALIZATION
        is_normalized = subject.config.environment.normalize_observation and normalization.is_file()
        if is_normalized:
            shutil.copyfile(normalization, beside / _NORMALIZATION)
        if video is not None:
            shutil.copyfile(video, beside / "replay.mp4")
        _write_json(beside / "config.json", _config_of(subject))
        _write_json(beside / "results.json", results)
        _write_json(beside / ABOUT, about)
        (beside / "README.md").write_text(_readme(subject, results, is_normalized=is_normalized), encoding="utf-8")
    return {**about, "folder": place.name, "path": str(place)}


def library_class(algorithm: str) -> tuple[str, str]:
    """Return package and class that load a model of an algorithm: `("stable_baselines3", "PPO")`."""
    for kind in PLAIN[algorithm].__mro__:
        package = kind.__module__.partition(".")[0]
        if package in ("stable_baselines3", "sb3_contrib"):
            return package, kind.__name__
    raise LookupError(f"no class loads a model of {algorithm}")


def _evaluation(subject: Subject, episodes: int, progress: Progress) -> dict[str, Any]:
    for result in evaluations_in(subject.directory):
        if result.get("step") == subject.step and result.get("deterministic"):
            return {key: value for key, value in result.items() if key != "file"}
    result = examine(subject, episodes=episodes, seeds=(0,), deterministic=True, progress=progress)
    keep(subject.directory, result)
    return result


def _video(subject: Subject) -> Path | None:
    """Return the newest video of this checkpoint, else the last one before it."""
    found = sorted((subject.directory / VIDEOS).glob("step_*.mp4"))
    before = [path for path in found if int(path.stem.split("_")[1]) <= subject.step]
    return before[-1] if before else None


def _readme(subject: Subject, results: dict[str, Any], *, is_normalized: bool) -> str:
    config, whole = subject.config, results["all"]
    package, kind = library_class(config.algorithm.name)
    environment = config.environment.id
    reward = f"{whole['mean']:.2f} +/- {whole['std']:.2f}"
    interval = whole["interval"]
    between = f", {interval[0]:.2f} to {interval[1]:.2f} with 95 % confidence" if interval else ""
    lines = [
        "---",
        *_header(kind, environment, reward),
        "---",
        "",
        f"# {kind} agent playing {environment}",
        "",
        f"Trained for {subject.step:,} environment steps with "
        "[Stable-Baselines3](https://github.com/DLR-RM/stable-baselines3) by Palaestra.",
        "",
        "| Mean return | Episodes | Mean length | Policy |",
        "|---|---|---|---|",
        f"| {reward}{between} | {whole['episodes']} | {whole['mean_length']:.1f} | deterministic |",
        "",
        "## Use",
        "",
        "```python",
        *_usage(subject, package, kind, is_normalized=is_normalized),
        "```",
        "",
        "`config.json` is the whole configuration of the run, `results.json` every episode that was played.",
        "",
    ]
    return "\n".join(lines)


def _header(kind: str, environment: str, reward: str) -> list[str]:
    # JSON strings are YAML strings, whatever is in them.
    name, env = json.dumps(kind), json.dumps(environment)
    tags = [env, "deep-reinforcement-learning", "reinforcement-learning", "stable-baselines3"]
    return [
        "library_name: stable-baselines3",
        "pipeline_tag: reinforcement-learning",
        "tags:",
        *(f"- {tag}" for tag in tags),
        "model-index:",
        f"- name: {name}",
        "  results:",
        "  - task:",
        "      type: reinforcement-learning",
        "      name: reinforcement-learning",
        "    dataset:",
        f"      name: {env}",
        f"      type: {env}",
        "    metrics:",
        "    - type: mean_reward",
        f"      value: {reward}",
        "      name: mean_reward",
        "      verified: false",
    ]


def _usage(subject: Subject, package: str, kind: str, *, is_normalized: bool) -> list[str]:
    """Return the lines of Python that load the model and act with it, as its library has it."""
    is_recurrent = subject.config.algorithm.name == "recurrent_ppo"
    lines = ["import numpy as np"] if is_normalized or is_recurrent else []
    lines += [f"from {package} import {kind}", "", f'model = {kind}.load("model.zip"{_left_out(subject)})']
    if is_normalized:
        lines += _normalizing(subject)
    observation = "seen" if is_normalized else "observation"
    if is_recurrent:
        return [
            *lines,
            "state, begins = None, np.array([True])  # what it remembers; whether an episode begins here",
            f"action, state = model.predict({observation}, state, begins, deterministic=True)",
            "begins = np.array([False])  # give both on to the next step",
        ]
    if subject.config.algorithm.name == "maskable_ppo":
        return [
            *lines,
            "# mask: what the environment's action_masks() says; leave it out where there is none",
            f"action, _ = model.predict({observation}, deterministic=True, action_masks=mask)",
        ]
    return [*lines, f"action, _ = model.predict({observation}, deterministic=True)"]


def _left_out(subject: Subject) -> str:
    """Return the argument that loads a model without its buffer's class, which needs an environment or the user's code.

    The subject is without it already, so it is the configuration of the checkpoint that is asked.
    """
    algorithm = load_config(_config_of(subject)).algorithm
    left: dict[str, Any] = {}
    for name in ("replay_buffer_class", "rollout_buffer_class"):
        relabels = name.startswith("replay") and getattr(algorithm, "relabels", False)
        if relabels or getattr(algorithm, name, None) is not None:
            left |= {name: None, name.replace("_class", "_kwargs"): {}}
    return f", custom_objects={left!r}".replace("'", '"') if left else ""


def _normalizing(subject: Subject) -> list[str]:
    """Return the lines that make `seen` of `observation`, with the statistics beside the model."""
    environment = subject.config.environment
    keys = list((subject.state["normalization"] or {}).get("observation") or {"": None})
    epsilon, clip = f"{environment.normalize_epsilon:g}", f"{environment.clip_normalized_observation:g}"
    lines = [f'statistics = np.load("{_NORMALIZATION}")']
    if keys == [""]:
        return [
            *lines,
            f'spread = np.sqrt(statistics["observation_var"] + {epsilon})',
            f'seen = np.clip((observation - statistics["observation_mean"]) / spread, -{clip}, {clip})',
            "seen = seen.astype(np.float32)",
        ]
    return [
        *lines,
        "seen = dict(observation)",
        f"for key in {json.dumps(keys)}:",
        f'    spread = np.sqrt(statistics[key + "_var"] + {epsilon})',
        f'    seen[key] = np.clip((seen[key] - statistics[key + "_mean"]) / spread, -{clip}, {clip})',
        "    seen[key] = seen[key].astype(np.float32)",
    ]


def _config_of(subject: Subject) -> dict[str, Any]:
    config: dict[str, Any] | None = subject.state.get("config")
    return config or files.read_json(subject.directory / "config.json")


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
