"""How many threads PyTorch calculates a run with.

The number belongs to the thread that sets it, so runs side by side may differ. Every run sets its own before it
trains: a thread that never did takes whatever was set last, by anybody.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from trainer.algorithms.fast import Fast

_CHOSEN_BY_PYTORCH = torch.get_num_threads()
# MKL has one number for the whole process, which nobody may change while another builds a network.
_changing = threading.Lock()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Calculate with one thread meanwhile: orthogonal first weights come out with other last bits from several."""
    with _changing:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def use_threads(model: BaseAlgorithm, wanted: int) -> int:
    """Set the number for the calling thread, in which `model` will be trained, and return it.

    :param wanted: 0 takes one where products are too small to be shared out, so that the other cores are left to
        whatever else goes on, and PyTorch's own choice for all others
    """
    count = wanted or (1 if _is_small(model) else _CHOSEN_BY_PYTORCH)
    with _changing:
        torch.get_num_threads()  # a thread's first question sets it to what was set last; later ones ask only
        torch.set_num_threads(count)
    return count


def _is_small(model: BaseAlgorithm) -> bool:
    """Return whether threads would wait for each other longer than they calculate.

    So it is where NumPy calculates, and in the plain algorithms that learn from rollouts or by search unless they look
    at images: two threads were measured to take two to six times as long as one with TRPO and RecurrentPPO.
    """
    if isinstance(model, Fast):
        return model.is_small
    if isinstance(model, OffPolicyAlgorithm):
        return False
    return not any(isinstance(module, torch.nn.Conv2d) for module in model.policy.modules())
