"""Training in the terminal: the same engine and the same store as the page, with a progress bar.

The progress goes to standard error; standard output carries the result alone, as one line of JSON with `--json`.
The first Ctrl+C stops the run with a checkpoint, the second ends the program at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from trainer.config import Preset, RunConfig, advise, apply_overrides, load_config
from trainer.engine import Engine
from trainer.envs.entry_points import has_own_code
from trainer.errors import ConfigError, ConflictError, Fault, PalaestraError, reason_of
from trainer.events import StateChanged
from trainer.paths import program
from trainer.runs.states import RunState
from trainer.store import RunRecord, StoreError

COMPLETED, BAD_CONFIG, FAILED, INTERRUPTED = 0, 2, 3, 130
POLL_SECONDS = 0.2
LAST_WORDS_SECONDS = 2.0
ROOM_SECONDS = 10.0


def load_preset(engine: Engine, name_or_path: str) -> Preset:
    """Return the preset of that name, or the one in the file of that path.

    A file may be a preset, or the bare `config.json` of a run.

    :raises PalaestraError: there is neither, or it is not valid
    """
    if name_or_path.endswith(".json") or "/" in name_or_path or "\\" in name_or_path:
        path = Path(name_or_path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                [Fault("", f"The preset file {name_or_path} cannot be read: {reason_of(error)}.")]
            ) from error
        return engine.presets.parse(text)
    return engine.preset(name_or_path)


def configure(preset: Preset, overrides: dict[str, Any]) -> RunConfig:
    """Return the preset's configuration with `overrides` (dotted path to value) applied.

    :raises ConfigError: with every fault found
    """
    return load_config(apply_overrides(preset.config.model_dump(mode="json", by_alias=True), overrides))


def train(engine: Engine, config: RunConfig, preset: str | None, *, as_json: bool = False) -> int:
    """Train `config` to its end and return the exit status.

    A second Ctrl+C ends the process here.

    :raises ConfigError: with every fault of the configuration
    """
    console = Console(stderr=True)
    record = engine.manager.submit(config, preset=preset)
    for remark in advise(config, own_code=has_own_code(config.environment)):
        console.print(f"[yellow]{remark.field} {remark.message}.[/yellow] {remark.hint}", highlight=False)
    return _to_its_end(engine, record, console, as_json=as_json)


def go_on(engine: Engine, command: str, run_id: str, steps: int | None, *, as_json: bool = False) -> int:
    """Resume, restart or extend a run that has ended, train it to its end and return the exit status.

    :param command: `resume`, `restart` or `extend`
    :param steps: environment steps in all, for `extend`
    :raises PalaestraError: there is no such run, or it cannot do that; the message says why
    """
    manager = engine.manager
    manager.take_in_found()  # it may have been copied from another machine
    interrupted = manager.recover_one(run_id)
    if command == "extend":
        record = manager.extend(run_id, steps or 0)
    else:
        record = manager.restart(run_id) if command == "restart" else manager.resume(run_id)
    console = Console(stderr=True)
    if interrupted:
        console.print(f"Its process is gone; it had come to step {interrupted.step:,}.", highlight=False)
    return _to_its_end(engine, record, console, as_json=as_json)


def fork(engine: Engine, run_id: str, step: int | None, overrides: dict[str, Any], *, as_json: bool = False) -> int:
    """Let a new run go on from a checkpoint of another one, train it to its end and return the exit status.

    :param step: of the checkpoint; None takes the newest that is whole
    :param overrides: dotted path to value, `name` included
    :raises PalaestraError: there is no such run or checkpoint, or the checkpoint cannot take a setting
    """
    record = engine.manager.fork(run_id, step=step, overrides=overrides)
    console = Console(stderr=True)
    console.print(f"From step {record.parent_step:,} of {record.parent_id}.", highlight=False)
    return _to_its_end(engine, record, console, as_json=as_json)


def import_model(
    engine: Engine, model: Path, config: RunConfig, preset: str | None, *, trust: bool, as_json: bool = False
) -> int:
    """Make a run of a model file, to be trained on; return the exit status.

    :raises PalaestraError: the configuration cannot run here, or the file cannot be taken in
    """
    record = engine.manager.import_model(model, config, preset=preset, trust=trust)
    console = Console(stderr=True)
    _conclude(engine, record, console, as_json=as_json)
    console.print(f"{program()} resume {record.id}   trains it on", highlight=False)
    return COMPLETED


def _to_its_end(engine: Engine, record: RunRecord, console: Console, *, as_json: bool) -> int:
    console.print(f"[bold]{record.name}[/bold]  {engine.layout.run(record.id)}", highlight=False)
    try:
        with _stopping_on_signals(engine, record.id, console):
            record = _follow(engine, record, console)
    except KeyboardInterrupt:
        record = _give_up(engine, record.id)
        _conclude(engine, record, console, as_json=as_json)
        # The session's thread is in the middle of its arithmetic, and Python would wait for it or crash beneath it.
        os._exit(INTERRUPTED)
    _conclude(engine, record, console, as_json=as_json)
    return _exit_status(record)


def _conclude(engine: Engine, record: RunRecord, console: Console, *, as_json: bool) -> None:
    _tell(record, console)
    if as_json:
        sys.stdout.write(json.dumps(_result(engine, record)) + "\n")
        sys.stdout.flush()


def _give_up(engine: Engine, run_id: str) -> RunRecord:
    """Note that the run ends here as it stands, and say so in its record, within two seconds."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    record = engine.manager.get(run_id)
    reason = f"Ended at once from the terminal at step {record.step:,}, without a checkpoint of that step."
    engine.store.emit(StateChanged(run_id, status=RunState.INTERRUPTED.value, step=record.step, reason=reason))
    with contextlib.suppress(StoreError):
        engine.store.flush(LAST_WORDS_SECONDS)
    return replace(record, status=RunState.INTERRUPTED.value, reason=reason)


