"""Reads the busy times of a calendar; somebody who waits gets those of some minutes ago if it does not answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from shared.errors import DependencyDownError, RateLimitedError, TransientError
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyCalendar, BusyTime, RecalledTimes

log = structlog.get_logger()

CALENDAR_SECONDS = 3.0
"""How long somebody who waits for free times, or for a hold, waits for a calendar."""


class CalendarSilentError(TransientError):
    """A calendar does not answer in time, and what it said before is not known."""

    def __init__(self, message: str, *, has_answered: bool) -> None:
        """`has_answered`: it failed at once, such as with a 503, so that another attempt may succeed in a moment."""
        super().__init__(message)
        self.has_answered = has_answered


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Busy times as a calendar gives them now."""

    times: Sequence[BusyTime]


async def read_calendar(
    ports: BookingPorts,
    calendar: BusyCalendar,
    calendar_id: str,
    between: Interval,
    zone: ZoneInfo,
    *,
    fresh: bool,
    busy_may_lag: bool,
    may_recall: bool,
) -> ReadTimes | RecalledTimes:
    """Return the busy times of a calendar, with `may_recall` after three seconds at most.

    Raises:
        CalendarSilentError: with `may_recall`: the calendar does not answer, and there is nothing to recall.
        TransientError: without it, the calendar can't be reached.
        UnusableCalendarError: a permanent problem, whatever may be recalled.
    """
    read = partial(calendar.find_busy_times, calendar_id, between, zone=zone, fresh=fresh, busy_may_lag=busy_may_lag)
    if not may_recall:
        return ReadTimes(await read())
    try:
        async with asyncio.timeout(CALENDAR_SECONDS):
            return ReadTimes(await read())
    except (TransientError, TimeoutError) as error:
        recalled = ports.calendar_memory.recall(calendar_id, between, zone) if ports.calendar_memory else None
        if recalled is None:
            has_answered = not isinstance(error, TimeoutError | DependencyDownError | RateLimitedError)
            raise CalendarSilentError(f"calendar.busy: {type(error).__name__}", has_answered=has_answered) from error
        log.warning("calendar_recalled", reason=type(error).__name__, read_at=recalled.read_at.isoformat())
        return recalled
