"""What a policy draws when it does not act deterministically, decided by a seed and taken from no run beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from trainer.algorithms.fast import Fast
from trainer.algorithms.fast.core import Generators

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


@contextlib.contextmanager
def own_draws(seed: int) -> Iterator[None]:
    """Let Stable-Baselines3's own sampling draw from `seed`, and leave torch's generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def begin_draws(model: BaseAlgorithm, seed: int) -> None:
    """Have a model's own generators begin with `seed`, as those of one that was built with it do."""
    model.action_space.seed(seed)
    if isinstance(model, Fast):
        own, fresh = model.core.generators, Generators(seed, model.device)
        # Into what is there: others hold these.
        own.numpy.bit_generator.state = fresh.numpy.bit_generator.state
        own.torch.set_state(fresh.torch.get_state())
