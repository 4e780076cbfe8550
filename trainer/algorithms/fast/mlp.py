"""Perceptrons evaluated and differentiated by hand, several of one shape at once.

A minibatch of a small policy is a few hundred microseconds of arithmetic, and PyTorch's bookkeeping around it costs
several times that. Here the chain rule is written out over arrays that are made once: no graph, no allocation. The
networks remain PyTorch modules whose parameters this code reads and writes through an `Arena`.

Small arrays go through NumPy, whose calls cost least; large ones through PyTorch's kernels, which use every core.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.algorithms.fast.arena import Arena, Floats

# From how many multiplications in a product, or numbers in its result, PyTorch's threads win against NumPy's cheaper
# calls (measured on 2 cores).
_LARGE_PRODUCT = 3_000_000
_LARGE_RESULT = 60_000

_ACTIVATIONS: tuple[type[nn.Module], ...] = (nn.Tanh, nn.ReLU)


@dataclass(frozen=True)
class Perceptron:
    """One network as a list of its linear layers, with the activation that stands after all but the last.

    :param output_activation: what stands after the last layer too, if anything does
    """

    linears: tuple[nn.Linear, ...]
    activation: type[nn.Module]
    output_activation: type[nn.Module] | None = None

    @classmethod
    def of(cls, modules: Sequence[nn.Module]) -> Perceptron | None:
        """Read a chain of layers, or return None where it is not a plain perceptron with tanh or ReLU."""
        linears = tuple(module for module in modules if isinstance(module, nn.Linear))
        others = [type(module) for module in modules if not isinstance(module, nn.Linear)]
        expected = [nn.Linear if i % 2 == 0 else nn.Module for i in range(len(modules))]
        in_order = all(isinstance(module, kind) for module, kind in zip(modules, expected, strict=True))
        has_bias = all(linear.bias is not None for linear in linears)
        if not linears or not in_order or not has_bias or any(kind not in _ACTIVATIONS for kind in others):
            return None
        hidden, output = others[: len(linears) - 1], others[len(linears) - 1 :]
        if len(set(hidden)) > 1:
            return None
        return cls(linears, hidden[0] if hidden else nn.Tanh, output[0] if output else None)

    @property
    def shape(self) -> tuple[Any, ...]:
        """What two perceptrons must share to be evaluated together."""
        sizes = tuple((linear.in_features, linear.out_features) for linear in self.linears)
        return (*sizes, self.activation, self.output_activation)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Weights and biases of every layer."""
        return [parameter for linear in self.linears for parameter in linear.parameters()]


class _Workspace:
    """Arrays for one batch size: what every layer gave, and the gradient with respect to it."""

    def __init__(self, heads: int, batch: int, widths: Sequence[int]) -> None:
        self.outputs = [np.empty((heads, batch, width), dtype=np.float32) for width in widths]
        self.output_tensors = [torch.from_numpy(array) for array in self.outputs]
        self.gradients = [np.empty_like(array) for array in self.outputs]
        self.gradient_tensors = [torch.from_numpy(array) for array in self.gradients]
        self.ones = np.ones((1, 1, batch), dtype=np.float32)
        self.inputs: Floats = np.empty(0, dtype=np.float32)


