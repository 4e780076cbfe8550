"""One run from its configuration to its end: build, train, evaluate, film, save.

A session runs in whatever thread or process its executor gives it. It owns its environments, its model and its
run directory; to the world it speaks through events only, and it is told to hold or end through its `RunControl`
only. Work between rollouts (evaluation, videos, checkpoints) finds the model consistent. A fast model can be saved
inside an iteration too, wherever it may hold: a pause leaves a checkpoint, and a stop waits for no rollout to end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.preprocessing import is_image_space

from trainer.algorithms.build import build_model, default_log_interval
from trainer.algorithms.fast import Fast
from trainer.algorithms.learner import Learner, call_after_each_gradient_step, make_learner
from trainer.algorithms.threads import use_threads
from trainer.config import RunConfig, advise
from trainer.envs.entry_points import has_own_code
from trainer.envs.factory import make_training_env, resolve_backend
from trainer.events import CheckpointSaved, RunRewound
from trainer.runs.cadence import cadences_of
from trainer.runs.callback import MetricsWriter, RunCallback
from trainer.runs.checkpoints import AbandonedError, CheckpointFolder
from trainer.runs.control import RunControl
from trainer.runs.departure import Departure
from trainer.runs.examiner import Examiner
from trainer.runs.filming import Filmer
from trainer.runs.following import follow
from trainer.runs.guards import EnvironmentGuard, GuardError, collapse_guard, require_finite_model
from trainer.runs.introduction import introduce, notes_on
from trainer.runs.outcome import Outcome
from trainer.runs.progress import ProgressMeter
from trainer.runs.reasons import explain
from trainer.runs.reporter import RunReporter
from trainer.runs.saving import Saver
from trainer.runs.standing import Standing, newest_whole
from trainer.runs.turns import Turns
from trainer.timing import CHECKPOINT, EVALUATION, VIDEO, Timing

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

    from trainer.runs.tensorboard import TensorBoardWriter

# Seconds beyond the time for a checkpoint that an iteration may take before it is saved in its middle.
_PATIENCE = 0.2


class Session:
    """Trains one run.

    :param config: checked already
    :param directory: the run's directory; exists
    :param on_running: called once when training itself begins
    :param turns: of the process; None where the run has it to itself
    :param global_seed: seed the process's own generators too; only where the process belongs to this one run
    :param resume: go on from the newest checkpoint that is whole
    """

    def __init__(
        self,
        config: RunConfig,
        directory: Path,
        control: RunControl,
        reporter: RunReporter,
        *,
        on_running: Callable[[], None] = lambda: None,
        turns: Turns | None = None,
        global_seed: bool = False,
        resume: bool = False,
    ) -> None:
        self.config = config
        self.directory = directory
        self.control = control
        self.reporter = reporter
        self._on_running = on_running
        self._turns = turns
        self.timing = Timing()
        self._global_seed = global_seed
        self._resume = resume
        training = config.training
        self._total_steps = None if training.duration_seconds else training.total_timesteps
        self._meter = ProgressMeter(self._total_steps, training.duration_seconds, lambda: control.held_seconds)
        self._meter.timing = self.timing
        control.on_waited = self.timing.skip
        self._checkpoints = CheckpointFolder(
            directory, config.checkpoints.keep, reporter.run_id, reporter.emit, settle=reporter.settle
        )
        self._saver = Saver(self._checkpoints, directory, control, reporter)
        self._examiner = Examiner(config, reporter, self._held_or_stopping)
        self._filmer = Filmer(config, directory, reporter, self._held_or_stopping)
        self._tensorboard: TensorBoardWriter | None = None
        self._standing: Standing | None = None
        self._cadences = cadences_of(config)
        self._evaluations, self._saves, self._films = self._cadences.values()

    def run(self) -> Outcome:
        """Train to the end, a stop, or an error.

        :raises Exception: whatever the environment, the algorithm or the disk raised; the caller reports it
        """
        with ExitStack() as cleanup, self._saver.pointing_back():
            env, model = self._build(cleanup)
            self._take_turns(model, env, cleanup)
            if isinstance(model, Fast):
                model.core.hold_point = self._hold_within
            else:
                call_after_each_gradient_step(model, self.control.hold_point)
            # A fast model holds where it can be saved, which is not in the middle of a step.
            hold_in_step = _nowhere if isinstance(model, Fast) else self.control.hold_point
            guard = EnvironmentGuard(self.config.environment.id)
            callback = RunCallback(hold_in_step, self._meter, self.reporter, guard)
            cleanup.callback(_let_go, callback)
            learner = make_learner(model, callback, self._total_steps, default_log_interval(self.config))
            standing = Standing(learner, env, self._meter, self._cadences, own_process=self._global_seed)
            self._meter.begin()
            if self._resume:
                self._go_on(standing)
            self._standing = standing
            self._on_running()
            try:
                self._train(learner, env, standing)
            except _Stopped:
                self._meter.step = model.num_timesteps
                self._follow_edit(model, last=True)
            finally:
                self._meter.mark()
                self.reporter.emit(self._meter.event(self.reporter.run_id))
            learner.close()
            return self._finish(model, env)

    def adopt(self, put: Callable[[BaseAlgorithm], int]) -> CheckpointSaved:
        """Save a checkpoint of a model that is trained elsewhere, for the run to go on from.

        :param put: puts the weights in, and returns the steps they were trained for
        """
        with ExitStack() as cleanup:
            env, model = self._build(cleanup)
            guard = EnvironmentGuard(self.config.environment.id)
            callback = RunCallback(_nowhere, self._meter, self.reporter, guard)
            learner = make_learner(model, callback, self._total_steps, default_log_interval(self.config))
            self._standing = Standing(learner, env, self._meter, self._cadences)
            self._meter.step = model.num_timesteps = put(model)
            learner.forget_transitions()
            return self._save(model, "stop")

    def _go_on(self, standing: Standing) -> None:
        """Put everything where the newest whole checkpoint has it.

        :raises StorageError: there are checkpoints, and none can be gone on from
        """
        found = newest_whole(self._checkpoints, self.reporter.log)
        if found is None:
            self.reporter.emit(RunRewound(self.reporter.run_id, step=0, episodes=0))
            self.reporter.log("There is no checkpoint yet: the run begins again.", "warning")
            return
        checkpoint, state = found
        departure = Departure.since(state.get("config"), self.config)
        forked = checkpoint.run != self.reporter.run_id
        # The best of a fork is the best since it went its own way.
        self._examiner.go_on(None if forked else state["best_mean_return"], wants_more=checkpoint.kind == "final")
        for note in standing.restore(checkpoint, state, self._checkpoints, self.config.training.seed, departure):
            self.reporter.log(note, "warning")
        if forked:
            self._meter.return_best = None
        self._checkpoints.drop_after(checkpoint.step)
        self.reporter.emit(RunRewound(self.reporter.run_id, step=checkpoint.step, episodes=self._meter.episodes))
        if self._tensorboard is not None:
            self._tensorboard.go_on_after(checkpoint.step)
        self.reporter.emit(self._meter.event(self.reporter.run_id))
        place = f"step {checkpoint.step:,} of {checkpoint.run}" if forked else f"step {checkpoint.step:,}"
        self.reporter.log(
            f"Goes on from {place}, with {departure}." if departure.settings else f"Goes on from {place}."
        )

    def _build(self, cleanup: ExitStack) -> tuple[VecEnv, BaseAlgorithm]:
        config = self.config
        seed = config.training.seed
        self.reporter.log(f"Preparing {config.algorithm.label} on {config.environment.id}, seed {seed}.")
        for remark in advise(config, own_code=has_own_code(config.environment)):
            if remark.field == "resources.executor":
                continue  # a process says so itself
            self.reporter.log(f"{remark.field} {remark.message}.", "warning")
        env = make_training_env(config.environment, seed, gamma=getattr(config.algorithm, "gamma", 1.0))
        cleanup.callback(env.close)
        cleanup.callback(self._examiner.close)
        model = build_model(config, env, global_seed=self._global_seed, timing=self.timing)
        cleanup.callback(_let_go, model)
        threads = use_threads(model, config.training.torch_threads)
        writers: list[KVWriter] = [MetricsWriter(self.reporter, self._meter, collapse_guard(config, env.action_space))]
        if config.tracking.tensorboard:
            from trainer.runs.tensorboard import TensorBoardWriter

            self._tensorboard = TensorBoardWriter(self.directory / "tb")
            writers.append(self._tensorboard)
        logger = Logger(folder=None, output_formats=writers)
        cleanup.callback(logger.close)
        model.set_logger(logger)
        self.reporter.log(introduce(model, env, threads))
        for note in notes_on(model, env, config):
            self.reporter.log(note, "warning")
        return env, model

    def _take_turns(self, model: BaseAlgorithm, env: VecEnv, cleanup: ExitStack) -> None:
        if self._turns is None:
            return
        is_image = is_image_space(env.observation_space)
        backend = resolve_backend(self.config.environment)
        # Somebody's own environment may start threads and processes, which would have to stay where the run stays.
        single = backend == "native" and isinstance(model, Fast) and model.is_small
        turn = self._turns.join(self.timing.skip, native=is_image or backend == "subprocess", single=single)
        self.control.take_turns(turn)
        cleanup.callback(turn.end)
        turn.begin()

    def _train(self, learner: Learner[Any], env: VecEnv, standing: Standing) -> None:
        model, meter, control = learner.model, self._meter, self.control
        while True:
            # A run that goes on in the middle of an iteration ends that one first.
            if standing.within is None:
                self._follow_edit(model)
                # First of all what the checkpoint that a run goes on from has left to be done.
                if not control.stop_requested:
                    self._attend(model, env)
                self._hold()
                if meter.fraction >= 1.0 or control.stop_requested or self._examiner.is_satisfied:
                    self._follow_edit(model, last=True)
                    return
            if meter.duration_seconds is not None:
                learner.set_fraction_done(meter.fraction)
            learner.iterate()
            meter.step = model.num_timesteps

    def _follow_edit(self, model: BaseAlgorithm, *, last: bool = False) -> None:
        """Go on with other settings if that was asked for; after the `last` iteration for when it is given more."""
        if edit := self.control.take_edit(last=last):
            before, self.config = self.config, edit.config
            follow(edit, before, model, self._cadences, self.reporter, self.directory)

    def _attend(self, model: BaseAlgorithm, env: VecEnv) -> None:
        """Do what is due between two rollouts."""
        evaluation, step, fraction = self.config.evaluation, model.num_timesteps, self._meter.fraction
        kind = self._saves.due(step, fraction)
        # The last one is the final evaluation's, where there is one.
        if self._evaluations.due(step, fraction) and (fraction < 1.0 or evaluation.final_episodes == 0):
            self._evaluate(model, env, evaluation.episodes)
        if kind and self.config.checkpoints.enabled:
            self._save(model, kind)
        if self._films.due(step, fraction):
            self._film(model, env)

    def _finish(self, model: BaseAlgorithm, env: VecEnv) -> Outcome:
        stopped = self.control.stop_requested
        evaluation = self.config.evaluation
        if not stopped and evaluation.enabled and evaluation.final_episodes > 0:
            self._evaluate(model, env, evaluation.final_episodes)
            stopped = self.control.stop_requested
        saved = self._save(model, "stop" if stopped else "final")
        self.reporter.log(f"Saved {saved.path} at step {saved.step:,}.")
        if stopped:
            return Outcome(True, f"Stopped at step {model.num_timesteps:,}.")
        if self._examiner.is_satisfied:
            return Outcome(False, f"Reached the return threshold at step {model.num_timesteps:,}.")
        return Outcome(False)

    def _evaluate(self, model: BaseAlgorithm, env: VecEnv, episodes: int) -> None:
        with self.timing.booked(EVALUATION):
            result = self._examiner.examine(model, env, episodes)
        if result is None:
            return
        self._evaluations.done(model.num_timesteps, self._meter.fraction)
        if self._examiner.note(result) and self.config.checkpoints.enabled:
            self._save(model, "best", result.mean_return)

    def _save(self, model: BaseAlgorithm, kind: str, mean_return: float | None = None) -> CheckpointSaved:
        self._saves.done(model.num_timesteps, self._meter.fraction)
        with self.timing.booked(CHECKPOINT):
            return self._write(kind, mean_return)

    def _write(self, kind: str, mean_return: float | None = None) -> CheckpointSaved:
        standing = self._require_standing()
        return self._saver.save(standing.model, kind, mean_return, **self._state_of(standing))

    def _state_of(self, standing: Standing) -> dict[str, Any]:
        config = self.config.model_dump(mode="json", by_alias=True)
        state = {**standing.capture(), "best_mean_return": self._examiner.best, "config": config}
        return {"state": state, "rings": standing.rings, "within": standing.within}

    def _require_standing(self) -> Standing:
        if self._standing is None:
            raise RuntimeError("nothing is saved before training begins")
        return self._standing

    def _hold(self) -> None:
        if self.control.pause_requested:
            # What is shown while a run is held is where it is held.
            self.reporter.emit(self._meter.event(self.reporter.run_id))
        self.control.hold_point(self._save_while_held)

    def _hold_within(self) -> None:
        """Hold where a fast model may be held and saved inside an iteration."""
        self._hold()
        if self.control.stop_requested:
            raise _Stopped
        if self._saves.overdue(_PATIENCE) and self.config.checkpoints.enabled:
            self._saves.restart_clock()
            with self.timing.booked(CHECKPOINT):
                self._write("periodic")

    def _save_while_held(self) -> None:
        """Save a run that has been paused, unless it is to go on meanwhile."""
        if not self.config.checkpoints.enabled:
            return
        self._saves.restart_clock()
        standing, wanted = self._require_standing(), lambda: self.control.pause_requested
        try:
            require_finite_model(standing.model)
            self._checkpoints.save(standing.model, "pause", wanted=wanted, **self._state_of(standing))
        except (AbandonedError, GuardError):
            return  # a model that has diverged is found so by training itself, once it goes on
        except Exception as error:  # noqa: BLE001  # it holds in memory, and is saved when it goes on
            why = explain(error, what="The saving", traced="")
            self.reporter.log(f"Could not be saved while it is paused: {why}", "warning")

    def _film(self, model: BaseAlgorithm, env: VecEnv) -> None:
        self.control.spread()  # the encoder is a process of its own
        with self.timing.booked(VIDEO):
            if self._filmer.film(model, env):
                self._films.done(model.num_timesteps, self._meter.fraction)

    def _held_or_stopping(self) -> bool:
        self._hold()
        return self.control.stop_requested


class _Stopped(Exception):  # noqa: N818  # it is no error
    """The run was asked to end, and is where it can."""


def _nowhere() -> None:
    """Hold nowhere."""


def _let_go(part: BaseAlgorithm | RunCallback) -> None:
    """Free what a finished model, or the callback that saw its variables, holds.

    They hang together in cycles; gigabytes of replay should not wait for Python's collector, nor all other runs for
    the tenth of a second that a collection takes.
    """
    vars(part).clear()
