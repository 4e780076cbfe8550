"""Rules about resources: a limit must be able to hold."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.config.placement import placement, why_no_thread
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_LIMITS = {"memory_limit_mb": "empty", "cpu_cores": "empty", "nice": "0", "gpu_index": "empty"}


def _limits_need_a_process(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    resources = config.resources
    if placement(config, own_code=_has_own_code(spaces)).executor == "process":
        return
    for name, unlimited in _LIMITS.items():
        if getattr(resources, name) != type(resources).model_fields[name].default:
            message = "limits a run in a process of its own, and this one is to run in a thread"
            hint = f"Choose process under Run in, or leave this {unlimited}."
            yield Fault(f"resources.{name}", message, hint, {"resources.executor": "process"})


def _one_card_is_the_first(config: RunConfig, spaces: Spaces | None) -> Iterator[Fault]:
    resources, device = config.resources, config.training.device
    if placement(config, own_code=_has_own_code(spaces)).executor != "process" or resources.gpu_index is None:
        return
    if device in ("cpu", "mps"):
        message = f"chooses a graphics card, but the networks are to live on {device}"
        yield Fault(
            "resources.gpu_index", message, "Leave it empty, or set the device to auto.", {"resources.gpu_index": None}
        )
    elif device not in ("auto", "cuda", "cuda:0"):
        message = f"{device} does not exist within the run: it sees card {resources.gpu_index} only, as cuda:0"
        hint = "Choose auto or cuda, or leave resources.gpu_index empty."
        yield Fault("training.device", message, hint, {"training.device": "auto"})


def _thread_is_fit(config: RunConfig, _: Spaces | None) -> Iterator[Fault]:
    # A buffer class of the user's own may share the program's generators, at the user's risk; its log says so.
    if config.resources.executor == "thread" and not config.algorithm.own_generators:
        message = f"{why_no_thread(config, own_code=False)}, so that it cannot share one with other runs"
        yield Fault("resources.executor", message, "Choose auto or process.", {"resources.executor": "auto"})


def _has_own_code(spaces: Spaces | None) -> bool:
    return spaces is not None and spaces.own_code


RULES = (_thread_is_fit, _limits_need_a_process, _one_card_is_the_first)
