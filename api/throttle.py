"""Slows guessing of passwords and tokens without ever locking anybody out for good.

Invariants:
- the first few failures of an address cost nothing; after them its attempts are looked at one at a time, each after
  a wait that doubles up to a few seconds, and a crowd of waiting attempts is turned away unseen;
- a success takes no earlier failure back, so that somebody who knows one secret cannot guess on for free; time does;
- memory is bounded, whatever addresses appear.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from api.origins import ip_address

FREE_FAILURES = 5
FIRST_WAIT = 0.25
LONGEST_WAIT = 4.0
FORGOTTEN_AFTER = 900.0
MOST_WAITING = 8
MOST_ADDRESSES = 4096


class TooManyAttemptsError(Exception):
    """An address has too many attempts waiting; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts; again in {retry_after} s")
        self.retry_after = retry_after


@dataclass
class _Address:
    failures: int = 0
    last_failure: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Throttle:
    """Counts failures by address, for one event loop.

    :param clock: seconds that only grow
    :param sleep: how to wait
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    async def turn(self, address: str) -> None:
        """Wait until credentials from `address` may be looked at.

        :raises TooManyAttemptsError: too many attempts from there wait already
        """
        record = self._addresses.get(_group(address))
        if record is None or not self._wait(record):
            return
        if record.waiting >= MOST_WAITING:
            raise TooManyAttemptsError(int(LONGEST_WAIT * MOST_WAITING))
        record.waiting += 1
        try:
            async with record.turn:
                await self._sleep(self._wait(record))
        finally:
            record.waiting -= 1

    def failed(self, address: str) -> None:
        """Note that credentials from `address` were wrong."""
        group = _group(address)
        record = self._addresses.setdefault(group, _Address())
        self._addresses.move_to_end(group)
        now = self._clock()
        if now - record.last_failure > FORGOTTEN_AFTER:
            record.failures = 0
        record.failures += 1
        record.last_failure = now
        while len(self._addresses) > MOST_ADDRESSES:
            self._addresses.popitem(last=False)

    def take_back(self, address: str) -> None:
        """Take one failure back that was noted before its outcome was known."""
        record = self._addresses.get(_group(address))
        if record is not None:
            record.failures = max(0, record.failures - 1)

    def _wait(self, record: _Address) -> float:
        over = record.failures - FREE_FAILURES
        if over < 0 or self._clock() - record.last_failure > FORGOTTEN_AFTER:
            return 0.0
        return min(FIRST_WAIT * 2.0 ** min(over, 16), LONGEST_WAIT)


def _group(address: str) -> str:
    """Return what counts as one address: a whole /64 of IPv6, which one customer usually holds."""
    parsed = ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address if parsed is None else str(parsed)