class Stack:
    """Perceptrons of one shape, evaluated together.

    :param networks: all of the same `shape`; their parameters move into `arena`
    """

    def __init__(self, networks: Sequence[Perceptron], arena: Arena) -> None:
        first = networks[0]
        if any(network.shape != first.shape for network in networks):
            raise ValueError("networks of different shapes cannot be stacked")
        depth = range(len(first.linears))
        self._activations = [*(first.activation for _ in depth[:-1]), first.output_activation]
        weights = [arena.adopt([_parameter(network.linears[layer].weight) for network in networks]) for layer in depth]
        biases = [arena.adopt([_parameter(network.linears[layer].bias) for network in networks]) for layer in depth]
        self._adopt(weights, biases)

    def only(self, network: int) -> Stack:
        """Return a stack of one of the networks, on the same parameters, with a workspace of its own."""
        part = copy(self)
        one = slice(network, network + 1)
        part._adopt(
            [(values[one], gradients[one]) for values, gradients in self._given_weights],
            [(values[one], gradients[one]) for values, gradients in self._given_biases],
        )
        return part

    def _adopt(self, weights: list[tuple[Floats, Floats]], biases: list[tuple[Floats, Floats]]) -> None:
        self._given_weights, self._given_biases = weights, biases
        self.heads = len(weights[0][0])
        self.weights = [values for values, _ in weights]
        self._weight_gradients = [gradients for _, gradients in weights]
        self._transposed = [values.transpose(0, 2, 1) for values in self.weights]
        self._biases = [values[:, None, :] for values, _ in biases]
        self._bias_gradients = [gradients[:, None, :] for _, gradients in biases]
        self._weight_tensors = [torch.from_numpy(values) for values in self.weights]
        self._weight_gradient_tensors = [torch.from_numpy(values) for values in self._weight_gradients]
        self._bias_tensors = [torch.from_numpy(values) for values in self._biases]
        self._workspaces: dict[int, _Workspace] = {}
        self._last = self._workspace(1)

    def is_large(self, batch: int) -> bool:
        """Whether some layer has enough to calculate on a batch for PyTorch's threads to help."""
        shapes = [values.shape for values in self.weights]
        return any(_is_large(heads * batch * width, before) for heads, width, before in shapes)

    def forward(self, inputs: Floats) -> Floats:
        """Evaluate every network; what comes back is overwritten by the next call with the same batch size.

        :param inputs: float32, (batch, features), the same for all, or (networks, batch, features)
        :returns: (networks, batch, outputs)
        """
        space = self._last = self._workspace(inputs.shape[-2])
        layer_input = inputs if inputs.ndim == 3 else inputs[None]
        space.inputs = layer_input
        for layer, output in enumerate(space.outputs):
            if _is_large(output.size, layer_input.shape[-1]):
                tensor = space.output_tensors[layer]
                wide = torch.from_numpy(layer_input).expand(self.heads, -1, -1)
                torch.baddbmm(self._bias_tensors[layer], wide, self._weight_tensors[layer].mT, out=tensor)
            else:
                np.matmul(layer_input, self._transposed[layer], out=output)
                output += self._biases[layer]
            self._activate(space, layer)
            layer_input = output
        return layer_input

    def backward(self, output_gradients: Floats, *, parameters: bool = True, inputs: Floats | None = None) -> None:
        """Follow the chain rule back through the last `forward`, once.

        :param output_gradients: of the loss with respect to what `forward` returned, same shape; left as it is
        :param parameters: write the parameters' gradients into the arena, over what stood there
        :param inputs: takes the gradient with respect to the inputs, (networks, batch, features)
        """
        space = self._last
        gradient = output_gradients
        for layer in reversed(range(len(self.weights))):
            gradient = self._before_activation(space, layer, gradient)
            before = space.outputs[layer - 1] if layer else space.inputs
            if parameters:
                self._parameter_gradients(layer, gradient, before, space)
            if layer == 0:
                break
            self._input_gradient(layer, gradient, space.gradients[layer - 1])
            gradient = space.gradients[layer - 1]
        if inputs is not None:
            self._input_gradient(0, gradient, inputs)

    def input_gradients(self, network: int, rows: NDArray[np.int64], output_gradients: Floats) -> Floats:
        """Follow the chain rule of one network and some rows back to the inputs, after a `forward`.

        :param rows: indices into the batch
        :param output_gradients: for those rows, (rows, outputs)
        :returns: (rows, features)
        """
        space = self._last
        gradient = torch.from_numpy(output_gradients)
        index = torch.from_numpy(rows)
        for layer in reversed(range(len(self.weights))):
            activation = self._activations[layer]
            if activation is not None:
                output = space.output_tensors[layer][network].index_select(0, index)
                if activation is nn.Tanh:
                    gradient = gradient * (1 - output * output)
                else:
                    gradient = torch.ops.aten.threshold_backward(gradient, output, 0)
            gradient = gradient @ self._weight_tensors[layer][network]
        result: Floats = gradient.numpy()
        return result

    def _parameter_gradients(self, layer: int, gradient: Floats, before: Floats, space: _Workspace) -> None:
        target = self._weight_gradients[layer]
        if gradient.size * before.shape[-1] >= _LARGE_PRODUCT:
            left = torch.from_numpy(gradient).mT
            right = torch.from_numpy(before).expand(self.heads, -1, -1)
            torch.bmm(left, right, out=self._weight_gradient_tensors[layer])
        else:
            np.matmul(gradient.transpose(0, 2, 1), before, out=target)
        np.matmul(space.ones, gradient, out=self._bias_gradients[layer])

    def _input_gradient(self, layer: int, gradient: Floats, out: Floats) -> None:
        if gradient.shape[-1] == 1:
            torch.mul(torch.from_numpy(gradient), self._weight_tensors[layer], out=torch.from_numpy(out))
        elif gradient.size * out.shape[-1] >= _LARGE_PRODUCT:
            torch.bmm(torch.from_numpy(gradient), self._weight_tensors[layer], out=torch.from_numpy(out))
        else:
            np.matmul(gradient, self.weights[layer], out=out)

    def _activate(self, space: _Workspace, layer: int) -> None:
        activation = self._activations[layer]
        if activation is nn.Tanh:
            np.tanh(space.outputs[layer], out=space.outputs[layer])
        elif activation is nn.ReLU:
            torch.relu_(space.output_tensors[layer])

    def _before_activation(self, space: _Workspace, layer: int, gradient: Floats) -> Floats:
        """Return the gradient on the near side of a layer's activation, in the workspace."""
        activation = self._activations[layer]
        if activation is None:
            return gradient
        output, result = space.outputs[layer], space.gradients[layer]
        if activation is nn.Tanh:
            # gradient x (1 - output^2); nobody reads the output again, so it may hold the factor
            np.multiply(output, output, out=output)
            np.subtract(np.float32(1.0), output, out=output)
            np.multiply(gradient, output, out=result)
        else:
            source, target = torch.from_numpy(gradient), space.gradient_tensors[layer]
            torch.ops.aten.threshold_backward.grad_input(source, space.output_tensors[layer], 0, grad_input=target)
        return result

    def _workspace(self, batch: int) -> _Workspace:
        if batch not in self._workspaces:
            widths = [values.shape[1] for values in self.weights]
            self._workspaces[batch] = _Workspace(self.heads, batch, widths)
        return self._workspaces[batch]


def _is_large(result: int, terms: int) -> bool:
    """Whether a product of so many numbers, each the sum of so many terms, goes through PyTorch."""
    return result >= _LARGE_RESULT or result * terms >= _LARGE_PRODUCT


def _parameter(tensor: torch.Tensor | None) -> nn.Parameter:
    if not isinstance(tensor, nn.Parameter):
        raise ValueError("a layer without weights or bias is not written here")
    return tensor
