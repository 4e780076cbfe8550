"""Entry point: flags become Settings, then the page is served or a command runs in the terminal."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import tool_commands
from serving.settings import Settings, SettingsError, read_settings_file
from trainer import __version__
from trainer.errors import PalaestraError, StorageError
from trainer.paths import program
from trainer.process import prepare

if TYPE_CHECKING:
    from trainer.engine import Engine

# Flags of a command, not of the program.
_OWN_FLAGS = (
    "preset",
    "overrides",
    "as_json",
    "dry_run",
    "run_id",
    "steps",
    "step",
    "name",
    "model",
    "trust",
    *tool_commands.FLAGS,
    "words",
    "entry",
    "algorithm",
    "kind",
)
_GO_ON = {
    "resume": "let a run that ended before its time go on from its last checkpoint",
    "restart": "train a run's configuration again from the beginning, as a run of its own",
    "extend": "give a run more steps and let it go on from its last checkpoint",
}
_FORK = "go on from a checkpoint of a run as a run of its own, with other settings"
COMMANDS = """
The commands:
  (none)                      serve the page
  train PRESET                train in the terminal, with a progress bar
  resume RUN_ID               let a run that ended before its time go on from its last checkpoint
  restart RUN_ID              train a run's configuration again from the beginning, as a run of its own
  extend RUN_ID STEPS         give a run more steps and let it go on
  fork RUN_ID                 go on from a checkpoint of a run as a run of its own, with other settings
  import MODEL.zip            make a run of a model that Stable-Baselines3 saved elsewhere, to be trained on
  presets [WORD ...]          list the presets, those with these words; presets import FILE takes in another program's
  evaluate RUN_ID             play whole episodes with a checkpoint and say what they gave
  export RUN_ID               write a checkpoint's policy as ONNX, TorchScript or a model card folder
  render RUN_ID               record episodes of a checkpoint as videos
  prune [RUN_ID]              delete checkpoints that are not to be kept, after showing what that frees
  doctor                      say what this machine has of what the program needs
  test [pytest args]          install the developer's tools and run every test (webui.sh and webui.bat only)
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--outputs", type=Path, metavar="DIR", help="folder for the database and the runs (outputs)")
    shared.add_argument("--presets", type=Path, metavar="DIR", help="folder of your own presets (presets/user)")
    shared.add_argument(
        "--environments", type=Path, metavar="DIR", help="folder of your own environments (environments)"
    )
    shared.add_argument("--database", metavar="URL", help="SQLAlchemy URL of the database (a SQLite file in --outputs)")
    shared.add_argument("--config", type=Path, metavar="FILE", help="TOML file with any of these flags as keys")
    shared.add_argument("--debug", action="store_true", help="log everything, show tracebacks")

    top = argparse.ArgumentParser(
        prog=program(),
        parents=[shared],
        argument_default=argparse.SUPPRESS,
        description="Palaestra: train reinforcement-learning agents from a web page or from the terminal.",
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"Palaestra {__version__}")
    _add_serve_flags(top)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    train = commands.add_parser(
        "train",
        parents=[shared],
        argument_default=argparse.SUPPRESS,
        help="train in the terminal, with a progress bar",
        description="Train a preset in the terminal. Exit status: 0 completed, 2 bad configuration, 3 failed, "
        "130 interrupted.",
    )
    train.add_argument(
        "preset", help="name of a preset, path of a preset's or a run's JSON file, or defaults for your own"
    )
    _add_set_flag(train)
    _add_json_flag(train)
    train.add_argument(
        "--dry-run", action="store_true", help="say what is wrong with it and what it would take, and train nothing"
    )
    _add_import(commands, shared)
    for name, text in _GO_ON.items():
        command = commands.add_parser(
            name, parents=[shared], argument_default=argparse.SUPPRESS, help=text, description=f"{text.capitalize()}."
        )
        command.add_argument("run_id", metavar="RUN_ID", help="as the run's directory is called")
        if name == "extend":
            command.add_argument("steps", type=int, metavar="STEPS", help="environment steps in all")
        _add_json_flag(command)
    _add_fork(commands.add_parser("fork", parents=[shared], argument_default=argparse.SUPPRESS, help=_FORK))
    _add_presets(commands, shared)
    tool_commands.add_tool_commands(commands, shared)
    return top


