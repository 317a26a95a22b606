"""Caches busy times for half a minute, and shares lookups, because all tenants share one account's quota."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.clock import Clock
from workers.booking.adapters.fresh_lookups import FreshLookups
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyCalendar, BusyTime, Calendar, CalendarChanges, CalendarEvent

MAX_AGE = timedelta(seconds=30)
_WINDOW = timedelta(days=1)
_NARROW_LOOKUPS = 3
"""How many lookups of a calendar within `MAX_AGE` read only what is asked."""

_ALL = timedelta(days=400)
"""Beyond the farthest day that can be booked, `horizon_days` of a profile."""


@dataclass(frozen=True, slots=True)
class _CachedAnswer:
    read_at: datetime
    between: Interval
    zone: ZoneInfo | None
    busy: Sequence[BusyTime]


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A running lookup, with the number of writes to the calendar when it began."""

    between: Interval
    zone: ZoneInfo | None
    writes: int
    task: "asyncio.Task[_CachedAnswer]"


class CachedBusyCalendar:
    """A calendar whose busy times may be 30 s old unless they must be fresh; few lookups at a time per calendar.

    Questions share one lookup. Requests for a fresh answer share the next one, which begins after they were made.
    """

    def __init__(self, calendar: BusyCalendar, clock: Clock) -> None:
        self._busy = calendar
        self._clock = clock
        self._answers: dict[str, _CachedAnswer] = {}
        self._lookups: dict[str, _Lookup] = {}
        self._fresh_lookups = FreshLookups(calendar)
        self._writes: Counter[str] = Counter()
        self._begun: dict[str, deque[datetime]] = {}
        """When the last few lookups of a calendar began."""

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Return busy times, from the cache if its answer is recent and covers the interval.

        A fresh answer that differs invalidates the cached one: the alternatives offered from it may be filled as well.
        """
        cached = self._answers.get(calendar_id)
        if not fresh:
            return _select_times_within(await self._find_answer(calendar_id, between, zone), between)
        if busy_may_lag and cached and self._is_usable(cached, between, zone):
            known = _select_times_within(cached, between)
            if any(_is_owners(busy) for busy in known):
                return known
        fresh_times = await self._fresh_lookups.find_busy_times(calendar_id, between, zone)
        cached = self._answers.get(calendar_id)
        if (
            cached
            and _contains_interval(cached.between, between)
            and cached.zone == zone
            and set(_select_times_within(cached, between)) != set(fresh_times)
        ):
            self._invalidate(calendar_id)
        return fresh_times

    async def _find_answer(self, calendar_id: str, between: Interval, zone: ZoneInfo | None) -> _CachedAnswer:
        """Return the cached answer, or that of the running lookup, or that of a new one."""
        while True:
            cached = self._answers.get(calendar_id)
            if cached and self._is_usable(cached, between, zone):
                return cached
            lookup = self._lookups.get(calendar_id)
            if lookup is None:
                lookup = self._start_lookup(calendar_id, between, zone)
            is_current = lookup.writes == self._writes[calendar_id] and lookup.zone == zone
            if is_current and _contains_interval(lookup.between, between):
                # All waiting callers share the lookup's result, errors too: with a calendar that hangs, they wait in
                # parallel. A cancelled caller does not cancel the lookup.
                return await asyncio.shield(lookup.task)
            await asyncio.wait({lookup.task})

    def _start_lookup(self, calendar_id: str, between: Interval, zone: ZoneInfo | None) -> "_Lookup":
        wide = self._widen(calendar_id, between)
        task = asyncio.create_task(self._read_busy_times(calendar_id, wide, zone))
        lookup = self._lookups[calendar_id] = _Lookup(wide, zone, self._writes[calendar_id], task)

        def end_lookup(done: "asyncio.Task[_CachedAnswer]") -> None:
            if self._lookups.get(calendar_id) is lookup:
                del self._lookups[calendar_id]
            if not done.cancelled():
                done.exception()  # retrieved here in case no caller is waiting any more

        task.add_done_callback(end_lookup)
        return lookup

    def _widen(self, calendar_id: str, between: Interval) -> Interval:
        """Return what to read: more than is asked, so that it covers the next questions, too.

        Who leafs through a calendar from date to date asks for another interval each time. After a few of them
        everything is read at once, so that a calendar costs a few requests in half a minute whatever is asked.
        """
        now = self._clock.now()
        begun = self._begun.setdefault(calendar_id, deque(maxlen=_NARROW_LOOKUPS))
        is_leafed = len(begun) == _NARROW_LOOKUPS and now - begun[0] < MAX_AGE
        begun.append(now)
        wide = Interval(between.start - _WINDOW, between.end + _WINDOW)
        return Interval(min(wide.start, now - _WINDOW), max(wide.end, now + _ALL)) if is_leafed else wide

    async def _read_busy_times(self, calendar_id: str, wide: Interval, zone: ZoneInfo | None) -> _CachedAnswer:
        started_at, writes = self._clock.now(), self._writes[calendar_id]
        answer = _CachedAnswer(started_at, wide, zone, await self._busy.find_busy_times(calendar_id, wide, zone=zone))
        if writes == self._writes[calendar_id]:
            # Cached only if there was no write meanwhile, which this answer may or may not contain.
            self._answers[calendar_id] = answer
        return answer

    def _invalidate(self, calendar_id: str) -> None:
        self._writes[calendar_id] += 1
        self._answers.pop(calendar_id, None)

    def _is_usable(self, cached: _CachedAnswer, between: Interval, zone: ZoneInfo | None) -> bool:
        is_recent = self._clock.now() - cached.read_at < MAX_AGE
        return is_recent and cached.zone == zone and _contains_interval(cached.between, between)


class CachedCalendar(CachedBusyCalendar):
    """The same for a calendar with visits: a change of its events invalidates what was read before."""

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        super().__init__(calendar, clock)
        self._calendar = calendar

    async def is_writable(self, calendar_id: str) -> bool:
        """Ask each time: the caller diagnoses a problem."""
        return await self._calendar.is_writable(calendar_id)

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event and invalidate the cache."""
        async with self._invalidate_around(calendar_id):
            await self._calendar.put(calendar_id, event, earlier=earlier)

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Remove the event and invalidate the cache."""
        async with self._invalidate_around(calendar_id):
            await self._calendar.remove(calendar_id, event_id, cancelled_version=cancelled_version)

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return the event as it is now."""
        return await self._calendar.find_event(calendar_id, event_id)

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return the changes, and invalidate the cache if there are any."""
        changes = await self._calendar.list_changes(calendar_id, since)
        if changes.appointment_ids:
            self._invalidate(calendar_id)
        return changes

    @asynccontextmanager
    async def _invalidate_around(self, calendar_id: str) -> AsyncIterator[None]:
        """Cache no answer from before the change or during it, whether the change succeeds or not."""
        self._invalidate(calendar_id)
        try:
            yield
        finally:
            self._invalidate(calendar_id)


def _select_times_within(cached: _CachedAnswer, between: Interval) -> list[BusyTime]:
    return [busy for busy in cached.busy if busy.interval.overlaps(between)]


def _is_owners(busy: BusyTime) -> bool:
    """Return whether it is an entry of the owner's own, which no appointment explains."""
    return busy.appointment_id is None and busy.series_of is None


def _contains_interval(wide: Interval, between: Interval) -> bool:
    return wide.start <= between.start and between.end <= wide.end
