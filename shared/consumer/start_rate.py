"""Limits how fast one tenant starts handlers while the event loop is busy with them.

Handlers of a pool share one processor. A share of the handlers alone does not keep it free: forty of them that compute
for twenty milliseconds each delay every step of another tenant's handler by a second.
"""

import asyncio
import time
from collections.abc import Callable

FREE_HANDLERS = 4
"""A tenant with fewer handlers starts the next one whatever the loop does."""

_TICK_SECONDS = 0.01
_LATE_SECONDS = 0.006
"""How late the loop may be: a handler has a dozen steps, and each waits for the loop."""
_OWN_SECONDS = 0.005
"""The loop is busy itself if it has computed for so long meanwhile; else other processes have the processor."""
_FIRST_STARTS, _MIN_STARTS, _MAX_STARTS = 1.0, 0.1, 1000.0
_GROWTH, _DECLINE = 1.1, 0.6


class StartRate:
    """How many handlers each tenant may start between two ticks: more while the loop is on time, fewer once it is late.

    It ticks only while a tenant has more handlers than are free for it.
    """

    def __init__(self, *, cpu_seconds: Callable[[], float] = time.process_time) -> None:
        self._cpu_seconds = cpu_seconds
        self._starts_per_tick = _FIRST_STARTS
        self._credits: dict[str, float] = {}
        """What each tenant has left until the next tick."""
        self._is_ticking = False
        self._was_asked = False
        self._due = self._cpu_before = 0.0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def interval_seconds(self) -> float:
        """Return how long a tenant waits between two starts at the present rate."""
        return _TICK_SECONDS / self._starts_per_tick

    def take_start(self, tenant: str) -> bool:
        """Return whether the tenant may start one more handler now, and count it."""
        if not self._is_ticking:
            self._begin()
        self._was_asked = True
        credit = self._credits.get(tenant, max(self._starts_per_tick, 1.0))
        if credit < 1:
            self._credits[tenant] = credit
            return False
        self._credits[tenant] = credit - 1
        return True

    async def wait(self) -> None:
        """Wait for the next tick."""
        tick = asyncio.get_running_loop().create_future()
        self._waiting.append(tick)
        await tick

    def _begin(self) -> None:
        self._is_ticking = True
        self._credits.clear()
        self._starts_per_tick = _FIRST_STARTS
        self._schedule(asyncio.get_running_loop())

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due, self._cpu_before = loop.time() + _TICK_SECONDS, self._cpu_seconds()
        loop.call_at(self._due, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        is_late = loop.time() - self._due > _LATE_SECONDS and self._cpu_seconds() - self._cpu_before > _OWN_SECONDS
        factor = _DECLINE if is_late else _GROWTH
        self._starts_per_tick = min(max(self._starts_per_tick * factor, _MIN_STARTS), _MAX_STARTS)
        limit = max(self._starts_per_tick, 1.0)
        self._credits = {tenant: min(credit + self._starts_per_tick, limit) for tenant, credit in self._credits.items()}
        waiting, self._waiting = self._waiting, []
        for tick in waiting:
            if not tick.done():
                tick.set_result(None)
        if waiting or self._was_asked:
            self._was_asked = False
            self._schedule(loop)
        else:
            self._is_ticking = False
