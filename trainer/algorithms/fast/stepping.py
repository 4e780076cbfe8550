"""One step of a PyTorch optimiser with its gradients clipped by norm, in as few passes over memory as there are.

A large network's optimiser is bound by memory: clipping reads and writes every gradient once more. PyTorch's fused
Adam can divide the gradients while it reads them, so only the norm is computed beforehand.
"""

from __future__ import annotations

from typing import Any

import torch

from trainer.algorithms.fast.arena import ArenaOptimizer


class ClippedStep:
    """Clips and steps; keeps no state but the optimiser's own.

    :param optimizer: a plain Adam goes the short way, every other one its own
    :param max_norm: None clips nothing
    """

    def __init__(self, optimizer: torch.optim.Optimizer, max_norm: float | None = None) -> None:
        self._optimizer = optimizer
        self._max_norm = max_norm
        self._parameters: list[torch.nn.Parameter] = [p for group in optimizer.param_groups for p in group["params"]]
        has_fused = self._parameters[0].device.type in ("cpu", "cuda")
        self._is_adam = has_fused and type(optimizer) is torch.optim.Adam and ArenaOptimizer.supports(optimizer)
        self._never = torch.zeros((), device=self._parameters[0].device)
        if self._is_adam:
            # What a saved file says, so that whoever loads it steps the same way.
            optimizer.param_groups[0]["fused"], optimizer.param_groups[0]["foreach"] = True, False

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        """Clip the gradients and move the parameters."""
        if self._is_adam:
            self._step_adam()
            return
        if self._max_norm is not None:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._max_norm)
        self._optimizer.step()

    @torch.no_grad()
    def _step_adam(self) -> None:
        group: dict[str, Any] = self._optimizer.param_groups[0]
        moved: list[torch.Tensor] = []
        gradients: list[torch.Tensor] = []
        for parameter in self._parameters:
            if parameter.grad is not None:
                moved.append(parameter)
                gradients.append(parameter.grad)
        if not moved:
            return
        states = [self._state(parameter) for parameter in moved]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        scale = None
        if self._max_norm is not None:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
            scale = ((norm + 1e-6) / self._max_norm).clamp_(min=1.0)
        torch._fused_adam_(
            moved,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=float(group["lr"]),
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
            grad_scale=scale,
            found_inf=None if scale is None else self._never,
        )

    def _state(self, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self._optimizer.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
            state["exp_avg_sq"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        return state
