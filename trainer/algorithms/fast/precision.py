"""In which numbers the networks calculate: exactly as the paper has it, or in the half width of bfloat16.

bfloat16 keeps float32's range with 8 bits of mantissa. Convolutions and matrix products then run two to eight times
as fast where the processor or the GPU has instructions for it; weights, optimiser, losses and returns stay float32.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch

PrecisionName = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True)
class Precision:
    """The decided precision of one run on one device."""

    bf16: bool
    device_type: str

    @classmethod
    def decide(cls, wanted: PrecisionName, device: torch.device, *, images: bool) -> Precision:
        """Return what `wanted` means here: `auto` is bfloat16 for image networks where the hardware has it."""
        if wanted == "auto":
            return cls(images and has_bf16(device), device.type)
        return cls(wanted == "bf16", device.type)

    @property
    def name(self) -> str:
        """`bf16` or `fp32`."""
        return "bf16" if self.bf16 else "fp32"

    def autocast(self) -> AbstractContextManager[Any]:
        """Return a context for the networks' forward pass; what comes out may be bfloat16."""
        return torch.autocast(self.device_type, dtype=torch.bfloat16) if self.bf16 else nullcontext()


def has_bf16(device: torch.device) -> bool:
    """Whether a device calculates in bfloat16 by itself rather than by imitation."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # PyTorch has no public question for it; where these are missing the answer is no.
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return False
