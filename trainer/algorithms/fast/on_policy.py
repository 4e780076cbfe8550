"""How PPO and A2C collect: the loop of Stable-Baselines3's `collect_rollouts`, without its copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from trainer import timing
from trainer.algorithms.fast.actor_critic import PerceptronActorCritic, TorchActorCritic
from trainer.algorithms.fast.core import Core, Fast
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.rollout import Rollout
from trainer.algorithms.fast.stepping import ClippedStep


class FastOnPolicy(Fast, OnPolicyAlgorithm):
    """Collects into a `Rollout`; `kernel` acts and, in the subclasses, learns."""

    buffer: Rollout
    kernel: PerceptronActorCritic | TorchActorCritic
    updater: ClippedStep

    def equip(self, core: Core) -> None:
        """Take the parts over and choose how the policy is calculated."""
        super().equip(core)
        policy: Any = self.policy
        own_generator(policy, core.generators.torch)
        if PerceptronActorCritic.supports(policy):
            self.kernel = PerceptronActorCritic(policy, core)
        else:
            self.kernel = TorchActorCritic(policy, core)
            self.updater = ClippedStep(policy.optimizer, self.max_grad_norm)
        self.buffer = Rollout(
            self.n_steps,
            self.n_envs,
            self.observation_space,
            self.action_space,
            self.gamma,
            self.gae_lambda,
            pinned=self.device.type == "cuda",
        )
        self.rollout_buffer = None  # type: ignore[assignment]  # never touched; ours stands in its place

    def collect_rollouts(self, env: VecEnv, callback: BaseCallback, rollout_buffer: Any, n_rollout_steps: int) -> bool:
        """Take `n_rollout_steps` steps in every copy, or those of them that are left.

        :param rollout_buffer: unused; `self.buffer` takes what is collected
        :returns: whether the callback let it finish
        """
        del rollout_buffer
        clock, kernel, buffer, halfway = self.core.timing, self.kernel, self.buffer, self.halfway
        observation: Any = self._last_obs
        following: Any
        self.set_mode(training=False)
        if halfway.collected == 0:
            if self.use_sde:
                self.policy.reset_noise(env.num_envs)
            callback.on_rollout_start()
        clock.start()
        kernel.begin_rollout()
        for step in range(halfway.collected, n_rollout_steps):
            if self.use_sde and self.sde_sample_freq > 0 and step % self.sde_sample_freq == 0:
                self.policy.reset_noise(env.num_envs)
            actions, values, log_probs = kernel.act(observation)
            clock.lap(timing.INFERENCE)
            following, rewards, dones, infos = env.step(self._for_environment(actions))
            clock.lap(timing.ENVIRONMENT)
            self.num_timesteps += env.num_envs
            callback.update_locals({"infos": infos, "dones": dones, "rewards": rewards})
            if not callback.on_step():
                return False
            clock.lap(timing.LOGGING)
            if dones.any():
                self._update_info_buffer(infos, dones)
                self._bootstrap(rewards, dones, infos)
            buffer.add(step, observation, actions, rewards, values, log_probs, dones)
            self._last_obs = observation = following
            self._last_episode_starts = dones
            halfway.collected = step + 1
            clock.lap(timing.BUFFER)
            self.core.hold_point()
        buffer.finish(kernel.values(observation))
        clock.lap(timing.BUFFER)
        callback.on_rollout_end()
        return True

    def rollout_state(self) -> dict[str, Any]:
        """Return what is collected; the update needs all of it until it ends."""
        return self.buffer.state(self.halfway.collected)

    def restore_rollout(self, state: dict[str, Any]) -> None:
        """Put back what was collected."""
        self.buffer.restore(state)

    def break_off(self) -> None:
        """Let the steps collected so far end with the value of what would have followed."""
        collected = self.halfway.collected
        if collected and not self.halfway.updating:
            self.set_mode(training=False)
            self.kernel.begin_rollout()
            self.buffer.break_off(collected - 1, self.kernel.values(self._last_obs))

    def player(self) -> Callable[[Any], NDArray[Any]]:
        """Return what chooses the most likely actions."""
        if self.core.compiled:
            return super().player()  # a batch of another size would be compiled anew
        self.set_mode(training=False)
        self.kernel.begin_rollout()
        return lambda observation: self._for_environment(self.kernel.best(observation))

    def _for_environment(self, actions: Any) -> Any:
        """Return actions inside the bounds; what is learnt from is the unbounded ones."""
        if not isinstance(self.action_space, spaces.Box):
            return actions
        if self.policy.squash_output:
            return self.policy.unscale_action(actions)
        return np.clip(actions, self.action_space.low, self.action_space.high)

    def _bootstrap(self, rewards: Any, dones: Any, infos: list[dict[str, Any]]) -> None:
        """Add the value of what would have followed to the last reward of an episode that was cut off."""
        for copy in np.flatnonzero(dones).tolist():
            last = infos[copy].get("terminal_observation")
            if last is not None and infos[copy].get("TimeLimit.truncated", False):
                # One alone may be a plain number, where the space is discrete.
                single: Any = (
                    {key: np.asarray(part)[None] for key, part in last.items()}
                    if isinstance(last, dict)
                    else np.asarray(last)[None]
                )
                rewards[copy] += self.gamma * float(self.kernel.values(single)[0])
