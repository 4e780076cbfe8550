"""TD3 (Fujimoto et al. 2018) and DDPG (Lillicrap et al. 2016): Stable-Baselines3's update, arranged for speed."""

from __future__ import annotations

from typing import Any

import numpy as np
import stable_baselines3
import torch
from numpy.typing import NDArray
from stable_baselines3.common.utils import polyak_update

from trainer import timing
from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.continuous import Critics, FastContinuous, flat, is_plain, on_device
from trainer.algorithms.fast.core import Core, mean
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.stepping import ClippedStep


class TD3(FastContinuous, stable_baselines3.TD3):
    """TD3 with its own collect and update."""

    kernel: _PerceptronTD3 | _TorchTD3

    def equip(self, core: Core) -> None:
        """Take the parts over and choose how the networks are calculated."""
        super().equip(core)
        self.kernel = _PerceptronTD3(self) if _PerceptronTD3.supports(self) else _TorchTD3(self)

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Take gradient steps on minibatches from the replay buffer, or what is left of them, then log."""
        clock, halfway = self.core.timing, self.halfway
        self.set_mode(training=True)
        self._update_learning_rate([self.actor.optimizer, self.critic.optimizer])
        clock.start()
        losses: list[dict[str, Any]] = halfway.statistics
        for step in range(halfway.learnt, gradient_steps):
            self._n_updates += 1
            batch = self.buffer.sample(batch_size, self._vec_normalize_env)
            clock.lap(timing.SAMPLE)
            losses.append({"critic_loss": self.kernel.learn_values(batch)})
            if self._n_updates % self.policy_delay == 0:
                losses[-1]["actor_loss"] = self.kernel.learn_actions(batch)
                self.kernel.update_targets(self.tau)
            halfway.learnt = step + 1
            clock.lap(timing.OPTIMISER)
            self.core.hold_point()
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        for name in ("actor_loss", "critic_loss"):
            known = [row[name] for row in losses if name in row]
            if known:
                self.logger.record(f"train/{name}", mean(known))
        clock.lap(timing.LOGGING)

    def _act(self, observation: Any) -> NDArray[Any]:
        return self.kernel.best(observation)

    def target_noise(self, shape: tuple[int, ...]) -> Floats:
        """Return the clipped noise that smooths the target policy."""
        drawn = self.core.generators.numpy.standard_normal(shape, dtype=np.float32)
        drawn *= np.float32(self.target_policy_noise)
        return np.clip(drawn, -self.target_noise_clip, self.target_noise_clip, out=drawn)


class DDPG(TD3, stable_baselines3.DDPG):
    """DDPG with its own collect and update: TD3 with one critic, no delay and no noise on the target."""


class _PerceptronTD3:
    """Small networks by hand."""

    by_hand = True

    def __init__(self, model: TD3) -> None:
        self._model = model
        self.arena, self._actor = _actor(model.actor)
        self._target_arena, self._target = _actor(model.actor_target)
        self.critics = Critics(model.critic, model.critic_target)
        self._optimizer = ArenaOptimizer(self.arena, model.actor.optimizer)

    @staticmethod
    def supports(model: TD3) -> bool:
        """Whether the networks are small and plain enough for this."""
        return (
            is_plain(model.actor)
            and Perceptron.of(list(model.actor.mu)) is not None
            and Critics.supports(model.critic)
            and ArenaOptimizer.supports(model.actor.optimizer)
        )

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return self.critics.is_large(batch) or self._actor.is_large(batch)

    def best(self, observation: Any) -> NDArray[Any]:
        """Return the policy's actions, (copies, …)."""
        actions: NDArray[Any] = self._actor.forward(flat(observation))[0].copy()
        return actions.reshape(-1, *(self._model.action_space.shape or ()))

    def learn_values(self, batch: Transitions) -> float:
        """Take a gradient step of the critics; return their loss before it."""
        model, clock = self._model, self._model.core.timing
        following = flat(batch.next_observations)
        actions = self._target.forward(following)[0]
        actions = np.clip(actions + model.target_noise(actions.shape), -1, 1)
        least = self.critics.least_target(following, actions)
        targets = batch.rewards + (1 - batch.ends) * batch.discounts * least
        clock.lap(timing.FORWARD)
        loss = self.critics.gradients(flat(batch.observations), flat(batch.actions), targets, 1.0)
        clock.lap(timing.BACKWARD)
        self.critics.step()
        clock.lap(timing.OPTIMISER)
        return loss

    def learn_actions(self, batch: Transitions) -> float:
        """Take a gradient step of the actor up the first critic; return its loss before it."""
        clock = self._model.core.timing
        before = flat(batch.observations)
        actions = self._actor.forward(before)
        clock.lap(timing.FORWARD)
        values, slopes = self.critics.climb_first(before, actions[0])
        self._actor.backward(-slopes[None])
        clock.lap(timing.BACKWARD)
        self._optimizer.step()
        clock.lap(timing.OPTIMISER)
        return -float(values.mean())

    def update_targets(self, tau: float) -> None:
        """Mix the online networks into the targets."""
        self.critics.update_target(tau)
        self._target_arena.tensor.lerp_(self.arena.tensor, tau)


