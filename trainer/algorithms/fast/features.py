"""From observations to features, the part of a network that an image makes expensive.

`ModuleFeatures` runs any features extractor as it is. `NatureFeatures` runs the convolutions of the Nature paper
(Mnih et al. 2015, `stable_baselines3.common.torch_layers.NatureCNN`) on the processor in another order of the same
arithmetic: images stay bytes until the first convolution and lie in memory as it reads them, the division by 255 is
done on its few weights instead of on every pixel, and in bfloat16 its 8 x 8 kernel of stride 4 becomes a 2 x 2 kernel
of stride 1 over blocks of 4 x 4 pixels taken as channels, which vector units like far better than 4 channels. The
second one's 4 x 4 kernel of stride 2 becomes 4 x 2 over pairs of columns, which are channels without being moved.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import NatureCNN
from torch.nn import functional

from trainer.algorithms.fast import observations
from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.precision import Precision

_BLOCK = 4  # pixels; the first convolution's stride

_Weights = list[tuple[torch.Tensor, torch.Tensor]]  # of each layer, with its bias


class Features(Protocol):
    """What a policy's algorithms need of its features extractor."""

    def arrange(self, observation: Any) -> Any:
        """Return observations (batch, …) laid out for `__call__`; rows stay rows."""

    def arrange_both(self, frames: torch.Tensor, channels: int) -> tuple[Any, Any]:
        """Lay two overlapping images out at once, the first and the last `channels` of `frames`."""

    def __call__(self, arranged: Any) -> torch.Tensor:
        """Return features, float32, (batch, features)."""

    def freeze(self) -> None:
        """Say that the weights stay as they are until the next call; only inference without gradients follows."""


class ModuleFeatures:
    """Any extractor of Stable-Baselines3, by autocast where the run is in bfloat16.

    :param owner: the policy or network whose extractor it is, for its observation space
    """

    def __init__(self, owner: Any, extractor: torch.nn.Module, precision: Precision) -> None:
        self._owner = owner
        self._extractor = extractor
        self._precision = precision

    def arrange(self, observation: Any) -> Any:
        """Leave observations as they are."""
        return observation

    def arrange_both(self, frames: torch.Tensor, channels: int) -> tuple[Any, Any]:
        """Return the two images."""
        return frames[:, :channels], frames[:, -channels:]

    def __call__(self, arranged: Any) -> torch.Tensor:
        """Run the module."""
        fed = observations.network_input(self._owner, arranged, bf16=self._precision.bf16)
        with self._precision.autocast():
            features: torch.Tensor = self._extractor(fed)
        return features.float()

    def freeze(self) -> None:
        """Nothing to prepare."""


