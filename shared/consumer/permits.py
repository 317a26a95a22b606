"""How many handlers may run at once: permits are taken before receiving, and given back."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Waiter:
    wanted: int
    granted: "asyncio.Future[int]"
    patience_seconds: float
    timer: asyncio.TimerHandle | None = None
    is_patient: bool = True


class Permits:
    """A counting semaphore whose permits are taken several at a time, first come, first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self._waiters: deque[_Waiter] = deque()
        self._is_closed = False

    async def take(self, at_most: int, *, patience_seconds: float = 0) -> int:
        """Return how many permits were taken: between 1 and `at_most`, or 0 once no more are given out.

        Waits for the first one as long as it takes, and then for the others as long as the patience lasts: a receive of
        ten messages costs as much as a receive of one.
        """
        if self._is_closed:
            return 0
        wanted = min(at_most, self.total)
        if self.free >= wanted and not self._waiters:
            self.free -= wanted
            return wanted
        waiter = _Waiter(wanted, asyncio.get_running_loop().create_future(), patience_seconds)
        self._waiters.append(waiter)
        self._serve()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self.give(waiter.granted.result())
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
                self._serve()
            raise
        finally:
            if waiter.timer:
                waiter.timer.cancel()

    def give(self, count: int) -> None:
        """Give permits back."""
        self.free += count
        if self._waiters:
            self._serve()

    def close(self) -> None:
        """Give no more out: whoever waits gets 0."""
        self._is_closed = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.granted.done():
                waiter.granted.set_result(0)

    def _lose_patience(self, waiter: _Waiter) -> None:
        waiter.is_patient = False
        self._serve()

    def _serve(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            if waiter.granted.done():
                self._waiters.popleft()
                continue
            if self.free <= 0:
                return
            if waiter.is_patient and self.free < waiter.wanted:
                if waiter.timer is None:
                    loop = asyncio.get_running_loop()
                    waiter.timer = loop.call_later(waiter.patience_seconds, self._lose_patience, waiter)
                return
            self._waiters.popleft()
            count = min(self.free, waiter.wanted)
            self.free -= count
            waiter.granted.set_result(count)
