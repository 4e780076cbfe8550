"""The commands for what comes after training: evaluate, export, render, prune, and a look at the machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.settings import Settings

if TYPE_CHECKING:
    from trainer.engine import Engine

TOOLS = {
    "evaluate": "play whole episodes with a checkpoint and say what they gave",
    "export": "write a checkpoint's policy as ONNX, TorchScript or a model card folder",
    "render": "record episodes of a checkpoint as videos",
    "prune": "delete checkpoints that are not to be kept, after showing what that frees",
    "doctor": "say what this machine has of what the program needs",
}
FLAGS = (
    "checkpoint",
    "episodes",
    "seeds",
    "seed",
    "stochastic",
    "max_length",
    "format",
    "to",
    "newest",
    "best",
    "final",
    "milestones",
    "replay",
    "yes",
)
Commands = Any  # argparse keeps the type of its sub-parsers to itself
Opened = Callable[[Settings], AbstractContextManager["Engine"]]


def add_tool_commands(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the tools to the command line."""
    made = {
        name: commands.add_parser(
            name, parents=[shared], argument_default=argparse.SUPPRESS, help=text, description=f"{text.capitalize()}."
        )
        for name, text in TOOLS.items()
    }
    for name in ("evaluate", "export", "render"):
        made[name].add_argument("run_id", metavar="RUN_ID", help="as the run's directory is called")
        made[name].add_argument("--checkpoint", metavar="WHICH", help="newest, best, or a number of steps (newest)")
    for name in ("evaluate", "render"):
        made[name].add_argument("--episodes", type=int, metavar="N", help="how many; with each seed")
        made[name].add_argument("--stochastic", action="store_true", help="draw actions as training does")
    made["evaluate"].add_argument("--seeds", metavar="0,1,2", type=_numbers, help="decide the episodes (0)")
    made["render"].add_argument("--seed", metavar="N", type=int, help="decides the episodes (0)")
    made["render"].add_argument("--max-length", metavar="N", type=int, help="agent steps of an episode (3000)")
    made["export"].add_argument("--format", required=True, choices=("onnx", "torchscript", "card"), help="what to make")
    made["export"].add_argument("--to", type=Path, metavar="DIR", help="folder for it (with the run, under exports/)")
    _add_prune_flags(made["prune"])
    for command in made.values():
        command.add_argument("--json", dest="as_json", action="store_true", help="end with one line of JSON")


def run_tool_command(settings: Settings, command: str, own: Mapping[str, Any], opened: Opened) -> int:
    """Do what one of `TOOLS` is asked for and return the exit status.

    :param opened: gives the engine to work with
    :raises PalaestraError: it cannot be done; the message says why
    """
    as_json = own.get("as_json", False)
    if command == "doctor":
        return _doctor(settings, as_json=as_json)
    from trainer.tools.tasks import OfCheckpoint, Prune, read_task
    from trainer.tools.terminal import run_prune, run_tool

    task = read_task(_asked(command, own))
    with opened(settings) as engine:
        if isinstance(task, OfCheckpoint):
            return run_tool(engine, task, place=own.get("to"), as_json=as_json)
        assert isinstance(task, Prune)  # noqa: S101  # the only other one
        return run_prune(engine, task, yes=own.get("yes", False), as_json=as_json)


def _asked(command: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a command's flags as a task."""
    names = ("checkpoint", "episodes", "seeds", "seed", "max_length", "newest", "best", "final", "milestones", "replay")
    asked: dict[str, Any] = {"kind": command, "run": own.get("run_id")}
    asked |= {name: own[name] for name in names if name in own}
    if command == "export" and own["format"] == "card":
        asked["kind"] = "card"
    elif command == "export":
        asked["format"] = own["format"]
    if own.get("stochastic"):
        asked["deterministic"] = False
    return asked


def _add_prune_flags(prune: argparse.ArgumentParser) -> None:
    prune.add_argument("run_id", metavar="RUN_ID", nargs="?", help="one run; without it all that have ended")
    prune.add_argument("--newest", type=int, metavar="N", help="how many of the newest stay (1)")
    for name in ("best", "final", "milestones"):
        prune.add_argument(f"--no-{name}", dest=name, action="store_false", help=f"do not keep the {name}")
    prune.add_argument(
        "--no-replay", dest="replay", action="store_false", help="only the newest keeps its replay buffer"
    )
    prune.add_argument("--yes", action="store_true", help="do not ask")


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 0,1,2") from None


def _doctor(settings: Settings, *, as_json: bool) -> int:
    from trainer.tools.doctor import examine_machine, summary

    found = []
    for finding in examine_machine(settings.outputs, settings.database):
        found.append(finding)
        if not as_json:
            sys.stdout.write(f"{finding.level:<6} {finding.name:<22} {finding.words}\n")
            sys.stdout.flush()
    result = summary(found)
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0 if result["ok"] else 1
