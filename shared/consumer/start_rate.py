"""Limits how fast one tenant, and one address, starts handlers while the event loop is busy with them.

Handlers of a pool share one processor. A share of the handlers alone does not keep it free: forty of them that compute
for twenty milliseconds each delay every step of another tenant's handler by a second. An address gets half of what its
tenant may start, so that the other visitors of a business do not wait behind one of them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

FREE_HANDLERS = 2
"""A tenant or an address with fewer handlers starts the next one whatever the loop does."""
PART_OF_ADDRESS = 0.5

_TICK_SECONDS = 0.01
_LATE_SECONDS = 0.004
"""How late the loop may be: a handler has a dozen steps, and each waits for the loop."""
_OWN_SECONDS = 0.005
"""The loop is busy itself if it has computed for so long meanwhile; else other processes have the processor."""
_FIRST_STARTS, _MIN_STARTS, _MAX_STARTS = 1.0, 0.1, 1000.0
_GROWTH, _DECLINE = 1.1, 0.6


class StartRate:
    """How many handlers each holder may start between two ticks: more while the loop is on time, fewer once it is late.

    It ticks only while a holder has more handlers than are free for it.
    """

    def __init__(self, *, cpu_seconds: Callable[[], float] = time.process_time) -> None:
        self._cpu_seconds = cpu_seconds
        self._starts_per_tick = _FIRST_STARTS
        self._credits: dict[str, tuple[float, float]] = {}
        """What each holder has left until the next tick, and its part of the rate."""
        self._is_ticking = False
        self._was_asked = False
        self._due = self._cpu_before = 0.0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def interval_seconds(self) -> float:
        """Return how long a tenant waits between two starts at the present rate."""
        return _TICK_SECONDS / self._starts_per_tick

    def take_start(self, holders: Sequence[tuple[str, float]]) -> bool:
        """Return whether all holders may start one more handler now, and count it; each has a part of the rate."""
        if not self._is_ticking:
            self._begin()
        self._was_asked = True
        full = max(self._starts_per_tick, 1.0)
        for holder, part in holders:
            self._credits.setdefault(holder, (full, part))
        if any(self._credits[holder][0] < 1 for holder, _ in holders):
            return False
        for holder, part in holders:
            self._credits[holder] = self._credits[holder][0] - 1, part
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
        self._credits = {
            holder: (min(credit + self._starts_per_tick * part, limit), part)
            for holder, (credit, part) in self._credits.items()
        }
        waiting, self._waiting = self._waiting, []
        for tick in waiting:
            if not tick.done():
                tick.set_result(None)
        if waiting or self._was_asked:
            self._was_asked = False
            self._schedule(loop)
        else:
            self._is_ticking = False
