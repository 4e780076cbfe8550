"""What the parts of an image row take alone: each called again and again, with nothing else in between.

`bench limits` divides operations by the speed of large products. Small batches do not reach that speed in any
library: this measures oneDNN's own kernels for the four layers of the Nature paper at the row's batch sizes, with
their operands still in the caches, the emulators with nothing beside them, and the optimiser's pass over its memory.
What a run takes beyond the sum is everything in between: casts, activations, losses and caches gone cold.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from trainer.algorithms.fast.stepping import ClippedStep
from trainer.config import RunConfig
from trainer.envs.factory import make_training_env

_SECONDS = 0.4  # that each part is repeated
_FEATURES, _FLAT = 512, 3136
_AHEAD = 8  # minibatches whose targets DQN calculates together, as in trainer/algorithms/fast/dqn.py


@dataclass(frozen=True)
class _Convolution:
    """One layer as `trainer/algorithms/fast/features.py` calls it: channels, sides and kernel of its input's view."""

    channels: int
    height: int
    width: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    out: int
    learns_input: bool = True


_BF16 = (
    _Convolution(64, 21, 21, (2, 2), (1, 1), 32, learns_input=False),
    _Convolution(64, 20, 10, (4, 2), (2, 1), 64),
    _Convolution(64, 9, 9, (3, 3), (1, 1), 64),
)
_FP32 = (_Convolution(4, 84, 84, (8, 8), (4, 4), 32, learns_input=False), *_BF16[1:])


def alone(config: RunConfig, *, is_bf16: bool) -> dict[str, float]:
    """Return the least seconds that each part of an image row takes alone, for one environment step.

    :param config: PPO or DQN with a NatureCNN
    """
    algorithm: Any = config.algorithm
    copies, batch = config.environment.n_envs, algorithm.batch_size
    dtype = torch.bfloat16 if is_bf16 else torch.float32
    forward, backward = _network(batch, dtype)
    if algorithm.name == "dqn":
        steps = algorithm.gradient_steps / (algorithm.train_freq * copies)  # gradient steps an environment step
        ahead = min(algorithm.gradient_steps, _AHEAD)
        targets = _network(ahead * batch, dtype)[0] / ahead
    else:
        steps = algorithm.n_epochs / batch
        targets = 0.0
    return {
        "forward": steps * (forward + targets),
        "backward": steps * backward,
        "optimiser": steps * _optimiser(),
        "inference": _network(copies, dtype)[0] / copies,
        "environment": _emulators(config) / copies,
    }


def _network(batch: int, dtype: torch.dtype) -> tuple[float, float]:
    """Return the least seconds of the layers forwards and backwards."""
    forward = backward = 0.0
    for layer in _BF16 if dtype == torch.bfloat16 else _FP32:
        ahead, back = _convolution(layer, batch, dtype)
        forward, backward = forward + ahead, backward + back
    images, weight = torch.randn(batch, _FLAT).to(dtype), torch.randn(_FEATURES, _FLAT).to(dtype)
    bias, slopes = torch.zeros(_FEATURES).to(dtype), torch.randn(batch, _FEATURES).to(dtype)
    forward += _best(lambda: functional.linear(images, weight, bias))
    backward += _best(lambda: slopes @ weight) + _best(lambda: slopes.T @ images)
    return forward, backward


def _convolution(layer: _Convolution, batch: int, dtype: torch.dtype) -> tuple[float, float]:
    def lying(*shape: int) -> torch.Tensor:
        return torch.randn(shape).to(dtype).contiguous(memory_format=torch.channels_last)

    images = lying(batch, layer.channels, layer.height, layer.width)
    weight, bias = lying(layer.out, layer.channels, *layer.kernel), torch.zeros(layer.out).to(dtype)
    slopes = torch.randn_like(functional.conv2d(images, weight, bias, layer.stride))
    sought = [layer.learns_input, True, True]

    def back() -> None:
        torch.ops.aten.convolution_backward(
            slopes, images, weight, [layer.out], layer.stride, [0, 0], [1, 1], False, [0, 0], 1, sought
        )

    return _best(lambda: functional.conv2d(images, weight, bias, layer.stride)), _best(back)


def _optimiser() -> float:
    """Return the least seconds of a step with clipping on as many numbers as the network has."""
    parameters = [torch.nn.Parameter(torch.randn(_FEATURES, _FLAT)), torch.nn.Parameter(torch.randn(80_000))]
    stepped = ClippedStep(torch.optim.Adam(parameters), 0.5)
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return _best(stepped.step)


def _emulators(config: RunConfig) -> float:
    """Return the least seconds of a step of all copies."""
    env = make_training_env(config.environment, 0)
    env.reset()
    actions: Any = np.zeros(env.num_envs, dtype=np.int64)
    try:
        return _best(lambda: env.step(actions))
    finally:
        env.close()


def _best(part: Callable[[], Any]) -> float:
    for _ in range(3):
        part()
    times = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        part()
        times.append(time.perf_counter() - began)
    return min(times)
