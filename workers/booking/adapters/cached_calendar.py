"""Keeps busy times for half a minute: one account's quota serves all tenants."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock
from workers.booking.domain.values import Interval
from workers.booking.ports import Calendar, CalendarEvent

MAX_AGE = timedelta(seconds=30)
_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    read_at: datetime
    between: Interval
    busy: Sequence[Interval]


class CachedCalendar:
    """A calendar whose busy times may be 30 s old unless they must be fresh; one look-up at a time per calendar."""

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._flights: dict[str, asyncio.Lock] = {}

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[Interval]:
        """Return busy times, from what is kept if that is young and wide enough."""
        if fresh:
            return await self._calendar.busy(calendar_id, between, fresh=True)
        async with self._flights.setdefault(calendar_id, asyncio.Lock()):
            kept = self._kept.get(calendar_id)
            if kept is None or not self._serves(kept, between):
                # A little wider than asked, so that the next question, a moment later, is covered too.
                wide = Interval(between.start - _WINDOW, between.end + _WINDOW)
                busy = await self._calendar.busy(calendar_id, wide)
                kept = self._kept[calendar_id] = _Kept(self._clock.now(), wide, busy)
        return [interval for interval in kept.busy if interval.overlaps(between)]

    def _serves(self, kept: _Kept, between: Interval) -> bool:
        young = self._clock.now() - kept.read_at < MAX_AGE
        return young and kept.between.start <= between.start and between.end <= kept.between.end

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Put the event, and forget what was busy before."""
        self._kept.pop(calendar_id, None)
        await self._calendar.put(calendar_id, event)

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Remove the event, and forget what was busy before."""
        self._kept.pop(calendar_id, None)
        await self._calendar.remove(calendar_id, event_id)
