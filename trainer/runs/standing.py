"""Where a run stands when it may be held, taken apart for a checkpoint and put together again.

What is restored is a run built anew from the same configuration: the same networks with other numbers in them. Where
the environment can say where it stands, the run goes on as if nothing had happened, to the last bit; where it cannot,
training goes on from fresh episodes, and a note says so. With a configuration that departs from the checkpoint's, the
new one holds, and what the checkpoint cannot say under it begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.algorithms import state as model_state
from trainer.algorithms.fast import Fast
from trainer.algorithms.fast.replay import Replay
from trainer.envs.seeding import mixed_seed
from trainer.envs.state import UnreachableError
from trainer.envs.vector_state import capture_copies, capture_normalization, restore_copies, restore_normalization
from trainer.errors import StorageError
from trainer.runs.cadence import Cadence
from trainer.runs.checkpoints import Checkpoint, CheckpointFolder
from trainer.runs.departure import Departure
from trainer.runs.progress import ProgressMeter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

    from trainer.algorithms.learner import Learner
    from trainer.ring import Ring

Found = tuple[Checkpoint, dict[str, Any]]
_NONE = Departure()


class Standing:
    """Captures and restores one run.

    :param learner: with its model set up on `env`
    :param cadences: when evaluations, checkpoints and videos are due, by name
    :param own_process: the process belongs to this run alone, its generators of random numbers too
    """

    def __init__(
        self,
        learner: Learner[Any],
        env: VecEnv,
        meter: ProgressMeter,
        cadences: Mapping[str, Cadence],
        *,
        own_process: bool = False,
    ) -> None:
        self._own_process = own_process
        self._learner = learner
        self._model = learner.model
        self._env = env
        self._meter = meter
        self._cadences = cadences

    @property
    def model(self) -> BaseAlgorithm:
        """What is trained."""
        model: BaseAlgorithm = self._model
        return model

    @property
    def within(self) -> str | None:
        """Where in an iteration the run is, in words; None between two."""
        return self._model.halfway.name if isinstance(self._model, Fast) else None

    @property
    def rings(self) -> list[Ring] | None:
        """The replay buffer's memory, or None where there is none of ours."""
        return None if self._replay is None else self._replay.rings()

    def capture(self) -> dict[str, Any]:
        """Return everything but weights and replayed transitions, as plain data."""
        replay = self._replay
        return {
            "model": model_state.capture(self._model),
            "learner": self._learner.state(),
            "progress": self._meter.state(),
            "cadences": {name: cadence.state() for name, cadence in self._cadences.items()},
            "timing": dict(self._meter.timing.seconds) if self._meter.timing is not None else {},
            "normalization": capture_normalization(self._env),
            "replay": None if replay is None else replay.marks(),
            **self._environment(),
        }

    def restore(
        self,
        checkpoint: Checkpoint,
        state: dict[str, Any],
        folder: CheckpointFolder,
        seed: int,
        departure: Departure = _NONE,
    ) -> list[str]:
        """Put the run where `capture` found it; return what the user should know about the difference.

        :param seed: of the run, for fresh episodes where the old ones cannot be gone on with
        :param departure: by what the run's configuration differs from the checkpoint's
        :raises OSError: the checkpoint cannot be read
        :raises ValueError: it is of another kind of run
        """
        notes: list[str] = []
        model = self._model
        model_state.load_weights(model, checkpoint.path / "model.zip", departure.fresh_weights)
        obstacle = departure.fresh_episodes or (None if state["environment"] is not None else state["unreachable"])
        same = obstacle is None
        if same:
            restore_copies(self._env, state["environment"])
        else:
            notes.append(f"Training goes on from fresh episodes: {obstacle}.")
        restore_normalization(
            self._env,
            state["normalization"],
            same_episodes=same,
            same_settings=not departure.touches("environment.normalize_reward"),
        )
        model_state.restore(
            model,
            state["model"],
            same_episodes=same,
            same_seed=not departure.touches("training.seed"),
            same_noise=not departure.touches("algorithm.action_noise"),
            same_rollouts=not departure.touches("algorithm.n_steps"),
            own_process=self._own_process,
        )
        if not model_state.knows_generators(model, state["model"]):
            notes.append("The networks' random numbers begin anew: they were drawn on another kind of device.")
        if "halfway" in state["model"] and self.within is None:
            notes.append("The rollout that was under way is left out: algorithm.n_steps has changed.")
        if not same:
            self._begin_episodes(mixed_seed(seed, model.num_timesteps))
        self._learner.restore(state["learner"])
        notes += self._restore_replay(checkpoint, state, folder, departure)
        if not same:
            model_state.break_off(model, state["model"])
        self._meter.restore(state["progress"])
        if self._meter.timing is not None:
            self._meter.timing.seconds.update(state["timing"])
        self._restore_cadences(state["cadences"], stretched=departure.stretched)
        return notes

    def _restore_cadences(self, states: dict[str, Any], *, stretched: bool) -> None:
        for name, cadence in self._cadences.items():
            cadence.restore(states[name], self._meter.step)
            if stretched:
                cadence.measure_anew(self._meter.fraction)

    def _environment(self) -> dict[str, Any]:
        try:
            return {"environment": capture_copies(self._env)}
        except UnreachableError as error:
            return {"environment": None, "unreachable": str(error)}

    def _begin_episodes(self, seed: int) -> None:
        self._env.seed(seed)
        model = self._model
        model._last_obs = self._env.reset()
        model._last_episode_starts = np.ones(self._env.num_envs, dtype=bool)
        normalizer = model.get_vec_normalize_env()
        if normalizer is not None:
            model._last_original_obs = normalizer.get_original_obs()

    def _restore_replay(
        self, checkpoint: Checkpoint, state: dict[str, Any], folder: CheckpointFolder, departure: Departure
    ) -> list[str]:
        replay = self._replay
        if replay is None:
            if getattr(self._model, "replay_buffer", None) is None:
                return []
            self._learner.forget_transitions()
            return ["The replay buffer is of a class that is not saved and starts empty."]
        try:
            kept = state["replay"] is not None and folder.load_replay(checkpoint, replay.rings())
        except ValueError as error:
            if not departure.touches("algorithm", "environment"):
                raise
            self._learner.forget_transitions()
            return [f"The replay buffer starts empty: {error}."]
        if not kept:
            self._learner.forget_transitions()
            return ["The replay buffer starts empty: this checkpoint has kept its weights only."]
        replay.restore(state["replay"])
        return []

    @property
    def _replay(self) -> Replay | None:
        buffer = getattr(self._model, "buffer", None)
        return buffer if isinstance(buffer, Replay) else None


