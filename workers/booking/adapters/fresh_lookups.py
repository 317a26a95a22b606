"""Lets requests for fresh busy times share lookups: one at a time per calendar, and the next one for all that wait."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from workers.booking.domain.values import Interval
from workers.booking.ports import BusyCalendar, BusyTime

_MAX_WAIT_SECONDS = 2.0
"""How long a lookup waits for the one before, so that a calendar that hangs does not add up the time limits."""

_Key = tuple[str, ZoneInfo | None]


@dataclass(slots=True)
class _Flight:
    """A lookup that has not begun, or is under way."""

    between: Interval
    has_begun: bool = False
    task: "asyncio.Task[Sequence[BusyTime]]" = field(init=False)


class FreshLookups:
    """Reads busy times anew: an answer is never from before its request.

    So a request does not share a lookup that is under way, which may have read already. It waits for its end, and
    shares the next one with all that wait. A caller that is cancelled does not cancel it; an error is that of all.
    """

    def __init__(self, calendar: BusyCalendar) -> None:
        self._calendar = calendar
        self._last: dict[_Key, _Flight] = {}

    async def find_busy_times(self, calendar_id: str, between: Interval, zone: ZoneInfo | None) -> Sequence[BusyTime]:
        """Return the busy times in an interval."""
        key = (calendar_id, zone)
        flight = self._last.get(key)
        if flight is None or flight.has_begun:
            flight = self._plan_flight(key, between, after=flight)
        else:
            flight.between = _join(flight.between, between)
        times = await asyncio.shield(flight.task)
        return [busy for busy in times if busy.interval.overlaps(between)]

    def _plan_flight(self, key: _Key, between: Interval, *, after: _Flight | None) -> _Flight:
        flight = self._last[key] = _Flight(between)
        flight.task = asyncio.create_task(self._fly(key, flight, after))
        # Retrieved here in case no caller is waiting any more.
        flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return flight

    async def _fly(self, key: _Key, flight: _Flight, after: _Flight | None) -> Sequence[BusyTime]:
        try:
            if after:
                await asyncio.wait({after.task}, timeout=_MAX_WAIT_SECONDS)
            flight.has_begun = True
            calendar_id, zone = key
            return await self._calendar.find_busy_times(calendar_id, flight.between, zone=zone, fresh=True)
        finally:
            if self._last.get(key) is flight:
                del self._last[key]


def _join(one: Interval, other: Interval) -> Interval:
    return Interval(min(one.start, other.start), max(one.end, other.end))
