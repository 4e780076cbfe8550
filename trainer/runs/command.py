"""The exact terminal line that does a run again: a preset and what differs from it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess  # only its quoting rules for Windows are used
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.config import PresetStore, RunConfig
from trainer.config.comparison import changed as compare
from trainer.paths import OUTPUTS, program


def differences(base: RunConfig, config: RunConfig) -> dict[str, Any]:
    """Return the overrides that turn `base` into `config`: dotted path to JSON value.

    With another algorithm every field that differs from that algorithm's own defaults is named.
    """
    before, after = (_json(each) for each in (base, config))
    changed: dict[str, Any] = {}
    if before["algorithm"]["name"] != after["algorithm"]["name"]:
        changed["algorithm.name"] = after["algorithm"]["name"]
        before["algorithm"] = _json(type(config.algorithm)())
    settings = compare(before, after, gone=False)
    return changed | {path: new for path, (_, new) in settings.items() if path not in changed}


def command_line(config: RunConfig, base_name: str, base: RunConfig, *, windows: bool = os.name == "nt") -> str:
    """Return the shell line that trains `config`, starting from the preset or file `base_name`."""
    words = [program(windows=windows), "train", base_name]
    for path, value in differences(base, config).items():
        words += ["--set", f"{path}={_flag_text(value)}"]
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def shortest_command(config: RunConfig, presets: PresetStore, preset: str | None = None) -> str:
    """Return the line for `config` from `preset`, or from the preset that leaves the fewest differences."""
    if preset is not None:
        return command_line(config, preset, presets.load(preset).config)
    infos = presets.list()
    same = [info for info in infos if info.algorithm == config.algorithm.name] or infos
    loaded = [presets.load(info.name) for info in same if info.built_in]
    base = min(loaded, key=lambda candidate: len(differences(candidate.config, config)))
    return command_line(config, base.name, base.config)


def fork_command(parent_id: str, step: int, changes: Mapping[str, Any], *, windows: bool = os.name == "nt") -> str:
    """Return the shell line that forks a run once more."""
    words = [program(windows=windows), "fork", parent_id, "--step", str(step)]
    for path, value in changes.items():
        words += ["--set", f"{path}={_flag_text(value)}"]
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def into(outputs: Path, command: str, *, windows: bool = os.name == "nt") -> str:
    """Return `command` such that its run lands in the folder `outputs`, and so in the database there."""
    if outputs == OUTPUTS:
        return command
    words = ["--outputs", str(outputs)]
    return f"{command} {subprocess.list2cmdline(words) if windows else shlex.join(words)}"


def _json(model: Any) -> dict[str, Any]:
    data: dict[str, Any] = model.model_dump(mode="json", by_alias=True)
    return data


def _flag_text(value: Any) -> str:
    """Write a value so that reading it back as JSON, or else as text, gives the same value."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value, ensure_ascii=False)
