"""What an estimate is made of: parts with a size each, and how well that size is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Basis = Literal["exact", "measured", "similar", "rough", "unknown"]
"""How a number came about: computed from what will be made; measured in earlier runs of the same settings, or of
others; a rule of thumb; or not at all."""


@dataclass(frozen=True)
class Part:
    """One thing that takes room.

    :param name: stable, for pages and scripts: `replay`, `checkpoints`
    :param bytes: how much it takes; None when nobody knows
    :param about: what it is, in words
    """

    name: str
    bytes: int | None
    basis: Basis
    about: str

    def as_json(self) -> dict[str, Any]:
        """Return the part as the REST contract shows it."""
        return {"name": self.name, "bytes": self.bytes, "basis": self.basis, "about": self.about}


@dataclass(frozen=True)
class Amount:
    """Parts that add up, and what there is to take them from.

    :param free: bytes that may be taken; None when the system does not say
    """

    parts: tuple[Part, ...]
    free: int | None

    @property
    def bytes(self) -> int:
        """The sum of what is known."""
        return sum(part.bytes or 0 for part in self.parts)

    @property
    def complete(self) -> bool:
        """Whether every part is known, so that the sum is not only a lower bound."""
        return all(part.bytes is not None for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """Return the amount as the REST contract shows it."""
        parts = [part.as_json() for part in self.parts if part.bytes != 0]
        return {"bytes": self.bytes, "complete": self.complete, "free": self.free, "parts": parts}