def _add_fork(fork: argparse.ArgumentParser) -> None:
    fork.description = f"{_FORK.capitalize()}."
    fork.add_argument("run_id", metavar="RUN_ID", help="as the run's directory is called")
    fork.add_argument("--step", type=int, metavar="N", help="of the checkpoint (the newest)")
    _add_set_flag(fork)
    fork.add_argument("--name", metavar="NAME", help="what to call the new run")
    _add_json_flag(fork)


def _add_presets(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    command = commands.add_parser(
        "presets",
        parents=[shared],
        argument_default=argparse.SUPPRESS,
        help="list the presets, or take in a file of another program",
        description="List the presets that have every word in their name, task or algorithm, with the score that RL "
        "Zoo published. `presets import FILE` tells key by key what can be taken of RL Zoo's YAML or of JSON from "
        "another program, and saves it if it gets a name.",
    )
    command.add_argument("words", nargs="*", metavar="WORD", help="what to look for; or: import FILE")
    command.add_argument("--name", metavar="NAME", help="with import: save it as a preset of this name")
    command.add_argument("--entry", metavar="TASK", help="with import: which entry of an RL Zoo file")
    command.add_argument("--algorithm", metavar="NAME", help="with import: whose values an RL Zoo file holds")
    command.add_argument("--format", dest="kind", metavar="FORMAT", help="with import: preset, rl_zoo or flat")


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    text = "make a run of a model that Stable-Baselines3 saved elsewhere, to be trained on"
    command = commands.add_parser(
        "import",
        parents=[shared],
        argument_default=argparse.SUPPRESS,
        help=text,
        description=f"{text.capitalize()}. Only its weights are read; nothing in the file is run.",
    )
    command.add_argument("model", type=Path, metavar="MODEL.zip", help="file that model.save wrote")
    command.add_argument("--preset", required=True, help="preset of its algorithm and environment, or a JSON file")
    command.add_argument(
        "--trust",
        action="store_true",
        help="read a file that holds more than weights too; that may run any program that is hidden in it",
    )
    _add_set_flag(command)
    _add_json_flag(command)


def _add_set_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        dest="overrides",
        action="append",
        metavar="KEY=VALUE",
        help="change one field: --set training.total_timesteps=20000; may be given many times",
    )


def _add_json_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json",
        dest="as_json",
        action="store_true",
        help="end with one line of JSON: id, status, step, evaluation, directory",
    )


