"""Which cores of the processor the runs with a limit are kept to: as few runs on each as can be."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from trainer.hardware.limits import usable_cores


class Cores:
    """The cores that this program may use, and how many of its runs are kept to each."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._runs: Counter[int] = Counter()

    @contextmanager
    def lent(self, count: int | None) -> Iterator[tuple[int, ...] | None]:
        """Give `count` cores for the time of the context; None for all."""
        if count is None:
            yield None
            return
        with self._guard:
            # The last first: what is not limited, and the system itself, is mostly found on the first ones.
            chosen = tuple(sorted(sorted(usable_cores(), key=lambda core: (self._runs[core], -core))[:count]))
            self._runs.update(chosen)
        try:
            yield chosen
        finally:
            with self._guard:
                self._runs.subtract(chosen)
