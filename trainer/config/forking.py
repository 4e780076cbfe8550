"""Which settings a run may change when it goes on from another run's checkpoint.

Most may: what a checkpoint's networks, optimisers or statistics are made for says so where it is declared (`fixed`).
"""

from __future__ import annotations

from trainer.config.comparison import changed
from trainer.config.run import RunConfig
from trainer.config.specs import field_key, specs_for
from trainer.errors import Fault

_START_ANEW = "Start a run of its own to try that."


def fork_faults(parent: RunConfig, config: RunConfig) -> list[Fault]:
    """Return every setting that a checkpoint of `parent` cannot take from `config`, with the reason."""
    algorithm = parent.algorithm.name
    if config.algorithm.name != algorithm:
        return [_fault("algorithm.name", _fixed("algorithm.name", algorithm) or "")]
    reasons = {path: _fixed(path, algorithm) for path in changed(parent.to_data(), config.to_data())}
    return [_fault(path, reason) for path, reason in reasons.items() if reason]


def _fixed(path: str, algorithm: str) -> str | None:
    key = field_key(path, algorithm)
    return next((spec.fixed for spec in specs_for(algorithm) if spec.key == key), None)


def _fault(path: str, reason: str) -> Fault:
    return Fault(path, f"cannot change at a fork: {reason}", _START_ANEW)
