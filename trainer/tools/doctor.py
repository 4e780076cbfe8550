"""What this machine has of what the program needs, in words: `./webui.sh doctor`.

Each finding is `ok`, `note` (something optional is not there) or `fault` (something needed is not there, with what to
do). A check that breaks is a fault of its own and never ends the others.
"""

from __future__ import annotations

import platform
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from trainer.amounts import counted, size
from trainer.envs.optional import install_command
from trainer.memory import available_bytes, total_bytes

OK, NOTE, FAULT = "ok", "note", "fault"
NEEDED = ("torch", "stable-baselines3", "gymnasium", "numpy", "gradio", "SQLAlchemy", "pydantic")
OPTIONAL = ("sb3-contrib", "ale-py", "mujoco", "box2d", "tensorboard", "onnx", "onnxruntime")
_LITTLE_DISK, _LITTLE_MEMORY = 2 << 30, 2 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: str
    words: str

    def as_json(self) -> dict[str, str]:
        """Return it as JSON data."""
        return asdict(self)


def examine_machine(outputs: Path, database_url: str | None) -> Iterator[Finding]:
    """Yield what is found, one thing after the other."""
    checks: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("Python", _python),
        ("packages", _packages),
        ("PyTorch", _torch),
        ("graphics cards", _cards),
        ("cores", _cores),
        ("memory", _memory),
        ("outputs folder", lambda: _disk(outputs)),
        ("database", lambda: _database(outputs, database_url)),
        ("video encoder", _encoder),
        ("drawing", _drawing),
        ("environments", _environments),
    ]
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  # what breaks a check is what it is there to find
            yield Finding(name, FAULT, f"{type(error).__name__}: {error}")


def summary(findings: list[Finding]) -> dict[str, Any]:
    """Return all of it as JSON data, with whether the program can work here."""
    return {"ok": all(each.level != FAULT for each in findings), "findings": [each.as_json() for each in findings]}


def _python() -> list[Finding]:
    bits = struct.calcsize("P") * 8
    level = OK if sys.version_info >= (3, 10) and bits == 64 else FAULT
    return [Finding("Python", level, f"{platform.python_version()}, {bits} bits, {platform.platform()}")]


def _packages() -> list[Finding]:
    found = []
    for name in (*NEEDED, *OPTIONAL):
        try:
            found.append(Finding(name, OK, version(name)))
        except PackageNotFoundError:
            level = FAULT if name in NEEDED else NOTE
            found.append(Finding(name, level, f"not installed: {install_command(name)}"))
    return found


def _torch() -> list[Finding]:
    import torch

    threads = counted(torch.get_num_threads(), "thread")
    if not torch.cuda.is_available():
        apple = torch.backends.mps.is_available()
        return [Finding("PyTorch", OK, f"calculates on {'the Apple GPU' if apple else 'the processor'}, {threads}")]
    cards = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
    return [Finding("PyTorch", OK, f"CUDA {torch.version.cuda}: {cards}; {threads}")]


def _cards() -> list[Finding]:
    from trainer.hardware.monitor import load_nvml

    nvml = load_nvml()
    if nvml is None:
        return [Finding("NVML", NOTE, "not installed: load and memory of graphics cards are not shown")]
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return [Finding("NVML", OK, "no NVIDIA driver here, so no card whose load could be shown")]
    try:
        return [Finding("NVML", OK, f"{nvml.nvmlDeviceGetCount()} graphics cards")]
    finally:
        nvml.nvmlShutdown()


def _cores() -> list[Finding]:
    from trainer.hardware.limits import usable_cores

    return [Finding("cores", OK, f"{len(usable_cores())} that this process may use")]


def _memory() -> list[Finding]:
    free, total = available_bytes(), total_bytes()
    level = OK if free >= _LITTLE_MEMORY else NOTE
    return [Finding("memory", level, f"{size(free)} free of {size(total)}")]


def _disk(outputs: Path) -> list[Finding]:
    outputs.mkdir(parents=True, exist_ok=True)
    probe = outputs / ".doctor.tmp"
    probe.write_bytes(b"written")
    probe.unlink()
    free = shutil.disk_usage(outputs).free
    level = OK if free >= _LITTLE_DISK else NOTE
    return [Finding("outputs folder", level, f"{outputs.resolve()} can be written; {size(free)} free")]


def _database(outputs: Path, url: str | None) -> list[Finding]:
    from trainer.paths import Layout
    from trainer.store import Store

    store = Store.open(url or Layout(outputs.resolve()).default_database_url)
    try:
        runs = sum(store.counts().values())
    finally:
        store.close()
    # The address may hold a password.
    kind = "PostgreSQL" if url and url.startswith("postgresql") else "SQLite"
    return [Finding("database", OK, f"{kind} answers; it holds {counted(runs, 'run')}")]


def _encoder() -> list[Finding]:
    import imageio_ffmpeg

    return [Finding("video encoder", OK, f"ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}")]


def _drawing() -> list[Finding]:
    from trainer.config import load_config
    from trainer.envs.factory import make_render_env
    from trainer.envs.rendering import choose_mujoco_backend

    env = make_render_env(load_config({"environment": {"id": "CartPole-v1"}}).environment, 0)
    try:
        env.reset()
        picture = env.get_images()[0]
    finally:
        env.close()
    if picture is None:
        return [Finding("drawing", FAULT, "CartPole gives no picture: pygame is missing or broken")]
    found = [Finding("drawing", OK, f"pictures of {picture.shape[1]} x {picture.shape[0]}")]
    try:
        found.append(Finding("MuJoCo's drawing", OK, choose_mujoco_backend()))
    except Exception as error:  # noqa: BLE001  # only videos of its environments need it
        found.append(Finding("MuJoCo's drawing", NOTE, str(error)))
    return found


def _environments() -> list[Finding]:
    from trainer.envs import catalogue

    found = []
    for family in catalogue.shelf():
        ids = len(family.entries)
        unusable = sum(not entry.available for entry in family.entries)
        if family.runs_here:
            words = f"{counted(family.environments, 'environment')}, {counted(ids, 'id')}"
            words += f", {unusable:,} of which cannot run here" if unusable else ""
            found.append(Finding(family.title, OK, words))
        else:
            why = next((entry.missing for entry in family.entries if entry.missing), None)
            found.append(Finding(family.title, NOTE, family.command or family.problem or why or "not installed"))
    return found
