"""RL Zoo beside us: an environment of its own, our preset's values as its YAML, its own `train.py`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from trainer.config import RunConfig
from trainer.process import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "outputs" / "bench" / "zoo"

# Runs inside RL Zoo's process, as a callback of its configuration: says how many steps took how long.
_CLOCK = """
import time
from stable_baselines3.common.callbacks import BaseCallback

class Clock(BaseCallback):
    def _on_training_start(self):
        self.began = time.perf_counter()
    def _on_step(self):
        return True
    def _on_training_end(self):
        print("CLOCK", self.num_timesteps, time.perf_counter() - self.began, flush=True)
"""
# Fields of ours that have another name or shape in RL Zoo, or none.
_OURS = ("name", "action_noise", "train_freq_unit", "replay_buffer_class", "rollout_buffer_class")


def python() -> Path:
    """Return the interpreter of RL Zoo's environment, made at the first call (some minutes).

    :raises subprocess.CalledProcessError: it cannot be installed, for instance without a network
    """
    folder = "Scripts" if os.name == "nt" else "bin"
    interpreter = HOME / folder / ("python.exe" if os.name == "nt" else "python")
    wanted = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8")
    stamp = HOME / "installed.txt"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"Installing RL Zoo into {HOME} (once; this takes some minutes)...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
        # PyTorch first and alone, so that a build for this machine that is at hand is taken.
        torch, *_ = (line for line in wanted.splitlines() if line.startswith("torch"))
        for what in ([torch], ["-r", str(Path(__file__).parent / "requirements.txt")]):
            subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *what], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def command(config: RunConfig, folder: Path, threads: int | None) -> list[str]:
    """Return RL Zoo's command line for a configuration, its YAML and callback written to `folder`.

    :param threads: PyTorch threads; None leaves RL Zoo its default
    """
    (folder / "palaestra_clock.py").write_text(_CLOCK, encoding="utf-8")
    (folder / "params.yml").write_text(_yaml(config), encoding="utf-8")
    chosen = [] if threads is None else ["--num-threads", str(threads)]
    return [
        *(str(python()), "-m", "rl_zoo3.train", "--algo", config.algorithm.name, "--env", config.environment.id),
        *("-n", str(config.training.total_timesteps), "--eval-freq", "-1", "--seed", str(config.training.seed)),
        *("-conf", str(folder / "params.yml"), "-f", str(folder / "logs"), "--verbose", "0", *chosen),
    ]


def environment(folder: Path) -> dict[str, str]:
    """Return the process environment in which RL Zoo finds the callback, without what we have set for ourselves."""
    inherited = {name: value for name, value in os.environ.items() if ENVIRONMENT.get(name) != value}
    return {**inherited, "PYTHONPATH": str(folder)}


def parse_clock(output: str) -> tuple[int, float]:
    """Return steps and seconds from what the callback printed.

    :raises ValueError: it printed nothing: RL Zoo failed
    """
    for line in output.splitlines():
        if line.startswith("CLOCK"):
            _, steps, seconds = line.split()
            return int(steps), float(seconds)
    raise ValueError(f"RL Zoo did not finish:\n{output[-2000:]}")


def _yaml(config: RunConfig) -> str:
    environment = config.environment
    algorithm = config.algorithm.model_dump(mode="python", exclude_defaults=True)
    values: dict[str, Any] = {name: value for name, value in algorithm.items() if name not in _OURS}
    values["n_timesteps"] = config.training.total_timesteps
    values["n_envs"] = environment.n_envs
    is_game = "NoFrameskip" in environment.id or environment.id.startswith("ALE/")
    values["policy"] = "CnnPolicy" if is_game else "MlpPolicy"
    if is_game:
        values["env_wrapper"] = ["stable_baselines3.common.atari_wrappers.AtariWrapper"]
        values["frame_stack"] = environment.frame_stack or 4
    if config.policy.net_arch is not None:
        values["policy_kwargs"] = f"dict(net_arch={config.policy.net_arch})"
    noise = getattr(config.algorithm, "action_noise", None)
    if noise is not None and noise.kind == "normal":
        values |= {"noise_type": "normal", "noise_std": noise.sigma}
    if environment.normalize_observation or environment.normalize_reward:
        values["normalize"] = True
    values["callback"] = "palaestra_clock.Clock"
    lines = [f"  {name}: {_scalar(value)}" for name, value in values.items()]
    return "\n".join([f"{environment.id}:", *lines]) + "\n"


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(f"'{item}'" for item in value) + "]"
    return f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def temporary() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one run's files."""
    return tempfile.TemporaryDirectory(prefix="palaestra-bench-")
