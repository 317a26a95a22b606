"""Guards calendars: each call has a time limit, and a calendar that fails is not called for a while.

A calendar's circuit is its own, so that one business's calendar keeps nobody else away. Only when several calendars of
a server have failed, and none has answered, is the server not called.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from shared.circuits.breaker import BreakerPolicy, CircuitState
from shared.circuits.guard import Guard
from shared.circuits.reports import CircuitReports
from shared.errors import PermanentError, RateLimitedError, TransientError
from shared.masking import HIDDEN, mask_contact
from workers.booking.adapters.remembered_times import RememberedBusyTimes
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyCalendar, BusyTime, Calendar, CalendarChanges, CalendarEvent

CALENDAR_CIRCUITS = BreakerPolicy(failures=3, calls=3, window_seconds=60, open_seconds=5, probe_seconds=20)
"""Of each calendar. An open circuit is tried again every five seconds, so that visitors are served soon after."""

SERVER_CIRCUITS = BreakerPolicy(failures=3, calls=3, window_seconds=60, open_seconds=5, probe_seconds=20)
"""Of Google, and of each CalDAV server; a failure is the circuit of a calendar that opens."""

READ_SECONDS = 8.0
"""A list of busy times, an event, our rights. Google answers within a second; a visitor waits for three."""

SLOW_SECONDS = 2.5
"""A read that took longer counts as failed: its visitor was about to give up."""

WRITE_SECONDS = 20.0
"""Up to ten requests, if the owner changes the event at the same time. Nobody waits."""

CHANGES_SECONDS = 60.0
"""A first sync reads years of events, page by page."""

_CALLS_PER_CALENDAR = 3
"""At once: the calls that hang must not take all threads of the provider."""


class CalendarGuards:
    """The guards of one provider's calendars."""

    def __init__(self, provider: str, reports: CircuitReports) -> None:
        self._servers = reports.open_breaker(provider, SERVER_CIRCUITS)
        name = f"{provider}_calendar"
        self._calendars = reports.open_breaker(name, CALENDAR_CIRCUITS, describe_key=describe_calendar)
        self._whole = Guard(provider, self._servers, slow_seconds=CHANGES_SECONDS)
        self._reads = Guard(name, self._calendars, slow_seconds=SLOW_SECONDS)
        self._others = Guard(name, self._calendars, slow_seconds=CHANGES_SECONDS)
        self._rooms: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def read(self, calendar_id: str) -> AsyncIterator[None]:
        """Guard a call that visitors may wait for."""
        async with self._guard(calendar_id, self._reads, READ_SECONDS):
            yield

    @asynccontextmanager
    async def call(self, calendar_id: str, *, seconds: float) -> AsyncIterator[None]:
        """Guard a call that nobody waits for."""
        async with self._guard(calendar_id, self._others, seconds):
            yield

    @asynccontextmanager
    async def _guard(self, calendar_id: str, guard: Guard, seconds: float) -> AsyncIterator[None]:
        server = _find_server(calendar_id)
        async with self._enter_room(calendar_id, seconds):
            self._whole.check(server)
            self._servers.begin_call(server, _get_time())
            was_closed = self._calendars.find_state(calendar_id) is CircuitState.CLOSED
            try:
                async with guard.call(calendar_id, seconds=seconds):
                    yield
            except BaseException as error:
                has_opened = was_closed and self._calendars.find_state(calendar_id) is CircuitState.OPEN
                self._record_failure(server, error, has_opened=has_opened)
                raise
            self._servers.record_success(server, _get_time())

    def _record_failure(self, server: str, error: BaseException, *, has_opened: bool) -> None:
        is_trial = self._servers.find_state(server) is CircuitState.HALF_OPEN
        if isinstance(error, PermanentError):
            self._servers.record_success(server, _get_time())  # it answered
        elif has_opened or (is_trial and isinstance(error, TransientError) and not isinstance(error, RateLimitedError)):
            self._servers.record_failure(server, _get_time())
        else:
            # Of one calendar only, a bug, or a caller that is gone: it says nothing about the others.
            self._servers.abandon_call(server, _get_time())

    @asynccontextmanager
    async def _enter_room(self, calendar_id: str, seconds: float) -> AsyncIterator[None]:
        room = self._rooms.setdefault(calendar_id, asyncio.Semaphore(_CALLS_PER_CALENDAR))
        try:
            async with asyncio.timeout(seconds):
                await room.acquire()
        except TimeoutError as error:
            raise TransientError("calendar: other calls to it take too long") from error
        try:
            yield
        finally:
            room.release()


class GuardedBusyCalendar:
    """A calendar that is only read; what it says is remembered."""

    def __init__(self, calendar: BusyCalendar, *, guards: CalendarGuards, memory: RememberedBusyTimes) -> None:
        self._busy = calendar
        self._guards = guards
        self._memory = memory

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Return the busy times, and remember them."""
        async with self._guards.read(calendar_id):
            times = await self._busy.find_busy_times(
                calendar_id, between, zone=zone, fresh=fresh, busy_may_lag=busy_may_lag
            )
        self._memory.remember(calendar_id, between, zone, times)
        return times


class GuardedCalendar(GuardedBusyCalendar):
    """The same for a calendar with visits."""

    def __init__(self, calendar: Calendar, *, guards: CalendarGuards, memory: RememberedBusyTimes) -> None:
        super().__init__(calendar, guards=guards, memory=memory)
        self._calendar = calendar

    async def is_writable(self, calendar_id: str) -> bool:
        """Ask for our rights."""
        async with self._guards.read(calendar_id):
            return await self._calendar.is_writable(calendar_id)

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event; one that was cut off may still be written, and is written again under the same id."""
        async with self._guards.call(calendar_id, seconds=WRITE_SECONDS):
            await self._calendar.put(calendar_id, event, earlier=earlier)

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Remove the event; repeating it is harmless."""
        async with self._guards.call(calendar_id, seconds=WRITE_SECONDS):
            await self._calendar.remove(calendar_id, event_id, cancelled_version=cancelled_version)

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return the event as it is now."""
        async with self._guards.call(calendar_id, seconds=READ_SECONDS):
            return await self._calendar.find_event(calendar_id, event_id)

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return what has changed."""
        async with self._guards.call(calendar_id, seconds=CHANGES_SECONDS):
            return await self._calendar.list_changes(calendar_id, since)


def describe_calendar(calendar_id: str) -> str:
    """Return what operators may read of a calendar's id, which may be somebody's address or contain a password."""
    server = _find_server(calendar_id)
    return f"{server}/{HIDDEN}" if server else mask_contact(calendar_id)


def _find_server(calendar_id: str) -> str:
    """Return the host of a CalDAV calendar; all calendars without one are Google's."""
    return calendar_id.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _get_time() -> float:
    return asyncio.get_running_loop().time()
