"""Whether a model's numbers are still numbers, found out at the cost of one pass over them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import recursive_getattr


@torch.no_grad()
def broken_part(model: BaseAlgorithm) -> str | None:
    """Return the name of the first tensor that a saved model would hold and that is not finite; None if all are.

    The sum of a tensor's squares tells: one NaN or infinity in it leaves no finite sum. Only where it is not finite,
    which may also be for large numbers, is every number looked at.
    """
    suspects: list[tuple[str, torch.Tensor]] = []
    away: list[tuple[str, torch.Tensor]] = []
    for name, given in _tensors(model):
        tensor = given.detach()
        if not tensor.is_floating_point() or tensor.numel() == 0:
            continue
        if tensor.device.type != "cpu" or tensor.dtype not in (torch.float32, torch.float64):
            away.append((name, tensor))
        elif not math.isfinite(np.vdot(tensor.numpy(), tensor.numpy())):
            suspects.append((name, tensor))
    if away and not bool(torch.isfinite(torch.stack([tensor.sum().double() for _, tensor in away])).all()):
        suspects += away
    return next((name for name, tensor in suspects if not bool(torch.isfinite(tensor).all())), None)


def _tensors(model: BaseAlgorithm) -> Iterator[tuple[str, torch.Tensor]]:
    names, variables = model._get_torch_save_params()
    for name in names:
        yield from _of(name, recursive_getattr(model, name))
    for name in variables:
        yield name, recursive_getattr(model, name)


def _of(name: str, part: Any) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(part, torch.nn.Module):
        yield from ((f"{name}.{inner}", tensor) for inner, tensor in part.state_dict().items())
    elif isinstance(part, torch.optim.Optimizer):
        for state in part.state.values():
            yield from ((f"{name}.{inner}", value) for inner, value in state.items() if isinstance(value, torch.Tensor))
