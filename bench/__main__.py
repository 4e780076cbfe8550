"""`python -m bench NAME [arguments]` runs one proof and prints its table."""

from __future__ import annotations

import argparse
import importlib
import sys

from trainer.process import prepare

PROOFS = {
    "training": "steps a second and memory beside RL Zoo's own command line, in turn",
    "limits": "how near the training rows are to what the machine can calculate at all",
    "concurrency": "four runs side by side in one process against one alone",
    "overhead": "what tracking, checkpoints and an open page cost",
    "parity": "final returns over seeds beside plain Stable-Baselines3, with bootstrap intervals",
    "exactness": "a run that is killed and resumed again and again against one that trains straight through",
    "answers": "how fast runs pause, resume and stop with a whole checkpoint",
    "chaos": "the server killed again and again with four runs training: what is lost",
    "results": "train presets from the command line and compare with their published results",
}


def main() -> int:
    """Run the named proof."""
    prepare()  # before a proof imports NumPy
    parser = argparse.ArgumentParser(prog="python -m bench", description="Proofs that take longer than a test may.")
    commands = parser.add_subparsers(dest="proof", required=True)
    modules = {}
    for name, about in PROOFS.items():
        modules[name] = importlib.import_module(f"bench.{name}")
        modules[name].add_arguments(commands.add_parser(name, help=about, description=about))
    arguments = parser.parse_args()
    return int(modules[arguments.proof].run(arguments))


if __name__ == "__main__":
    sys.exit(main())
