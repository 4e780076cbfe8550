"""Quantile regression DQN (Dabney et al. 2017): SB3-Contrib's update, arranged as DQN's is."""

from __future__ import annotations

from typing import Any

import sb3_contrib
import torch
from sb3_contrib.common.utils import quantile_huber_loss

from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.dqn import FastGreedy, TorchQ


class QRDQN(FastGreedy, sb3_contrib.QRDQN):
    """QR-DQN with its own collect and update."""

    def equip(self, core: Core) -> None:
        """Take the parts over."""
        super().equip(core)
        self.kernel = TorchQuantiles(self, core)


class TorchQuantiles(TorchQ):
    """A network that says each action's return in quantiles, whose mean is its value."""

    @staticmethod
    def networks(model: Any) -> tuple[Any, Any]:
        """Return the online network and the target."""
        return model.quantile_net, model.quantile_net_target

    @staticmethod
    def heads(net: Any, target: Any) -> tuple[Any, Any]:
        """Return what makes quantiles of features, online and target."""
        return net.quantile_net, target.quantile_net

    def valued(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the value of every action, (batch, actions)."""
        return self._quantiles(outputs).mean(dim=1)

    def targets(self, outputs: torch.Tensor, rewards: torch.Tensor, followed: torch.Tensor) -> torch.Tensor:
        """Return the quantiles that actions should have had, (batch, quantiles): those of the best action after."""
        following = self._quantiles(outputs)
        best = following.mean(dim=1, keepdim=True).argmax(dim=2, keepdim=True)
        chosen = following.gather(2, best.expand(-1, following.shape[1], 1)).squeeze(2)
        return rewards[:, None] + followed[:, None] * chosen

    def loss(self, arranged: Any, actions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return Huber's loss of each quantile against each of the targets, summed over the quantiles."""
        quantiles = self._quantiles(self._head(self._online(arranged)))
        taken = quantiles.gather(2, actions[..., None].expand(-1, quantiles.shape[1], 1)).squeeze(2)
        return quantile_huber_loss(taken, targets, sum_over_quantiles=True)

    def _quantiles(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.view(len(outputs), self._model.n_quantiles, -1)