def _follow(engine: Engine, record: RunRecord, console: Console) -> RunRecord:
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(record.status, total=1.0, figures="")
        look_again = time.monotonic()
        while not engine.manager.wait(record.id, POLL_SECONDS):
            record = engine.manager.get(record.id)
            if record.status == RunState.PAUSED.value and time.monotonic() >= look_again:
                look_again = time.monotonic() + ROOM_SECONDS
                _go_on_with_room(engine, record, console)
            bar.update(task, completed=record.progress, description=record.status, figures=_figures(record))
    return engine.manager.get(record.id)


def _go_on_with_room(engine: Engine, record: RunRecord, console: Console) -> None:
    """Resume a run that waits for room on its disk, once there is some: here nobody can press a button."""
    with contextlib.suppress(ConflictError, OSError):
        if engine.manager.has_room():
            engine.manager.resume(record.id)
        else:
            console.print(record.reason or "Paused.", markup=False, highlight=False)


def _figures(record: RunRecord) -> str:
    mean = "" if record.return_mean is None else f"  return {record.return_mean:,.1f}"
    return f"{record.step:,} steps  {record.fps:,.0f} steps/s{mean}"


def _tell(record: RunRecord, console: Console) -> None:
    colour = "green" if record.status == RunState.COMPLETED.value else "yellow" if record.error is None else "red"
    console.print(f"[{colour}]{record.status}[/{colour}]  {_figures(record)}", highlight=False)
    if record.evaluation is not None:
        mean, std = record.evaluation["mean_return"], record.evaluation["std_return"]
        console.print(f"evaluation  {mean:,.2f} ± {std:,.2f} over {record.evaluation['episodes']} episodes")
    if record.reason:
        console.print(record.reason, markup=False)


def _result(engine: Engine, record: RunRecord) -> dict[str, Any]:
    evaluation = record.evaluation
    keys = ("mean_return", "std_return", "episodes")
    return {
        "id": record.id,
        "status": record.status,
        "step": record.step,
        "evaluation": {key: evaluation[key] for key in keys} if evaluation else None,
        "directory": str(engine.layout.run(record.id)),
    }


def _exit_status(record: RunRecord) -> int:
    if record.status == RunState.COMPLETED.value:
        return COMPLETED
    return FAILED if record.status == RunState.FAILED.value else INTERRUPTED


@contextmanager
def _stopping_on_signals(engine: Engine, run_id: str, console: Console) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a stop with a checkpoint; the next one ends the program."""

    def stop(number: int, _frame: object) -> None:
        for each in previous:
            signal.signal(each, signal.default_int_handler)
        console.print(f"{signal.Signals(number).name}: stopping with a checkpoint; once more ends it at once.")
        try:
            engine.manager.stop(run_id)
        except ConflictError as error:
            console.print(error.message)

    # A closed terminal hangs up; Windows has no such signal.
    hang_up = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, *hang_up)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def explain_faults(error: PalaestraError) -> str:
    """Return the error for a terminal: one line a fault, with its hint.

    Only faults of a configuration stand under its heading: a file that is not there or a step without a checkpoint is
    none of its settings.
    """
    if not isinstance(error, ConfigError):
        return error.message
    if not any(map(_is_of_config, error.faults)):
        return "\n".join(map(_sentence, error.faults))
    lines = []
    for fault in error.faults:
        lines.append(f"  {fault.field or 'configuration'}: {fault.message}")
        if fault.hint:
            lines.append(f"    {fault.hint}")
    return "The configuration cannot run:\n" + "\n".join(lines)


def _is_of_config(fault: Fault) -> bool:
    if not fault.field:
        return fault.message[:1].islower()
    return fault.field.partition(".")[0] in RunConfig.model_fields


def _sentence(fault: Fault) -> str:
    # "there is no checkpoint of step 7" names its field itself, "is not known here" does not.
    named = not fault.field or fault.field in fault.message
    text = fault.message if named else f"{fault.field}: {fault.message}"
    end = "" if text.endswith((".", "!", "?")) else "."
    return " ".join(filter(None, (text[:1].upper() + text[1:] + end if named else text + end, fault.hint)))
