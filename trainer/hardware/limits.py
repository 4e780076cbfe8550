"""Whether this machine has what a run's limits speak of, and which cores this process may use."""

from __future__ import annotations

import os

import psutil

from trainer.config.resources import ResourcesConfig
from trainer.errors import Fault


def usable_cores() -> list[int]:
    """Return the cores that this process may use; where the system does not tell, all."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):
        return sorted(process.cpu_affinity())
    return list(range(os.cpu_count() or 1))


def limit_faults(resources: ResourcesConfig) -> list[Fault]:
    """Return the faults of asking for cores or a graphics card that are not here."""
    if resources.executor != "process":
        return []
    faults: list[Fault] = []
    present = len(usable_cores())
    if resources.cpu_cores is not None and resources.cpu_cores > present:
        has = "one core" if present == 1 else f"{present} cores"
        message = f"{resources.cpu_cores:,} cores are asked for, and this program may use {has}"
        hint = f"Choose {present} or less, or leave it empty."
        faults.append(Fault("resources.cpu_cores", message, hint, {"resources.cpu_cores": present}))
    if resources.gpu_index is not None:
        faults += _gpu_faults(resources.gpu_index)
    return faults


def _gpu_faults(index: int) -> list[Fault]:
    # Torch, which alone knows, is imported only where somebody asks for a card: it must not delay the first page.
    import torch

    present = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index < present:
        return []
    if present == 0:
        has = "no graphics card that torch can use"
    else:
        has = "one, card 0" if present == 1 else f"{present}, cards 0 to {present - 1}"
    message = f"there is no card {index}: this machine has {has}"
    hint = "Leave it empty, which lets the run see all there are."
    return [Fault("resources.gpu_index", message, hint, {"resources.gpu_index": None})]
