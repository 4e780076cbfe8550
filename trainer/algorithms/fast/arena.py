"""All parameters of some networks in one vector, and their gradients in another.

With everything in one place, clipping by norm, the optimiser and a target network's update are each one pass over
one array instead of some calls for every layer. The networks keep working: their parameters become views of the
vector, so PyTorch, NumPy and a saved file all see the same numbers. The optimiser's moments live in vectors of the
same layout, and PyTorch's own optimiser object keeps views of those, so that saving it saves them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

Floats = NDArray[np.float32]


class Arena:
    """Takes in parameters until `seal`ed; from then on `values` and `gradients` are theirs.

    :param capacity: numbers in all the parameters that will be taken in, all float32 on the processor
    """

    def __init__(self, capacity: int) -> None:
        self.values: Floats = np.zeros(capacity, dtype=np.float32)
        self.gradients: Floats = np.zeros(capacity, dtype=np.float32)
        self.tensor = torch.from_numpy(self.values)
        self.gradient_tensor = torch.from_numpy(self.gradients)
        self._taken = 0
        self._places: dict[torch.nn.Parameter, slice] = {}

    @classmethod
    def for_parameters(cls, parameters: Sequence[torch.nn.Parameter]) -> Arena:
        """Return an arena with room for exactly these parameters."""
        return cls(sum(parameter.numel() for parameter in parameters))

    def adopt(self, parameters: Sequence[torch.nn.Parameter]) -> tuple[Floats, Floats]:
        """Move parameters of one shape in, one behind the other, and make each a view of its place.

        :returns: their values and their gradients, each (number of parameters, *shape)
        """
        shape = tuple(parameters[0].shape)
        size = parameters[0].numel()
        start = self._taken
        for parameter in parameters:
            place = slice(self._taken, self._taken + size)
            self._taken += size
            view = self.tensor[place].view(shape)
            view.copy_(parameter.detach())
            parameter.data = view
            parameter.grad = self.gradient_tensor[place].view(shape)
            self._places[parameter] = place
        stacked = (len(parameters), *shape)
        whole = slice(start, self._taken)
        return self.values[whole].reshape(stacked), self.gradients[whole].reshape(stacked)

    def views(self, vector: torch.Tensor) -> dict[torch.nn.Parameter, torch.Tensor]:
        """Return, for each parameter, its place in a vector of the arena's layout."""
        return {parameter: vector[place].view(parameter.shape) for parameter, place in self._places.items()}

    def clip_gradients(self, max_norm: float) -> None:
        """Scale the gradients down so that their Euclidean norm is at most `max_norm`, as PyTorch does."""
        norm = math.sqrt(float(np.dot(self.gradients, self.gradients)))
        scale = max_norm / (norm + 1e-6)
        if scale < 1.0:
            np.multiply(self.gradients, np.float32(scale), out=self.gradients)


class ArenaOptimizer:
    """Steps an arena as a PyTorch optimiser would step its parameters one by one.

    Learning rate and the other settings are read from that optimiser's `param_groups` at every step.

    :param arena: every parameter that `optimizer` has is in it
    :param optimizer: one for which `supports` is true
    """

    def __init__(self, arena: Arena, optimizer: torch.optim.Optimizer) -> None:
        self._arena = arena
        self._group: dict[str, Any] = optimizer.param_groups[0]
        self._is_adam = isinstance(optimizer, torch.optim.Adam)
        self._eps_inside = isinstance(optimizer, RMSpropTFLike)
        # One number for each parameter, all the same, as a saved file has it.
        self._steps = torch.zeros(len(arena.views(arena.tensor)), dtype=torch.float32)
        self._step = self._steps[0]
        self._first = torch.zeros_like(arena.tensor)
        # The one that imitates TensorFlow begins with ones.
        self._second = torch.ones_like(arena.tensor) if self._eps_inside else torch.zeros_like(arena.tensor)
        self._second_array = self._second.numpy()
        self._scratch = np.empty_like(arena.values)
        self._adopt_state(optimizer)

    @staticmethod
    def supports(optimizer: torch.optim.Optimizer) -> bool:
        """Whether an optimiser is one of those written here, without its rarer options."""
        if len(optimizer.param_groups) != 1:
            return False
        group = optimizer.param_groups[0]
        if type(optimizer) is torch.optim.Adam:
            if group.get("decoupled_weight_decay"):
                return False
            return not (group["amsgrad"] or group["maximize"] or group["capturable"] or group["differentiable"])
        if type(optimizer) in (torch.optim.RMSprop, RMSpropTFLike):
            plain = not (group["centered"] or group["momentum"] or group["weight_decay"])
            return plain and not group.get("maximize", False)
        return False

    def step(self) -> None:
        """Move the arena's values along its gradients."""
        if self._is_adam:
            self._step_adam()
        else:
            self._step_rmsprop()

    def _step_adam(self) -> None:
        group = self._group
        self._steps += 1
        torch._fused_adam_(
            [self._arena.tensor],
            [self._arena.gradient_tensor],
            [self._first],
            [self._second],
            [],
            [self._step],
            lr=float(group["lr"]),
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    def _step_rmsprop(self) -> None:
        group = self._group
        self._steps += 1
        gradients, average, scratch = self._arena.gradients, self._second_array, self._scratch
        alpha, eps = np.float32(group["alpha"]), np.float32(group["eps"])
        np.multiply(gradients, gradients, out=scratch)
        scratch *= np.float32(1.0) - alpha
        average *= alpha
        average += scratch
        if self._eps_inside:
            np.add(average, eps, out=scratch)
            np.sqrt(scratch, out=scratch)
        else:
            np.sqrt(average, out=scratch)
            scratch += eps
        np.divide(gradients, scratch, out=scratch)
        scratch *= np.float32(group["lr"])
        self._arena.values -= scratch

    def _adopt_state(self, optimizer: torch.optim.Optimizer) -> None:
        """Take over what the optimiser remembers, and have it remember views of our vectors from now on."""
        names = {"exp_avg": self._first, "exp_avg_sq": self._second} if self._is_adam else {"square_avg": self._second}
        for name, vector in names.items():
            for parameter, view in self._arena.views(vector).items():
                state = optimizer.state[parameter]
                if name in state:
                    view.copy_(state[name])
                    self._steps.fill_(float(state["step"]))
                state[name] = view
        for parameter, step in zip(self._arena.views(self._first), self._steps, strict=True):
            optimizer.state[parameter]["step"] = step
