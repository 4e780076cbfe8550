"""Proximal policy optimisation (Schulman et al. 2017): Stable-Baselines3's update, arranged for speed.

The losses are those of `stable_baselines3.PPO.train`. What differs: a minibatch that is the whole rollout is not
shuffled (a mean does not depend on the order), and nothing is read back from the device before the update ends,
unless `target_kl` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import stable_baselines3
import torch
from numpy.typing import NDArray

from trainer import timing
from trainer.algorithms.fast.actor_critic import PerceptronActorCritic, TorchActorCritic
from trainer.algorithms.fast.arena import Floats
from trainer.algorithms.fast.on_policy import FastOnPolicy

_STATISTICS = ("policy_gradient_loss", "value_loss", "entropy_loss", "approx_kl", "clip_fraction", "loss")


class PPO(FastOnPolicy, stable_baselines3.PPO):
    """PPO with its own collect and update."""

    _clip: float
    _clip_vf: float | None

    def train(self) -> None:
        """Run the epochs on what was collected, or what is left of them, then log."""
        self.set_mode(training=True)
        self._update_learning_rate(self.policy.optimizer)
        remaining = self._current_progress_remaining
        self._clip = float(self.clip_range(remaining))  # type: ignore[operator]
        self._clip_vf = None if self.clip_range_vf is None else float(self.clip_range_vf(remaining))  # type: ignore[operator]
        self.core.timing.start()
        if isinstance(self.kernel, PerceptronActorCritic):
            statistics = self._train_perceptrons(self.kernel)
        else:
            statistics = self._train_torch(self.kernel)
        self._record(statistics)
        self.core.timing.lap(timing.LOGGING)

    def _lessons(self) -> Iterator[NDArray[np.int64] | None]:
        """Go through the minibatches that are left; one is done when the next is asked for."""
        halfway = self.halfway
        while halfway.epoch < self.n_epochs:
            if not halfway.minibatches:
                halfway.minibatches = self._minibatches()
            yield halfway.minibatches[0]
            del halfway.minibatches[0]
            halfway.learnt += 1
            if not halfway.minibatches:
                halfway.epoch += 1
                self._n_updates += 1
            self.core.hold_point()

    def _minibatches(self) -> list[NDArray[np.int64] | None]:
        """Return the rows of each minibatch of an epoch; None stands for all of them."""
        size, batch = self.buffer.size, self.batch_size
        if batch >= size:
            return [None]
        rows = self.core.generators.numpy.permutation(size)
        return [rows[start : start + batch] for start in range(0, size, batch)]

    # -- by hand

    def _train_perceptrons(self, kernel: PerceptronActorCritic) -> list[list[float]]:
        buffer, clock = self.buffer, self.core.timing
        statistics: list[list[float]] = self.halfway.statistics
        observations: Any = buffer.flat_observations
        columns = [observations, buffer.flat_actions, *(a.reshape(-1) for a in self._learnt_from())]
        for rows in self._lessons():
            batch = columns if rows is None else [column[rows] for column in columns]
            clock.lap(timing.SAMPLE)
            values, log_probs, entropies = kernel.evaluate(batch[0], batch[1])
            gradients, numbers = self._losses(values, log_probs, entropies, *batch[2:])
            statistics.append(numbers)
            clock.lap(timing.FORWARD)
            if self.target_kl is not None and numbers[3] > 1.5 * self.target_kl:
                self._n_updates += 1
                break
            kernel.backward(*gradients)
            clock.lap(timing.BACKWARD)
            kernel.arena.clip_gradients(self.max_grad_norm)
            kernel.optimizer.step()
            clock.lap(timing.OPTIMISER)
        return statistics

    def _learnt_from(self) -> tuple[Floats, Floats, Floats, Floats]:
        buffer = self.buffer
        return buffer.values, buffer.log_probs, buffer.advantages, buffer.returns

    def _losses(
        self,
        values: Floats,
        log_probs: Floats,
        entropies: Floats,
        old_values: Floats,
        old_log_probs: Floats,
        advantages: Floats,
        returns: Floats,
    ) -> tuple[tuple[Floats, Floats, float], list[float]]:
        """Return the loss's gradients with respect to values, log-probabilities and entropy, and the statistics."""
        count = np.float32(len(values))
        clip = np.float32(self._clip)
        if self.normalize_advantage and len(advantages) > 1:
            centred = advantages - advantages.mean()
            deviation = np.sqrt(np.dot(centred, centred) / (count - 1))
            advantages = centred / (deviation + np.float32(1e-8))
        log_ratios = log_probs - old_log_probs
        ratios = np.exp(log_ratios)
        plain = advantages * ratios
        clipped = advantages * np.clip(ratios, 1 - clip, 1 + clip)
        policy_loss = -float(np.minimum(plain, clipped).mean())
        # Where the clipped term is smaller it is constant; elsewhere d(plain)/d(log_prob) is plain itself.
        log_prob_gradients = np.where(plain <= clipped, plain, np.float32(0.0)) / -count
        errors = values - returns
        inside: Any = np.float32(1.0)
        if self._clip_vf is not None:
            change = values - old_values
            errors = old_values + np.clip(change, -self._clip_vf, self._clip_vf) - returns
            inside = np.abs(change) <= np.float32(self._clip_vf)
        value_loss = float(np.dot(errors, errors) / count)
        value_gradients = errors * inside * np.float32(2.0 * self.vf_coef / len(values))
        entropy_loss = -float(entropies.mean())
        numbers = [
            policy_loss,
            value_loss,
            entropy_loss,
            float((ratios - 1 - log_ratios).mean()),
            float(np.count_nonzero(np.abs(ratios - 1) > clip) / count),
            policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss,
        ]
        return (value_gradients, log_prob_gradients, -self.ent_coef / len(values)), numbers

    # -- by autograd

    def _train_torch(self, kernel: TorchActorCritic) -> list[list[float]]:
        clock, device = self.core.timing, self.device
        data: dict[str, Any] = dict(
            self.buffer.tensors(device), observations=kernel.arrange(self.buffer.flat_observations)
        )
        statistics: list[torch.Tensor] = self.halfway.statistics
        for rows in self._lessons():
            batch = data if rows is None else _rows(data, torch.from_numpy(rows).to(device, non_blocking=True))
            clock.lap(timing.SAMPLE)
            loss, numbers = self._torch_losses(kernel, batch)
            statistics.append(numbers)
            clock.lap(timing.FORWARD)
            if self.target_kl is not None and float(numbers[3]) > 1.5 * self.target_kl:
                self._n_updates += 1
                break
            self.updater.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clock.lap(timing.BACKWARD)
            self.updater.step()
            clock.lap(timing.OPTIMISER)
        rows_of_numbers: list[list[float]] = torch.stack(statistics).tolist()
        return rows_of_numbers

    def _torch_losses(self, kernel: TorchActorCritic, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and, still on the device, the statistics."""
        actions = batch["actions"]
        if actions.shape[-1] == 1 and not self.action_space.shape:
            actions = actions.long().flatten()
        values, log_probs, entropies = kernel.evaluate(batch["observations"], actions)
        advantages = batch["advantages"]
        if self.normalize_advantage and len(advantages) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_ratios = log_probs - batch["log_probs"]
        ratios = log_ratios.exp()
        clipped = advantages * ratios.clamp(1 - self._clip, 1 + self._clip)
        policy_loss = -torch.minimum(advantages * ratios, clipped).mean()
        predicted = values
        if self._clip_vf is not None:
            predicted = batch["values"] + (values - batch["values"]).clamp(-self._clip_vf, self._clip_vf)
        value_loss = torch.nn.functional.mse_loss(batch["returns"], predicted)
        entropy_loss = -(entropies.mean() if entropies is not None else -log_probs.mean())
        loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss
        with torch.no_grad():
            divergence = (ratios - 1 - log_ratios).mean()
            clip_fraction = ((ratios - 1).abs() > self._clip).float().mean()
            numbers = torch.stack([policy_loss, value_loss, entropy_loss, divergence, clip_fraction, loss])
        return loss, numbers

    def _record(self, statistics: list[list[float]]) -> None:
        logger = self.logger
        means = np.mean(statistics, axis=0)
        for name, mean in zip(_STATISTICS, means.tolist(), strict=True):
            logger.record(f"train/{name}", mean)
        # As the parent logs them: the divergence of the last epoch, the loss of the last minibatch.
        per_epoch = -(-self.buffer.size // self.batch_size)
        last_epoch = statistics[-((len(statistics) - 1) % per_epoch + 1) :]
        logger.record("train/approx_kl", float(np.mean([row[3] for row in last_epoch])))
        logger.record("train/loss", statistics[-1][5])
        logger.record("train/explained_variance", self.buffer.explained_variance())
        if hasattr(self.policy, "log_std"):
            logger.record("train/std", self.policy.log_std.exp().mean().item())
        logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        logger.record("train/clip_range", self._clip)
        if self._clip_vf is not None:
            logger.record("train/clip_range_vf", self._clip_vf)


def _rows(data: dict[str, Any], rows: torch.Tensor) -> dict[str, Any]:
    def taken(column: Any) -> Any:
        if isinstance(column, dict):
            return {key: part.index_select(0, rows) for key, part in column.items()}
        return column.index_select(0, rows)

    return {name: taken(column) for name, column in data.items()}
