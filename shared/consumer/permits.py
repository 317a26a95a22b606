"""How many handlers may run at once: permits are taken before receiving, and given back."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Waiter:
    max_count: int
    granted: "asyncio.Future[int]"
    fill_timeout_seconds: float
    timer: asyncio.TimerHandle | None = None
    is_filling: bool = True
    """Whether it still waits for all the permits that it asked for."""


class Permits:
    """A counting semaphore whose permits are taken several at a time, first come, first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self._waiters: deque[_Waiter] = deque()
        self._is_closed = False

    async def take(self, max_count: int, *, fill_timeout_seconds: float = 0) -> int:
        """Take permits and return how many: between 1 and `max_count`, or 0 after `close()`.

        Waits for the first permit without limit, and then up to `fill_timeout_seconds` for the others: a receive of ten
        messages costs as much as a receive of one.
        """
        if self._is_closed:
            return 0
        max_count = min(max_count, self.total)
        if self.free >= max_count and not self._waiters:
            self.free -= max_count
            return max_count
        waiter = _Waiter(max_count, asyncio.get_running_loop().create_future(), fill_timeout_seconds)
        self._waiters.append(waiter)
        self._grant_waiting()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self.give_back(waiter.granted.result())
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
                self._grant_waiting()
            raise
        finally:
            if waiter.timer:
                waiter.timer.cancel()

    def give_back(self, count: int) -> None:
        """Give permits back."""
        self.free += count
        if self._waiters:
            self._grant_waiting()

    def close(self) -> None:
        """Give out no more permits: every waiter gets 0."""
        self._is_closed = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.granted.done():
                waiter.granted.set_result(0)

    def _stop_filling(self, waiter: _Waiter) -> None:
        waiter.is_filling = False
        self._grant_waiting()

    def _grant_waiting(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            if waiter.granted.done():
                self._waiters.popleft()
                continue
            if self.free <= 0:
                return
            if waiter.is_filling and self.free < waiter.max_count:
                if waiter.timer is None:
                    loop = asyncio.get_running_loop()
                    waiter.timer = loop.call_later(waiter.fill_timeout_seconds, self._stop_filling, waiter)
                return
            self._waiters.popleft()
            count = min(self.free, waiter.max_count)
            self.free -= count
            waiter.granted.set_result(count)
