"""Deep Q-learning (Mnih et al. 2015): Stable-Baselines3's update, arranged for speed.

One thing differs on purpose where several copies of the environment run: each tosses its own coin for whether to
explore. The parent class tosses one for all of them, so that all explore in the same moments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import stable_baselines3
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.utils import polyak_update
from stable_baselines3.dqn.policies import QNetwork

from trainer import timing
from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.core import Core, mean
from trainer.algorithms.fast.features import features_of
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.off_policy import FastOffPolicy
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.stepping import ClippedStep

# Gradient steps whose minibatches are drawn, and whose targets are computed, together: within one update the target
# network stands still, and one large batch through it costs less than several small ones.
_AHEAD = 8


class FastGreedy(FastOffPolicy):
    """Takes the action of the highest value, or now and then any; `kernel` knows the values, and learns them."""

    kernel: _PerceptronQ | TorchQ
    exploration_rate: float
    exploration_schedule: Any
    target_update_interval: int
    batch_norm_stats: Any
    batch_norm_stats_target: Any
    _n_calls: int

    @property
    def rows_at_once(self) -> int:
        """Several minibatches go through the target network together."""
        return self.batch_size * _AHEAD

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Take gradient steps on minibatches from the replay buffer, or what is left of them, then log."""
        clock, halfway, generator = self.core.timing, self.halfway, self.core.generators.numpy.bit_generator
        self.set_mode(training=True)
        self._update_learning_rate(self.policy.optimizer)
        clock.start()
        while halfway.learnt < gradient_steps:
            done = halfway.learnt % _AHEAD
            if done:
                # A run that goes on in the middle of a block draws the same block again.
                generator.state = halfway.drawn_from
            else:
                halfway.drawn_from = generator.state
            count = min(_AHEAD, gradient_steps - halfway.learnt + done)
            batch = self.buffer.sample(count * batch_size, self._vec_normalize_env)
            clock.lap(timing.SAMPLE)
            lessons: Any = self.kernel.lessons(batch)
            clock.lap(timing.FORWARD)
            for start in range(done * batch_size, count * batch_size, batch_size):
                halfway.statistics.append(self.kernel.learn(lessons, slice(start, start + batch_size)))
                halfway.learnt += 1
                clock.lap(timing.OPTIMISER)
                self.core.hold_point()
        self._n_updates += gradient_steps
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/loss", mean(halfway.statistics))
        clock.lap(timing.LOGGING)

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """Return the best actions, or now and then random ones where `deterministic` is false."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic=True)
        if not deterministic:
            explores = self.core.generators.numpy.random(np.shape(actions)) < self.exploration_rate
            space: Any = self.action_space
            drawn = self.core.generators.numpy.integers(space.n, size=np.shape(actions)) + space.start
            actions = np.where(explores, drawn, actions)
        return actions, state

    def player(self) -> Callable[[Any], NDArray[Any]]:
        """Return what chooses the actions of the highest value."""
        if self.core.compiled:
            return super().player()  # a batch of another size would be compiled anew
        self.set_mode(training=False)
        self.kernel.begin_rollout()
        return lambda observation: self.kernel.values(observation).argmax(axis=1)

    def weights_changed(self) -> None:
        """Follow weights that were put into the networks from outside."""
        self.kernel.weights_changed()

    def _begin_rollout(self) -> None:
        self.kernel.begin_rollout()

    def _choose(self, learning_starts: int) -> tuple[NDArray[Any], NDArray[Any]]:
        copies = self.n_envs
        if self.num_timesteps < learning_starts:
            explores = np.ones(copies, dtype=np.bool_)
        else:
            explores = self.core.generators.numpy.random(copies) < self.exploration_rate
        if explores.all():
            actions = np.zeros(copies, dtype=np.int64)
        else:
            actions = self.kernel.values(self._last_obs).argmax(axis=1)
        for copy in np.flatnonzero(explores).tolist():
            actions[copy] = self.action_space.sample()
        return actions, actions

    def _on_step(self) -> None:
        self._n_calls += 1
        if self._n_calls % max(self.target_update_interval // self.n_envs, 1) == 0:
            self.kernel.update_target(self.tau)
            polyak_update(self.batch_norm_stats, self.batch_norm_stats_target, 1.0)
        self.exploration_rate = self.exploration_schedule(self._current_progress_remaining)
        self.logger.record("rollout/exploration_rate", self.exploration_rate)


class DQN(FastGreedy, stable_baselines3.DQN):
    """DQN with its own collect and update."""

    def equip(self, core: Core) -> None:
        """Take the parts over and choose how the networks are calculated."""
        super().equip(core)
        self.kernel = _PerceptronQ(self) if _PerceptronQ.supports(self) else TorchQ(self, core)


class _PerceptronQ:
    """Small Q-networks by hand; the online one and the target have an arena each."""

    by_hand = True

    def __init__(self, model: DQN) -> None:
        self._model = model
        online, target = _chain(model.q_net), _chain(model.q_net_target)
        if online is None or target is None:
            raise ValueError("these Q-networks are not plain perceptrons")
        self.arena = Arena.for_parameters(online.parameters)
        self._target_arena = Arena.for_parameters(target.parameters)
        self._online, self._target = Stack([online], self.arena), Stack([target], self._target_arena)
        self._optimizer = ArenaOptimizer(self.arena, model.policy.optimizer)

    @staticmethod
    def supports(model: DQN) -> bool:
        """Whether the networks are small and plain enough for this."""
        space, net = model.observation_space, model.q_net
        return (
            model.device.type == "cpu"
            and isinstance(space, spaces.Box)
            and not is_image_space(space)
            and type(net) is QNetwork
            and type(net.features_extractor) is FlattenExtractor
            and _chain(net) is not None
            and ArenaOptimizer.supports(model.policy.optimizer)
        )

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return self._online.is_large(batch)

    def begin_rollout(self) -> None:
        """Nothing to prepare: the weights are read where they lie."""

    def weights_changed(self) -> None:
        """Nothing to follow, either."""

    def values(self, observation: Any) -> Floats:
        """Return the value of every action, (copies, actions)."""
        values: Floats = self._online.forward(_flat(observation))[0]
        return values

    def update_target(self, tau: float) -> None:
        """Mix the online network into the target."""
        self._target_arena.tensor.lerp_(self.arena.tensor, tau)

    def lessons(self, batch: Transitions) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Return observations, the actions taken in them and what these should have been valued at."""
        following = self._target.forward(_flat(batch.next_observations))[0].max(axis=1)
        targets = batch.rewards + (1 - batch.ends) * batch.discounts * following
        return _flat(batch.observations), batch.actions[:, 0].astype(np.int64, copy=False), targets

    def learn(self, lessons: tuple[Floats, NDArray[np.int64], Floats], rows: slice) -> float:
        """Take one gradient step on some rows; return the loss before it."""
        loss = self.gradients(lessons[0][rows], lessons[1][rows], lessons[2][rows])
        self._model.core.timing.lap(timing.BACKWARD)
        self.arena.clip_gradients(self._model.max_grad_norm)
        self._optimizer.step()
        return loss

    def gradients(self, observation: Floats, actions: NDArray[np.int64], targets: Floats) -> float:
        """Write the gradients into the arena; return the loss."""
        values: Any = self._online.forward(observation)
        rows = np.arange(len(targets))
        errors = values[0, rows, actions] - targets
        # Huber's loss: quadratic within 1, linear beyond; its slope is the error, clipped.
        slopes = np.clip(errors, -1.0, 1.0)
        loss = float((slopes * (errors - 0.5 * slopes)).mean())
        gradients = np.zeros_like(values)
        gradients[0, rows, actions] = slopes / np.float32(len(targets))
        self._model.core.timing.lap(timing.FORWARD)
        self._online.backward(gradients)
        return loss