class _TorchTD3:
    """Any networks by autograd."""

    def __init__(self, model: TD3) -> None:
        self._model = model
        self._actor_step = ClippedStep(model.actor.optimizer)
        self._critic_step = ClippedStep(model.critic.optimizer)

    def best(self, observation: Any) -> NDArray[Any]:
        """Return the policy's actions, (copies, …)."""
        with torch.no_grad():
            actions = self._model.actor(observations.as_tensors(observation, self._model.device))
        chosen: NDArray[Any] = actions.cpu().numpy()
        return chosen.reshape(-1, *(self._model.action_space.shape or ()))

    def learn_values(self, batch: Transitions) -> torch.Tensor:
        """Take a gradient step of the critics; return their loss before it, still on the device."""
        model, clock = self._model, self._model.core.timing
        before, actions, rewards, after, followed = on_device(batch, model.device)
        with torch.no_grad():
            noise = torch.from_numpy(model.target_noise(tuple(actions.shape))).to(model.device)
            next_actions = (model.actor_target(after) + noise).clamp(-1, 1)
            least = torch.cat(model.critic_target(after, next_actions), dim=1).amin(dim=1, keepdim=True)
            targets = rewards + followed * least
        losses = [torch.nn.functional.mse_loss(values, targets) for values in model.critic(before, actions)]
        loss = torch.stack(losses).sum()
        clock.lap(timing.FORWARD)
        self._critic_step.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._critic_step.step()
        clock.lap(timing.OPTIMISER)
        return loss.detach()

    def learn_actions(self, batch: Transitions) -> torch.Tensor:
        """Take a gradient step of the actor up the first critic; return its loss before it, still on the device."""
        model, clock = self._model, self._model.core.timing
        before = observations.as_tensors(batch.observations, model.device)
        loss = -model.critic.q1_forward(before, model.actor(before)).mean()
        clock.lap(timing.FORWARD)
        self._actor_step.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._actor_step.step()
        clock.lap(timing.OPTIMISER)
        return loss.detach()

    def update_targets(self, tau: float) -> None:
        """Mix the online networks into the targets, and copy what batch normalisation has counted."""
        model = self._model
        with torch.no_grad():
            for online, target in ((model.critic, model.critic_target), (model.actor, model.actor_target)):
                torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), tau)
        polyak_update(model.critic_batch_norm_stats, model.critic_batch_norm_stats_target, 1.0)
        polyak_update(model.actor_batch_norm_stats, model.actor_batch_norm_stats_target, 1.0)


def _actor(actor: Any) -> tuple[Arena, Stack]:
    network = Perceptron.of(list(actor.mu))
    if network is None:
        raise ValueError("this actor is not a plain perceptron")
    arena = Arena.for_parameters(network.parameters)
    return arena, Stack([network], arena)
