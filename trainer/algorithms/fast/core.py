"""What a fast model is given beside its hyperparameters, and how it is saved without any of it.

A model that trains here is of a subclass of Stable-Baselines3's own. What the subclass adds (generators, buffers,
timing, arenas) hangs on one attribute that `save` leaves out, so the file is the one the parent class would have
written: it loads in plain Stable-Baselines3, in a process that has never heard of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm

from trainer.algorithms.fast.precision import Precision
from trainer.timing import Timing


class Generators:
    """The random numbers of one run: no other run draws from them, and it draws from no other.

    :param seed: decides every number; evaluation and environments have seeds of their own
    :param device: where the networks are
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        words = np.random.SeedSequence(seed).spawn(2)
        self.numpy = np.random.Generator(np.random.PCG64(words[0]))
        own_seed = int(words[1].generate_state(1, np.uint64)[0] >> np.uint64(1))
        self.torch = torch.Generator(device=device).manual_seed(own_seed)


@dataclass
class Halfway:
    """How far the present iteration is, so that a run can be held, saved and gone on with in the middle of it.

    :param collected: steps of every copy taken and stored
    :param episodes: that ended in them
    :param updating: everything is collected, and the update has begun
    :param owed: gradient steps of the update in all, where they are counted beforehand
    :param learnt: gradient steps taken
    :param epoch: epochs finished
    :param minibatches: rows of those that are left in the epoch; None stands for all rows
    :param drawn_from: state of the generator before the minibatches in hand were drawn
    :param statistics: what the gradient steps taken have to say
    """

    collected: int = 0
    episodes: int = 0
    updating: bool = False
    owed: int = 0
    learnt: int = 0
    epoch: int = 0
    minibatches: list[NDArray[np.int64] | None] = field(default_factory=list)
    drawn_from: Any = None
    statistics: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str | None:
        """Where the iteration is, in words; None between two iterations."""
        if self.updating:
            return f"gradient step {self.learnt}"
        return f"step {self.collected}" if self.collected else None

    def state(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {**vars(self), "statistics": [_as_array(each) for each in self.statistics]}

    @classmethod
    def of(cls, state: dict[str, Any], device: torch.device | None) -> Halfway:
        """Return what `state` was taken of.

        :param device: where a kernel that works with tensors keeps its statistics; None where it works by hand
        """
        return cls(**{**state, "statistics": [_for_kernel(each, device) for each in state["statistics"]]})


def _as_array(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _as_array(inside) for name, inside in part.items()}
    return part.detach().cpu().numpy() if isinstance(part, torch.Tensor) else part


def _for_kernel(part: Any, device: torch.device | None) -> Any:
    """Return a statistic in the form that the kernel knows; a run may go on with another kind than it had."""
    if isinstance(part, dict):
        return {name: _for_kernel(inside, device) for name, inside in part.items()}
    if device is None:
        return part.tolist() if isinstance(part, np.ndarray) else part
    return torch.as_tensor(part, dtype=torch.float32, device=device)


@dataclass
class Core:
    """The parts that one fast model owns.

    :param generators: its random numbers
    :param precision: in which numbers the networks calculate
    :param timing: where the time goes
    :param frame_stack: frames in one image observation, so that a replay buffer can store each once; 1 where unknown
    :param compiled: have torch.compile translate image networks
    :param notes: what the user should know about how the model turned out
    :param hold_point: called wherever the model can be held and saved: after each step taken and stored, and after
        each gradient step
    """

    generators: Generators
    precision: Precision
    timing: Timing = field(default_factory=Timing)
    frame_stack: int = 1
    compiled: bool = False
    notes: list[str] = field(default_factory=list)
    hold_point: Callable[[], None] = lambda: None  # a dataclass field, not a name


class Fast(BaseAlgorithm):
    """Mixed in before an algorithm of Stable-Baselines3: owns a `Core`, and saves as if it did not."""

    core: Core
    halfway: Halfway
    kernel: Any
    batch_size: int

    def equip(self, core: Core) -> None:
        """Take the parts over; called once, right after the constructor and before anything is trained."""
        self.core = core
        self.halfway = Halfway()

    @property
    def rows_at_once(self) -> int:
        """The most rows that its networks are given together while it learns."""
        return self.batch_size

    @property
    def is_small(self) -> bool:
        """Whether it has so little to calculate at a time that a second thread costs more than it brings."""
        return getattr(self.kernel, "by_hand", False) and not self.kernel.is_large(self.rows_at_once)

    @property
    def precision_name(self) -> str:
        """`bf16` or `fp32`: what its networks really calculate in."""
        return self.core.precision.name if getattr(self.kernel, "follows_precision", False) else "fp32"

    def player(self) -> Callable[[Any], NDArray[Any]]:
        """Return what chooses the best action for each of many observations while the weights stay as they are.

        It decides as `predict(observation, deterministic=True)` does, in the run's own precision.
        """

        def predict(observation: Any) -> NDArray[Any]:
            return self.predict(observation, deterministic=True)[0]

        return predict

    def weights_changed(self) -> None:
        """Follow weights that were put into the networks from outside."""

    def rollout_state(self) -> dict[str, Any]:
        """Return what was collected in the present iteration and is kept nowhere else, as plain data."""
        return {}

    def restore_rollout(self, state: dict[str, Any]) -> None:
        """Put back what `rollout_state` returned; `halfway` is restored already."""

    def break_off(self) -> None:
        """Note that the episodes under way go on no further; what follows `_last_obs` is never seen."""

    def set_mode(self, *, training: bool) -> None:
        """Switch layers that behave differently in training; perceptrons have none, and looking through them costs."""
        if not getattr(self.kernel, "by_hand", False):
            self.policy.set_training_mode(training)

    def _excluded_save_params(self) -> list[str]:
        own = ["core", "halfway", "buffer", "sampler", "kernel", "noise", "updater"]
        return [*super()._excluded_save_params(), *own]


def mean(losses: list[Any]) -> float:
    """Return the mean of numbers, or of tensors that are still on the device."""
    return float(torch.stack(losses).mean()) if isinstance(losses[0], torch.Tensor) else float(np.mean(losses))