def _add_serve_flags(top: argparse.ArgumentParser) -> None:
    serve = top.add_argument_group("serving the page")
    serve.add_argument("--listen", metavar="HOST", help="address to listen on (127.0.0.1); others need a login")
    serve.add_argument("--server-port", type=int, metavar="N", help="port (7860)")
    serve.add_argument("--share", action="store_true", help="make a public link; needs a login")
    serve.add_argument("--inbrowser", action="store_true", help="open the page in the browser")
    serve.add_argument("--headless", action="store_true", help="never open a browser, whatever else is said")
    serve.add_argument("--username", metavar="U", help="login name (or PALAESTRA_USERNAME)")
    serve.add_argument("--password", metavar="P", help="password (better: PALAESTRA_PASSWORD, which no list shows)")
    serve.add_argument("--api-token", metavar="T", help="token that scripts send as Bearer (or PALAESTRA_API_TOKEN)")
    serve.add_argument("--root-path", metavar="P", help="path under which a reverse proxy shows the page")
    serve.add_argument("--theme", choices=("system", "light", "dark"), help="colours of the page (system)")
    serve.add_argument("--language", metavar="L", help="language of the page: en, es, zh-CN (what a browser asks for)")
    serve.add_argument(
        "--auto-resume", action="store_true", help="let interrupted and waiting runs go on by themselves at start-up"
    )
    serve.add_argument("--max-running", type=int, metavar="N", help="runs active at once; the others wait (4)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit status."""
    prepare()
    # Said in our words beside the field, in the run's log and in the terminal.
    warnings.filterwarnings("ignore", "You have specified a mini-batch size", UserWarning)
    given = vars(parser().parse_args(arguments))
    command = given.pop("command", None)
    own = {key: given.pop(key) for key in _OWN_FLAGS if key in given}
    try:
        settings = Settings.from_sources(given, read_settings_file(given.pop("config", None)), os.environ)
        logging.basicConfig(
            level=logging.DEBUG if settings.debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
        )
        if command == "train":
            return _train(settings, own)
        if command == "import":
            return _import(settings, own)
        if command in _GO_ON:
            return _go_on(settings, command, own["run_id"], own.get("steps"), as_json=own.get("as_json", False))
        if command == "fork":
            return _fork(settings, own)
        if command == "presets":
            return _presets(settings, own)
        if command in tool_commands.TOOLS:
            return tool_commands.run_tool_command(settings, command, own, _terminal_engine)
        from serving.server import serve

        return serve(settings)
    except SettingsError as error:
        print(f"{program()}: {error}", file=sys.stderr)
        return 2
    except PalaestraError as error:
        from trainer.terminal import BAD_CONFIG, FAILED, explain_faults

        print(explain_faults(error), file=sys.stderr)
        return FAILED if isinstance(error, StorageError) else BAD_CONFIG


def _train(settings: Settings, own: Mapping[str, Any]) -> int:
    from trainer.config import parse_set_flag
    from trainer.dry_run import dry_run
    from trainer.terminal import configure, load_preset, train

    preset, as_json = own["preset"], own.get("as_json", False)
    with _terminal_engine(settings) as engine:
        chosen = load_preset(engine, preset)
        overrides = dict(parse_set_flag(flag) for flag in own.get("overrides", []))
        if own.get("dry_run", False):
            return dry_run(engine, lambda: configure(chosen, overrides), as_json=as_json)
        name = chosen.name if preset == chosen.name else None
        return train(engine, configure(chosen, overrides), name, as_json=as_json)


def _import(settings: Settings, own: dict[str, Any]) -> int:
    from trainer.config import parse_set_flag
    from trainer.terminal import configure, import_model, load_preset

    with _terminal_engine(settings) as engine:
        chosen = load_preset(engine, own["preset"])
        config = configure(chosen, dict(parse_set_flag(flag) for flag in own.get("overrides", [])))
        name = chosen.name if own["preset"] == chosen.name else None
        as_json = own.get("as_json", False)
        return import_model(engine, own["model"], config, name, trust=own.get("trust", False), as_json=as_json)


def _go_on(settings: Settings, command: str, run_id: str, steps: int | None, *, as_json: bool) -> int:
    from trainer.terminal import go_on

    with _terminal_engine(settings) as engine:
        return go_on(engine, command, run_id, steps, as_json=as_json)


def _fork(settings: Settings, own: Mapping[str, Any]) -> int:
    from trainer.config import parse_set_flag
    from trainer.terminal import fork

    changes = dict(parse_set_flag(flag) for flag in own.get("overrides", []))
    if "name" in own:
        changes["name"] = own["name"]
    with _terminal_engine(settings) as engine:
        return fork(engine, own["run_id"], own.get("step"), changes, as_json=own.get("as_json", False))


@contextmanager
def _terminal_engine(settings: Settings) -> Iterator[Engine]:
    from trainer.engine import Engine

    engine = Engine(
        settings.outputs,
        database_url=settings.database,
        user_presets=settings.presets,
        environments=settings.environments,
        global_seed=True,
        recover=False,
    )
    try:
        yield engine
    finally:
        engine.close()


def _presets(settings: Settings, own: Mapping[str, Any]) -> int:
    from trainer.config import PresetStore
    from trainer.paths import BUILT_IN_PRESETS
    from trainer.preset_terminal import import_preset, list_presets

    presets, words = PresetStore(BUILT_IN_PRESETS, settings.presets), own.get("words", [])
    if words[:1] != ["import"]:
        return list_presets(presets, words)
    if len(words) != 2:
        raise SettingsError("presets import needs the path of one file")
    options = {key: own[key] for key in ("name", "entry", "algorithm", "kind") if key in own}
    return import_preset(presets, Path(words[1]), **options)


if __name__ == "__main__":
    sys.exit(main())
