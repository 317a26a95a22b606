"""Leases of requests to Google in memory, which several processes may share."""

import asyncio
from collections import Counter, defaultdict

from workers.booking.domain.request_budget import Lease


class FakeRequestLeases:
    """`RequestLeases` that also count the writes."""

    def __init__(self) -> None:
        self.leased: defaultdict[int, Counter[str]] = defaultdict(Counter)
        """How many requests each holder has leased, by window."""
        self.free: dict[int, int] = {}
        self.writes = 0
        self.error: Exception | None = None
        """Raised by every call while it is set."""

    async def lease(self, lease: Lease) -> bool:
        """Lease the requests, or none."""
        if not lease.fits_empty_window:
            return False
        await self._write()
        free = self.free.get(lease.window)
        if free is not None:
            if free < lease.amount + lease.kept_free:
                return False
            if self.leased[lease.window][lease.holder] >= max(free, 1):
                return False
        self.free[lease.window] = (lease.limit if free is None else free) - lease.amount
        self.leased[lease.window][lease.holder] += lease.amount
        return True

    async def close_window(self, window: int) -> None:
        """Leave nothing free."""
        await self._write()
        self.free[window] = 0

    async def _write(self) -> None:
        await asyncio.sleep(0)
        self.writes += 1
        if self.error:
            raise self.error