def newest_whole(folder: CheckpointFolder, log: Callable[[str, str], None]) -> Found | None:
    """Return the newest checkpoint that is whole, with its state; None where there is none at all.

    :param log: told of each that is damaged
    :raises StorageError: there are some, and none is whole
    """
    if folder.is_empty:
        return None
    without_replay: Checkpoint | None = None
    for checkpoint in reversed(folder.all()):
        damage = checkpoint.damage_beside_replay or _state_problem(checkpoint)
        problem = damage or checkpoint.replay_damage
        if problem is None and (without_replay is None or checkpoint.has_replay):
            return checkpoint, checkpoint.state()
        if problem is None:
            break
        log(f"The checkpoint of step {checkpoint.step:,} cannot be gone on from: {problem}.", "warning")
        without_replay = without_replay or (checkpoint if damage is None else None)
    # Pieces of the replay buffer are shared by checkpoints, and so is what has become of them.
    if without_replay is not None:
        log(f"Of the checkpoint of step {without_replay.step:,} only the replay buffer is damaged.", "warning")
        return without_replay, {**without_replay.state(), "replay": None}
    raise StorageError(
        "No checkpoint of this run can be gone on from; the log says what is wrong with each. "
        "Restart trains the same configuration from the beginning."
    )


def _state_problem(checkpoint: Checkpoint) -> str | None:
    try:
        checkpoint.state()
    except (OSError, ValueError, MemoryError) as error:
        return str(error) or type(error).__name__
    return None
