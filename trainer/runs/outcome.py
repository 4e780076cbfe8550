"""How a session ended when it raised nothing; wherever it ran."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a session ended; `stopped` tells whether it was asked to, `reason` says more in words."""

    stopped: bool
    reason: str | None = None
