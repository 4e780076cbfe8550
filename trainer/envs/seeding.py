"""Seeds for the copies of a vectorised environment, drawn without touching any global generator."""

from __future__ import annotations

import numpy as np

_LARGEST_SEED = 2**31 - 1  # ALE keeps a seed in a C int


def copy_seeds(seed: int, copies: int) -> list[int]:
    """Return one seed for each copy, the same ones for the same `seed`.

    Counting up from `seed` would give copy 1 of seed 0 the very start of copy 0 of seed 1, so runs that are
    compared over seeds would share episodes. A seed sequence spreads them instead; a longer list starts with
    the shorter one.

    :param seed: any integer that is not negative
    :param copies: how many seeds to draw
    """
    words = np.random.SeedSequence(seed).generate_state(copies, dtype=np.uint32)
    return [int(word) & _LARGEST_SEED for word in words]


def mixed_seed(seed: int, moment: int) -> int:
    """Return a seed for one moment of a run, unlike those of its other moments and of other runs.

    :param seed: any integer that is not negative
    :param moment: such as the number of steps so far
    """
    return int(np.random.SeedSequence((seed, moment)).generate_state(1)[0]) & _LARGEST_SEED


def fresh_seed() -> int:
    """Return a seed from the operating system's entropy, for a reset that nobody seeded."""
    return int(np.random.SeedSequence().generate_state(1)[0]) & _LARGEST_SEED
