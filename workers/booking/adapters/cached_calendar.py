"""Keeps busy times for half a minute: one account's quota serves all tenants."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock
from workers.booking.domain.owner_changes import EnteredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, Calendar, CalendarChanges, CalendarEvent

MAX_AGE = timedelta(seconds=30)
_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    read_at: datetime
    between: Interval
    busy: Sequence[BusyTime]


@dataclass(frozen=True, slots=True)
class _Flight:
    """A look-up under way, and how often the calendar had been written to as it began."""

    between: Interval
    writes: int
    task: "asyncio.Task[_Kept]"


class CachedCalendar:
    """A calendar whose busy times may be 30 s old unless they must be fresh; one look-up at a time per calendar."""

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._flights: dict[str, _Flight] = {}
        self._writes: Counter[str] = Counter()

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[BusyTime]:
        """Return busy times, from what is kept if that is young and wide enough.

        What a fresh look contradicts is kept no longer: the times that are offered instead may be filled as well.
        """
        if fresh:
            found = await self._calendar.busy(calendar_id, between, fresh=True)
            kept = self._kept.get(calendar_id)
            if kept and _covers(kept.between, between) and set(_within(kept, between)) != set(found):
                self._forget(calendar_id)
            return found
        return _within(await self._served(calendar_id, between), between)

    async def is_writable(self, calendar_id: str) -> bool:
        """Ask each time: who asks is looking for what is wrong."""
        return await self._calendar.is_writable(calendar_id)

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Put the event, and forget what was busy before."""
        async with self._changing(calendar_id):
            await self._calendar.put(calendar_id, event)

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Remove the event, and forget what was busy before."""
        async with self._changing(calendar_id):
            await self._calendar.remove(calendar_id, event_id)

    async def entered(self, calendar_id: str, event_id: str) -> EnteredEvent | None:
        """Return the event as it is now."""
        return await self._calendar.entered(calendar_id, event_id)

    async def changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return what has changed; if anything has, what was busy before is forgotten."""
        found = await self._calendar.changes(calendar_id, since)
        if found.appointment_ids:
            self._forget(calendar_id)
        return found

    async def _served(self, calendar_id: str, between: Interval) -> _Kept:
        """Return an answer that is kept, or that of the look-up under way, or of one of our own."""
        while True:
            kept = self._kept.get(calendar_id)
            if kept and self._serves(kept, between):
                return kept
            flight = self._flights.get(calendar_id)
            if flight is None:
                flight = self._take_off(calendar_id, between)
            if flight.writes == self._writes[calendar_id] and _covers(flight.between, between):
                # All who wait share what comes of it, trouble too: ten who ask a calendar that hangs wait once, and not
                # in a line. Whoever is cut off leaves it to the others.
                return await asyncio.shield(flight.task)
            await asyncio.wait({flight.task})

    def _take_off(self, calendar_id: str, between: Interval) -> "_Flight":
        # A little wider than asked, so that the next question, a moment later, is covered too.
        wide = Interval(between.start - _WINDOW, between.end + _WINDOW)
        task = asyncio.create_task(self._read(calendar_id, wide))
        flight = self._flights[calendar_id] = _Flight(wide, self._writes[calendar_id], task)

        def landed(done: "asyncio.Task[_Kept]") -> None:
            if self._flights.get(calendar_id) is flight:
                del self._flights[calendar_id]
            if not done.cancelled():
                done.exception()  # looked at here, for when nobody waits any more

        task.add_done_callback(landed)
        return flight

    async def _read(self, calendar_id: str, wide: Interval) -> _Kept:
        began, writes = self._clock.now(), self._writes[calendar_id]
        found = _Kept(began, wide, await self._calendar.busy(calendar_id, wide))
        if writes == self._writes[calendar_id]:
            # Nothing was written meanwhile, of which this answer may know or not.
            self._kept[calendar_id] = found
        return found

    @asynccontextmanager
    async def _changing(self, calendar_id: str) -> AsyncIterator[None]:
        """Keep no answer that was read before the change or during it, whether the change works out or not."""
        self._forget(calendar_id)
        try:
            yield
        finally:
            self._forget(calendar_id)

    def _forget(self, calendar_id: str) -> None:
        self._writes[calendar_id] += 1
        self._kept.pop(calendar_id, None)

    def _serves(self, kept: _Kept, between: Interval) -> bool:
        return self._clock.now() - kept.read_at < MAX_AGE and _covers(kept.between, between)


def _within(kept: _Kept, between: Interval) -> list[BusyTime]:
    return [busy for busy in kept.busy if busy.interval.overlaps(between)]


def _covers(wide: Interval, between: Interval) -> bool:
    return wide.start <= between.start and between.end <= wide.end
