"""How DQN, DDPG, TD3 and SAC collect: the loop of Stable-Baselines3's `collect_rollouts`, without its copies."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.type_aliases import RolloutReturn, TrainFreq
from stable_baselines3.common.utils import should_collect_more_steps
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.her import HerReplayBuffer

from trainer import timing
from trainer.algorithms.fast.core import Core, Fast
from trainer.algorithms.fast.hindsight import HindsightReplay
from trainer.algorithms.fast.noise import ExplorationNoise
from trainer.algorithms.fast.replay import FrameReplay, Replay, SharedReplay
from trainer.errors import ConfigError, Fault


class FastOffPolicy(Fast, OffPolicyAlgorithm):
    """Collects into a `Replay`; the subclasses choose actions and learn."""

    buffer: Replay
    noise: ExplorationNoise | None

    def _setup_model(self) -> None:
        # The parent would make a replay buffer of its own; anything that is not None keeps it from that.
        self.replay_buffer = object()  # type: ignore[assignment]
        super()._setup_model()
        self.replay_buffer = None

    def equip(self, core: Core) -> None:
        """Take the parts over and make the replay buffer.

        :raises ConfigError: it does not fit into memory, or has no such arguments
        """
        super().equip(core)
        space = self.observation_space
        options = dict(self.replay_buffer_kwargs)
        bootstraps = bool(options.pop("handle_timeout_termination", True))
        for known in ("n_steps", "gamma"):  # put there by the parent
            options.pop(known, None)
        hindsight = {
            name: options.pop(name) for name in ("n_sampled_goal", "goal_selection_strategy") if name in options
        }
        options.pop("copy_info_dict", None)  # who wants that gets the parent's buffer
        if options:
            unknown = ", ".join(sorted(options))
            raise ConfigError([Fault("algorithm.replay_buffer_kwargs", f"The replay buffer knows no {unknown}.")])
        common: dict[str, Any] = {"gamma": self.gamma, "n_steps": self.n_steps, "bootstrap_when_cut": bootstraps}
        rest = (self.buffer_size, space, self.action_space, self.n_envs, core.generators.numpy)
        normalized = self._vec_normalize_env is not None
        if self.replay_buffer_class is HerReplayBuffer:
            env: Any = self.get_env()
            self.buffer = HindsightReplay(
                env, hindsight["n_sampled_goal"], hindsight["goal_selection_strategy"], *rest, **common
            )
        elif FrameReplay.supports(space, core.frame_stack, self.n_steps, normalized=normalized):
            self.buffer = FrameReplay(core.frame_stack, *rest, **common)  # type: ignore[arg-type]
        elif self.optimize_memory_usage and not bootstraps and self.n_steps == 1:
            self.buffer = SharedReplay(*rest, **common)
        else:
            self.buffer = Replay(*rest, **common)
        given = self.action_noise
        self.noise = None if given is None else ExplorationNoise(given, self.n_envs, core.generators.numpy)

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        train_freq: TrainFreq,
        replay_buffer: Any,
        action_noise: Any = None,
        learning_starts: int = 0,
        log_interval: int | None = None,
    ) -> RolloutReturn:
        """Take `train_freq` steps or episodes, or those of them that are left.

        :param replay_buffer: unused; `self.buffer` takes what is collected
        :param action_noise: unused; `self.noise` draws it
        :returns: how many steps and episodes there were
        """
        del replay_buffer, action_noise
        clock, halfway = self.core.timing, self.halfway
        self.set_mode(training=False)
        if halfway.collected == 0:
            if self.use_sde:
                self._reset_noise()
            callback.on_rollout_start()
        clock.start()
        self._begin_rollout()
        while should_collect_more_steps(train_freq, halfway.collected, halfway.episodes):
            if self.use_sde and self.sde_sample_freq > 0 and halfway.collected % self.sde_sample_freq == 0:
                self._reset_noise()
            actions, stored = self._choose(learning_starts)
            clock.lap(timing.INFERENCE)
            following, rewards, dones, infos = env.step(actions)
            clock.lap(timing.ENVIRONMENT)
            self.num_timesteps += env.num_envs
            callback.update_locals({"infos": infos, "dones": dones, "rewards": rewards, "new_obs": following})
            if not callback.on_step():
                return RolloutReturn(halfway.collected * env.num_envs, halfway.episodes, continue_training=False)
            clock.lap(timing.LOGGING)
            self._remember(stored, following, rewards, dones, infos)
            self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
            clock.lap(timing.BUFFER)
            self._on_step()
            if dones.any():
                self._update_info_buffer(infos, dones)
                halfway.episodes += self._episodes_ended(dones, log_interval)
            halfway.collected += 1
            clock.lap(timing.LOGGING)
            self.core.hold_point()
        callback.on_rollout_end()
        return RolloutReturn(halfway.collected * env.num_envs, halfway.episodes, continue_training=True)

    def _reset_noise(self) -> None:
        """Draw new weights for generalised state-dependent exploration."""
        actor: Any = self.actor
        actor.reset_noise(self.n_envs)

    def _begin_rollout(self) -> None:
        """Prepare for choosing actions; the weights stay as they are until the rollout ends."""

    @abstractmethod
    def _choose(self, learning_starts: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return one action for each copy, as the environment takes it and as the buffer keeps it."""

    def break_off(self) -> None:
        """Let what comes next in the replay buffer belong to other episodes."""
        self.buffer.break_off()

    def _remember(self, actions: Any, following: Any, rewards: Any, dones: Any, infos: list[dict[str, Any]]) -> None:
        normalizer = self._vec_normalize_env
        before, after, gained = self._last_obs, following, rewards
        if normalizer is not None:
            # Statistics move on; what is kept is what the environment said.
            before, after = self._last_original_obs, normalizer.get_original_obs()
            gained = normalizer.get_original_reward()
        last = after
        if dones.any():
            last = {key: part.copy() for key, part in after.items()} if isinstance(after, dict) else after.copy()
            for copy in np.flatnonzero(dones).tolist():
                self._put_terminal(last, copy, infos[copy].get("terminal_observation"))
        self.buffer.add(before, last, actions, gained, dones, infos)
        self._last_obs = following
        self._last_original_obs = after

    def _put_terminal(self, target: Any, copy: int, observation: Any) -> None:
        if observation is None:
            return
        if self._vec_normalize_env is not None:
            observation = self._vec_normalize_env.unnormalize_obs(observation)
        if isinstance(target, dict):
            for key, part in target.items():
                part[copy] = observation[key]
        else:
            target[copy] = observation

    def _episodes_ended(self, dones: NDArray[np.bool_], log_interval: int | None) -> int:
        ended: list[int] = np.flatnonzero(dones).tolist()
        for copy in ended:
            self._episode_num += 1
            if self.noise is not None:
                self.noise.restart(copy)
            if log_interval is not None and self._episode_num % log_interval == 0:
                self.dump_logs()
        return len(ended)
