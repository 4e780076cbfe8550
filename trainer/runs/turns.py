"""Taking turns: threads that are all heavy on Python run one after the other instead of fighting for the interpreter.

Python's interpreter lock changes hands every few milliseconds and at every call into native code. Two training
threads that both want it spend most of their time handing it over: together they were measured at 0.6 of the speed
of one alone. With turns of some tens of milliseconds, first in first out, four together reach 0.96.

A run takes part through a `Turn`: it begins before it trains, passes on at its hold points when its time is up and
somebody waits, and gives its turn up while it is paused. Runs whose work is native (images, environments in processes
of their own) share as many turns as there are cores.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

# A turn is long, because every change costs: with 20 ms four runs of PPO on CartPole were measured at 0.88 of one
# alone, with 50 ms at 0.90 to 0.93. It is short enough that whoever waits comes round in time for a pause to be felt.
LONGEST_SECONDS, SHORTEST_SECONDS = 0.05, 0.02
_WAITING = 3  # runs beyond which turns become shorter


class TurnLock:
    """Hands out a fixed number of turns, in the order in which they were asked for.

    :param permits: threads that may have their turn at once
    :param longest_seconds: how long a turn lasts while up to three others wait
    """

    def __init__(self, permits: int, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._longest = longest_seconds
        self._free = permits
        self._guard = threading.Lock()
        self._queue: deque[threading.Lock] = deque()

    @property
    def contended(self) -> bool:
        """Whether anybody waits; reading it costs next to nothing."""
        return bool(self._queue)

    @property
    def slice_seconds(self) -> float:
        """How long a turn that begins now lasts: the more wait, the shorter."""
        shared = self._longest * _WAITING / max(_WAITING, len(self._queue))
        return min(self._longest, max(SHORTEST_SECONDS, shared))

    def acquire(self) -> None:
        """Wait for a turn."""
        with self._guard:
            if self._free > 0 and not self._queue:
                self._free -= 1
                return
            place = _taken()
            self._queue.append(place)
        place.acquire()

    def release(self) -> None:
        """Give the turn to whoever has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._free += 1

    def pass_on(self) -> None:
        """Give the turn up and wait at the end of the queue for the next one."""
        with self._guard:
            if not self._queue:
                return
            place = _taken()
            self._queue.append(place)
            self._queue.popleft().release()
        place.acquire()


class SharedCore:
    """One core of the processor on which threads that take turns stay together; where Linux is not, any.

    The system wakes the next thread on an idle core. On a virtual machine of two cores that core had been lent out
    meanwhile and begins slowly: four runs reached 0.92 of one alone where they wandered and 0.96 where they stayed.
    The core is the one that the first of them is on. All calls are for the thread that makes them.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._core: int | None = None
        self._staying: dict[int, set[int]] = {}  # thread -> the cores it came from

    def stay(self) -> None:
        """Keep the calling thread here."""
        with self._guard, contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
            came_from = os.sched_getaffinity(0)
            if self._core is None or self._core not in came_from:
                self._core = _present_core()
            os.sched_setaffinity(0, {self._core})
            self._staying[threading.get_ident()] = came_from

    def leave(self) -> None:
        """Let the calling thread, and whatever it starts from now on, go wherever it might before."""
        with self._guard, contextlib.suppress(OSError):
            came_from = self._staying.pop(threading.get_ident(), None)
            if not self._staying:
                self._core = None
            if came_from:
                os.sched_setaffinity(0, came_from)


def _present_core() -> int:
    """Return the core that the calling thread is on.

    :raises OSError: the system does not say
    """
    stat = Path("/proc/thread-self/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[36])


class Turn:
    """One run's part in the taking of turns; used by the run's thread only.

    :param lock: shared by all runs of the same kind
    :param on_waited: told the seconds of every wait
    :param core: where the run stays while others take turns with it; None where it uses several
    """

    def __init__(
        self,
        lock: TurnLock,
        on_waited: Callable[[float], None] = lambda _seconds: None,
        core: SharedCore | None = None,
    ) -> None:
        self._lock = lock
        self._on_waited = on_waited
        self._core = core
        self._stays = False
        self._ends = 0.0
        self._has_it = False
        self.waits = False  # for others to read

    def begin(self) -> None:
        """Wait for the first turn."""
        if not self._has_it:
            self._waiting(self._lock.acquire)
            self._has_it = True

    def end(self) -> None:
        """Give the turn up until the next `begin`; harmless without one."""
        self.spread()
        if self._has_it:
            self._has_it = False
            self._lock.release()

    def take_away(self) -> None:
        """Give the turn of a thread that does not answer to the others; the one call that another thread may make."""
        if self._has_it and not self.waits:
            self._has_it = False
            self._lock.release()

    def point(self) -> None:
        """Pass the turn on if others wait and its time is up."""
        if not self._lock.contended:
            if self._stays:
                self.spread()
        elif time.perf_counter() >= self._ends and self._has_it:
            if self._core is not None and not self._stays:
                self._stays = True
                self._core.stay()
            self._waiting(self._lock.pass_on)

    def spread(self) -> None:
        """Leave the core that is shared with others until they are met again; so that what is started now is free."""
        if self._stays and self._core is not None:
            self._stays = False
            self._core.leave()

    def _waiting(self, wait: Callable[[], None]) -> None:
        before = time.perf_counter()
        self.waits = True
        wait()
        self.waits = False
        now = time.perf_counter()
        self._ends = now + self._lock.slice_seconds
        self._on_waited(now - before)


class Turns:
    """The two queues of one process."""

    def __init__(self) -> None:
        self._python = TurnLock(1)
        self._native = TurnLock(os.cpu_count() or 1)
        self._core = SharedCore()

    def join(self, on_waited: Callable[[float], None], *, native: bool, single: bool = False) -> Turn:
        """Return a run's part in one of them.

        :param native: whether the run spends its time outside the interpreter
        :param single: whether neither its networks nor its environment have threads or processes of their own
        """
        if native:
            return Turn(self._native, on_waited)
        return Turn(self._python, on_waited, self._core if single else None)


def _taken() -> threading.Lock:
    """Return a lock that the next `acquire` waits on until somebody releases it."""
    place = threading.Lock()
    place.acquire()
    return place