class TorchQ:
    """Any Q-network by autograd, its features extractor in the run's precision and the rest in float32."""

    follows_precision = True

    def __init__(self, model: Any, core: Core) -> None:
        self._model = model
        net, target = self.networks(model)
        self._online = features_of(net, net.features_extractor, core)
        self._target = features_of(target, target.features_extractor, core)
        self._head, self._target_head = self.heads(net, target)
        self.weights_changed()
        self._parameters: list[torch.Tensor] = list(net.parameters())
        self._target_parameters: list[torch.Tensor] = list(target.parameters())
        self._updater = ClippedStep(model.policy.optimizer, model.max_grad_norm)

    @staticmethod
    def networks(model: Any) -> tuple[Any, Any]:
        """Return the online network and the target."""
        return model.q_net, model.q_net_target

    @staticmethod
    def heads(net: Any, target: Any) -> tuple[Any, Any]:
        """Return what makes values of features, online and target."""
        return net.q_net, target.q_net

    def begin_rollout(self) -> None:
        """Prepare for inference with the weights as they are now."""
        self._online.freeze()

    def weights_changed(self) -> None:
        """Prepare the target for the inference that follows."""
        self._target.freeze()

    def values(self, observation: Any) -> Floats:
        """Return the value of every action, (copies, actions)."""
        with torch.no_grad():
            arranged = self._online.arrange(observations.as_tensors(observation, self._model.device))
            values: Floats = self.valued(self._head(self._online(arranged))).cpu().numpy()
        return values

    def valued(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the value of every action, (batch, actions), of what the network says."""
        return outputs

    def targets(self, outputs: torch.Tensor, rewards: torch.Tensor, followed: torch.Tensor) -> torch.Tensor:
        """Return what actions should have been valued at.

        :param outputs: of the target network for what came after
        :param followed: what the value of that is weighted with, (batch,)
        """
        return rewards + followed * outputs.amax(dim=1)

    def update_target(self, tau: float) -> None:
        """Mix the online network into the target."""
        with torch.no_grad():
            torch._foreach_lerp_(self._target_parameters, self._parameters, tau)
        self.weights_changed()

    def lessons(self, batch: Transitions) -> tuple[Any, torch.Tensor, torch.Tensor]:
        """Return observations laid out for the network, the actions taken and what these should be valued at."""
        device = self._model.device
        rewards, ends, discounts, actions = (
            torch.from_numpy(part).to(device, non_blocking=True)
            for part in (batch.rewards, batch.ends, batch.discounts, batch.actions)
        )
        with torch.no_grad():
            if batch.frames is None:
                before = self._online.arrange(observations.as_tensors(batch.observations, device))
                after = self._target.arrange(observations.as_tensors(batch.next_observations, device))
            else:
                frames = observations.as_tensors(batch.frames, device)
                before, after = self._online.arrange_both(frames, batch.observations.shape[1])
            targets = self.targets(self._target_head(self._target(after)), rewards, (1 - ends) * discounts)
        return before, actions.long(), targets

    def learn(self, lessons: tuple[Any, torch.Tensor, torch.Tensor], rows: slice) -> torch.Tensor:
        """Take one gradient step on some rows; return the loss before it, still on the device."""
        clock = self._model.core.timing
        loss = self.loss(observations.take(lessons[0], rows), lessons[1][rows], lessons[2][rows])
        clock.lap(timing.FORWARD)
        self._updater.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._updater.step()
        return loss.detach()

    def loss(self, arranged: Any, actions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return Huber's loss of the temporal-difference errors."""
        values = self._head(self._online(arranged)).gather(1, actions).squeeze(1)
        return torch.nn.functional.smooth_l1_loss(values, targets)


def _chain(net: QNetwork) -> Perceptron | None:
    return Perceptron.of(list(net.q_net))


def _flat(observation: Any) -> Floats:
    array = np.asarray(observation, dtype=np.float32)
    return array.reshape(len(array), -1)
