"""The tools in the terminal: the same work as on the page, in this process, with a progress bar.

The progress goes to standard error; standard output carries the result, as one line of JSON with `--json`. Ctrl+C ends
a tool, of which nothing remains then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from trainer.amounts import counted, size
from trainer.engine import Engine
from trainer.errors import ConflictError
from trainer.terminal import COMPLETED, FAILED, INTERRUPTED
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.pruning import preview, prune
from trainer.tools.results import ABOUT
from trainer.tools.tasks import OfCheckpoint, Prune
from trainer.tools.work import perform, video_events

_SHOWN = 20  # runs named before pruning
Ask = Callable[[str], str]


def run_tool(engine: Engine, task: OfCheckpoint, *, place: Path | None = None, as_json: bool = False) -> int:
    """Do what a task asks for, tell the result, and return the exit status.

    :param place: folder that an export is written to; None keeps it with its run
    :raises PalaestraError: it cannot be done; the message says why
    """
    engine.manager.take_in_found()  # it may have been copied from another machine
    record = engine.manager.get(task.run)
    if place is not None:
        require_free(place)
    console = Console(stderr=True)
    try:
        result = _with_bar(console, lambda progress: perform(task, engine.layout.run(record.id), progress, place))
    except (KeyboardInterrupt, CancelledError):
        console.print("Cancelled; nothing of it remains.")
        return INTERRUPTED
    for event in video_events(result) if "videos" in result else ():
        engine.store.emit(event)
    _say(result, engine.layout.run(record.id), as_json=as_json)
    return FAILED if not result.get("check", {}).get("equal", True) else COMPLETED


def run_prune(engine: Engine, task: Prune, *, yes: bool, ask: Ask = input, as_json: bool = False) -> int:
    """Show what pruning would delete, ask, and do it; return the exit status.

    :param yes: do not ask
    :param ask: asks a person
    :raises PalaestraError: there is no such run, or it still lives
    """
    console = Console(stderr=True)
    try:
        foretold = _with_bar(console, lambda progress: preview(engine.manager, engine.layout, task, progress))
        count = foretold["checkpoint_count"], foretold["replay_count"]
        if count == (0, 0):
            _out({**foretold, "done": False} if as_json else "Nothing is to be deleted.", as_json=as_json)
            return COMPLETED
        for line in _foretold(foretold):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if not yes and not _agreed(ask):
            _out({**foretold, "done": False} if as_json else "Nothing was deleted.", as_json=as_json)
            return COMPLETED
        done = _with_bar(
            console, lambda progress: prune(engine.manager, engine.layout, task, engine.store.emit, progress)
        )
    except KeyboardInterrupt:
        console.print("Cut short; what was deleted until then is gone, and every run is whole.")
        return INTERRUPTED
    for line in done["skipped"]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    words = _pruned(done["checkpoints"], done["replays"], done["runs"])
    freed = f"Deleted {words}; {size(done['freed_bytes'])} came free."
    _out({**done, "done": True} if as_json else freed, as_json=as_json)
    return COMPLETED


def require_free(place: Path) -> None:
    """Refuse to write an export where something else is.

    :raises ConflictError: the folder has files that are no export of ours
    """
    if place.exists() and not (place / ABOUT).is_file() and (place.is_file() or any(place.iterdir())):
        raise ConflictError(f"{place} holds other files; name a folder that is empty or not there yet.")


def _with_bar(console: Console, work: Callable[[Progress], dict[str, Any]]) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("preparing", total=1.0)
        return work(Progress(lambda fraction, words: bar.update(shown, completed=fraction, description=words)))


def _say(result: dict[str, Any], directory: Path, *, as_json: bool) -> None:
    if as_json:
        _out(result, as_json=True)
        return
    if "seeds" in result:
        lines = [_row(f"seed {row['seed']}", row) for row in result["seeds"]]
        lines += [_row("all", result["all"])] if len(lines) > 1 else []
        lines += [result["all"]["interval_of"], f"kept as {directory / 'evaluations' / result['file']}"]
    elif "videos" in result:
        lines = [f"{directory / each['path']}  return {each['episode_return']:,.2f}" for each in result["videos"]]
    elif "check" in result:
        check = result["check"]
        equal = "equal actions" if check["equal"] else f"{check['different']} DIFFERENT ACTIONS"
        lines = [result["path"], f"{equal} on {check['observations']} observations (tolerance {check['tolerance']:g})"]
    else:
        lines = [result["path"], f"mean return {result['mean']:,.2f} ± {result['std']:,.2f}"]
        lines += [f"Upload it with your own token: {result['upload']}"]
    _out("\n".join(lines), as_json=False)


def _row(name: str, row: dict[str, Any]) -> str:
    interval = row["interval"]
    between = f"  95 % interval {interval[0]:,.2f} to {interval[1]:,.2f}" if interval else ""
    spread = f"mean {row['mean']:,.2f} ± {row['std']:,.2f}  min {row['min']:,.2f}  max {row['max']:,.2f}"
    return f"{name:<10} {spread}{between}  length {row['mean_length']:,.1f}"


def _foretold(foretold: dict[str, Any]) -> list[str]:
    lines = []
    for each in foretold["runs"][:_SHOWN]:
        gone = ", ".join(f"{one['step']:,} ({one['kind']})" for one in each["checkpoints"]) or "none"
        replays = f"; replay buffers of {len(each['replays'])} more" if each["replays"] else ""
        lines.append(f"{each['name']} [{each['run']}]: checkpoints {gone}{replays}; {size(each['freed_bytes'])}")
    more = foretold["run_count"] - len(lines)
    if more > 0:
        lines.append(f"and {counted(more, 'more run')}")
    words = _pruned(foretold["checkpoint_count"], foretold["replay_count"], foretold["run_count"])
    lines.append(f"In all {words}; {size(foretold['freed_bytes'])} come free.")
    return lines


def _pruned(checkpoints: int, replays: int, runs: int) -> str:
    gone = f"{counted(checkpoints, 'checkpoint')} and {counted(replays, 'replay buffer')}"
    return f"{gone} of {counted(runs, 'run')}"


def _agreed(ask: Ask) -> bool:
    if not sys.stdin.isatty() and ask is input:
        return False
    return ask("Delete them? They cannot be brought back. [y/N] ").strip().lower() in ("y", "yes")


def _out(words: str | dict[str, Any], *, as_json: bool) -> None:
    sys.stdout.write((json.dumps(words) if as_json else str(words)) + "\n")
    sys.stdout.flush()
