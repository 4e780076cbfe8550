"""What a fast model is given beside its hyperparameters, and how it is saved without any of it.

A model that trains here is of a subclass of Stable-Baselines3's own. What the subclass adds (generators, buffers,
timing, arenas) hangs on one attribute that `save` leaves out, so the file is the one the parent class would have
written: it loads in plain Stable-Baselines3, in a process that has never heard of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
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
        self.torch = torch.Generator(device=device)
        self.torch.manual_seed(int(words[1].generate_state(1, np.uint64)[0] >> np.uint64(1)))


@dataclass
class Core:
    """The parts that one fast model owns.

    :param generators: its random numbers
    :param precision: in which numbers the networks calculate
    :param timing: where the time goes
    :param frame_stack: frames in one image observation, so that a replay buffer can store each once; 1 where unknown
    :param after_gradient_step: called after every step of the optimiser
    """

    generators: Generators
    precision: Precision
    timing: Timing = field(default_factory=Timing)
    frame_stack: int = 1
    after_gradient_step: Callable[[], object] = bool

    def autocast(self) -> AbstractContextManager[Any]:
        """Return a context in which networks calculate in the run's precision."""
        return self.precision.autocast()


class Fast(BaseAlgorithm):
    """Mixed in before an algorithm of Stable-Baselines3: owns a `Core`, and saves as if it did not."""

    core: Core

    def equip(self, core: Core) -> None:
        """Take the parts over; called once, right after the constructor and before anything is trained."""
        self.core = core

    def _excluded_save_params(self) -> list[str]:
        own = ["core", "buffer", "sampler", "kernel", "noise", "updater"]
        return [*super()._excluded_save_params(), *own]
