"""Which devices this machine can train on."""

from __future__ import annotations

from trainer.errors import Fault


def device_faults(device: str) -> list[Fault]:
    """Return the fault of asking for a device that is not here; none for `auto` and `cpu`.

    Torch, which alone knows, is imported for the other devices only: it must not delay the first page.
    """
    if device in ("auto", "cpu"):
        return []
    import torch

    kind, _, index = device.partition(":")
    if kind == "mps":
        missing = "" if torch.backends.mps.is_available() else "no Apple GPU that torch can use"
    else:
        present = torch.cuda.device_count() if torch.cuda.is_available() else 0
        missing = "" if int(index or 0) < present else _too_few(present)
    if not missing:
        return []
    hint = "Choose auto, which takes a GPU where there is one, or cpu."
    return [
        Fault(
            "training.device",
            f"the device {device} cannot be used: this machine has {missing}",
            hint,
            {"training.device": "auto"},
        )
    ]


def _too_few(present: int) -> str:
    if present == 0:
        return "no GPU that torch can use"
    return "one GPU, cuda:0" if present == 1 else f"{present} GPUs, cuda:0 to cuda:{present - 1}"