class NatureFeatures:
    """A NatureCNN on the processor.

    :param owner: the policy or network whose extractor it is
    """

    def __init__(self, owner: Any, extractor: NatureCNN, precision: Precision) -> None:
        convolutions = [layer for layer in extractor.cnn if isinstance(layer, torch.nn.Conv2d)]
        self._layers: list[Any] = [*convolutions, extractor.linear[0]]
        self._in_pairs = _columns_after(owner.observation_space.shape[2]) % 2 == 0
        self._strides: list[Any] = [1 if precision.bf16 else _BLOCK, *(layer.stride for layer in convolutions[1:])]
        if self._in_pairs:
            self._strides[1] = (2, 1)
        self._dtype = torch.bfloat16 if precision.bf16 else torch.float32
        self._in_blocks = precision.bf16
        self._scale = 1.0 / 255.0 if owner.normalize_images else 1.0
        self._frozen: _Weights = []
        self._packed: dict[int, _Packed] = {}  # the frozen weights, by batch size
        self._uses = 0  # of the frozen weights
        # By batch size. A network is run backwards before it is run forwards again, so the memory can serve both.
        self._inputs: dict[int, torch.Tensor] = {}

    @staticmethod
    def supports(owner: Any, extractor: torch.nn.Module) -> bool:
        """Whether an extractor is a NatureCNN over byte images on the processor whose sides blocks divide."""
        space = owner.observation_space
        return (
            type(extractor) is NatureCNN
            and isinstance(space, spaces.Box)
            and is_image_space(space, check_channels=False)
            and space.shape[1] % _BLOCK == 0
            and space.shape[2] % _BLOCK == 0
            and next(extractor.parameters()).device.type == "cpu"
        )

    def arrange(self, observation: torch.Tensor) -> torch.Tensor:
        """Return bytes, (batch, height, width, channels), in blocks for bfloat16."""
        if not self._in_blocks:
            return observation.permute(0, 2, 3, 1).contiguous()
        batch, channels, height, width = observation.shape
        rows, columns = height // _BLOCK, width // _BLOCK
        # Four neighbouring bytes move as one number; first whole rows of blocks, then the blocks in each of them.
        words = observation.contiguous().view(torch.int32).view(batch, channels, rows, _BLOCK * columns)
        by_row = words.transpose(1, 2).contiguous().view(batch * rows, channels * _BLOCK, columns)
        blocks = by_row.transpose(1, 2).contiguous().view(torch.uint8)
        return blocks.view(batch, rows, columns, channels * _BLOCK * _BLOCK)

    def arrange_both(self, frames: torch.Tensor, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the two images as views of one arrangement."""
        arranged = self.arrange(frames)
        width = channels * _BLOCK * _BLOCK if self._in_blocks else channels
        return arranged[..., :width], arranged[..., -width:]

    def __call__(self, arranged: torch.Tensor) -> torch.Tensor:
        """Run the convolutions and the linear layer."""
        hidden = self._as_numbers(arranged).permute(0, 3, 1, 2)
        learning = torch.is_grad_enabled() or not self._frozen
        if not learning and _can_pack():
            # Weights that are used only once (DQN plays a step between two updates) are not worth arranging.
            self._uses += 1
            if self._uses > 1:
                return self._infer(hidden).float()
        weights = self._weights() if learning else self._frozen
        for layer, stride in enumerate(self._strides):
            fed = _pairs(hidden) if self._in_pairs and layer == 1 else hidden
            hidden = functional.conv2d(fed, *weights[layer], stride).relu_()
        return functional.linear(hidden.flatten(1), *weights[-1]).relu_().float()

    def _infer(self, hidden: torch.Tensor) -> torch.Tensor:
        """Run the frozen layers, each with its ReLU in one call on weights that lie as oneDNN reads them."""
        batch = len(hidden)
        if batch not in self._packed:
            self._packed[batch] = _Packed(self._frozen, self._strides, self._in_pairs)
        return self._packed[batch](hidden)

    def _as_numbers(self, arranged: torch.Tensor) -> torch.Tensor:
        """Return the bytes as floats, in memory that the next batch of the same size takes over."""
        kept = self._inputs.get(len(arranged))
        if kept is None:
            kept = self._inputs[len(arranged)] = torch.empty(arranged.shape, dtype=self._dtype)
        return kept.copy_(arranged)

    def freeze(self) -> None:
        """Prepare the weights once for all the inference to come."""
        self._packed.clear()
        self._uses = 0
        with torch.no_grad():
            self._frozen = self._weights()

    def _weights(self) -> _Weights:
        first = self._layers[0].weight * self._scale
        if self._in_blocks:
            out, channels = first.shape[:2]
            split = first.view(out, channels, 2, _BLOCK, 2, _BLOCK).permute(0, 1, 3, 5, 2, 4)
            first = split.reshape(out, channels * _BLOCK * _BLOCK, 2, 2).contiguous(memory_format=torch.channels_last)
        weights = [first, *(layer.weight for layer in self._layers[1:])]
        if self._in_pairs:
            out, channels, height, width = weights[1].shape
            split = weights[1].view(out, channels, height, width // 2, 2).permute(0, 4, 1, 2, 3)
            weights[1] = split.reshape(out, 2 * channels, height, width // 2)
        return [
            (weight.to(self._dtype), layer.bias.to(self._dtype))
            for weight, layer in zip(weights, self._layers, strict=True)
        ]


def _columns_after(width: int) -> int:
    """Return how many columns the first convolution, 8 wide and of stride 4, leaves."""
    return width // _BLOCK - 1


def _pairs(hidden: torch.Tensor) -> torch.Tensor:
    """Return an image as (batch, 2 x channels, height, width / 2): a view where it lies channels last, as it does."""
    batch, channels, height, width = hidden.shape
    return hidden.permute(0, 2, 3, 1).reshape(batch, height, width // 2, 2 * channels).permute(0, 3, 1, 2)


class _Packed:
    """Frozen layers for batches of one size: oneDNN's own arrangement of the weights, made at the first call.

    Otherwise it is made anew at every call, which for a few images takes as long as the arithmetic.
    """

    def __init__(self, weights: _Weights, strides: list[Any], in_pairs: bool) -> None:
        self._given = weights
        self._in_pairs = in_pairs
        self._strides = [[stride, stride] if isinstance(stride, int) else list(stride) for stride in strides]
        self._arranged: list[torch.Tensor] = []

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        ops = torch.ops.mkldnn
        first = not self._arranged
        for layer, stride in enumerate(self._strides):
            weight, bias = self._given[layer]
            if self._in_pairs and layer == 1:
                hidden = _pairs(hidden)
            if first:
                shape = list(hidden.shape)
                self._arranged.append(ops._reorder_convolution_weight(weight, [0, 0], stride, [1, 1], 1, shape))
            hidden = ops._convolution_pointwise(
                hidden, self._arranged[layer], bias, [0, 0], stride, [1, 1], 1, "relu", [], ""
            )
        flat = hidden.flatten(1)
        weight, bias = self._given[-1]
        if first:
            self._arranged.append(ops._reorder_linear_weight(weight.contiguous(), len(flat)))
        result: torch.Tensor = ops._linear_pointwise(flat, self._arranged[-1], bias, "relu", [], "")
        return result


@cache
def _can_pack() -> bool:
    """Whether this PyTorch has oneDNN's calls that its compiler uses too; where not, plain ones serve."""
    names = ("_reorder_convolution_weight", "_convolution_pointwise", "_reorder_linear_weight", "_linear_pointwise")
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and all(hasattr(torch.ops.mkldnn, name) for name in names)


def features_of(owner: Any, extractor: torch.nn.Module, core: Core) -> Features:
    """Return the fastest way to run a features extractor.

    :param owner: the policy or network that it belongs to
    """
    is_image = isinstance(owner.observation_space, spaces.Box) and is_image_space(owner.observation_space)
    if core.compiled and is_image:
        compiled = _compiled(owner, extractor, core)
        if compiled is not None:
            return compiled
    if NatureFeatures.supports(owner, extractor):
        return NatureFeatures(owner, extractor, core.precision)  # type: ignore[arg-type]
    if is_image:
        extractor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return ModuleFeatures(owner, extractor, core.precision)


def _compiled(owner: Any, extractor: torch.nn.Module, core: Core) -> ModuleFeatures | None:
    """Return the extractor compiled, or None with a note where that cannot be done."""
    extractor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module: Any = torch.compile(extractor, dynamic=False)
    features = ModuleFeatures(owner, module, core.precision)
    device = next(extractor.parameters()).device
    try:
        with torch.no_grad():
            features(torch.zeros((2, *owner.observation_space.shape), dtype=torch.uint8, device=device))
    except Exception as error:  # noqa: BLE001  # whatever a compiler raises, training goes on without it
        reason = str(error).strip().splitlines()[0]
        core.notes.append(f"The networks are not compiled: {reason}")
        return None
    return features
