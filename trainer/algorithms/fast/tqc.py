"""Truncated quantile critics (Kuznetsov et al. 2020): SB3-Contrib's update, from generators of the run's own."""

from __future__ import annotations

from typing import Any

import sb3_contrib
import torch
from sb3_contrib.common.utils import quantile_huber_loss

from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.soft import FastSoft, TorchSoft


class TQC(FastSoft, sb3_contrib.TQC):
    """TQC with its own collect and update."""

    kernel: TorchTQC

    def equip(self, core: Core) -> None:
        """Take the parts over."""
        super().equip(core)
        own_generator(self.actor, core.generators.torch)
        self.kernel = TorchTQC(self)


class TorchTQC(TorchSoft):
    """Critics that predict quantiles of the return, the highest of which are left out of the targets."""

    def critic_loss(
        self,
        before: Any,
        actions: torch.Tensor,
        rewards: torch.Tensor,
        after: Any,
        followed: torch.Tensor,
        temperature: torch.Tensor,
    ) -> torch.Tensor:
        """Return Huber's loss of each predicted quantile against each kept one of the target."""
        model = self._model
        with torch.no_grad():
            next_actions, next_log_probs = model.actor.action_log_prob(after)
            pooled = model.critic_target(after, next_actions).reshape(len(rewards), -1).sort(dim=1).values
            kept = model.critic.quantiles_total - model.top_quantiles_to_drop_per_net * model.critic.n_critics
            following = pooled[:, :kept] - temperature * next_log_probs.reshape(-1, 1)
            targets = (rewards + followed * following).unsqueeze(1)
        return quantile_huber_loss(model.critic(before, actions), targets, sum_over_quantiles=False)

    def judgement(self, before: Any, actions: torch.Tensor) -> torch.Tensor:
        """Return the mean over all quantiles of all critics, (batch,)."""
        judged: torch.Tensor = self._model.critic(before, actions).mean(dim=2).mean(dim=1)
        return judged
