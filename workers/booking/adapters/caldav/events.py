"""Finds the busy times in iCalendar texts; what can't be read never counts as free.

Imported at the first use of a CalDAV calendar only: the libraries are not needed without one.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component
from icalendar.timezone import tzp

from workers.booking.adapters.caldav.thread_time_limit import TimeIsUpError, run_with_time_limit
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.values import Interval

MAX_SECONDS = 5.0
MAX_BUSY_TIMES = 10_000
_A_DAY = timedelta(days=1)
_MAX_TIMES_OF_DAY = 96
_FREQUENCIES = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
"""Others fill the memory sooner than the time limit ends them."""

_ZONED = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")


def find_busy_intervals(
    texts: Iterable[str],
    between: Interval,
    zone: ZoneInfo,
    *,
    max_seconds: float = MAX_SECONDS,
    max_times: int = MAX_BUSY_TIMES,
) -> list[Interval]:
    """Return the busy times of events or free/busy answers that overlap an interval, complete and in order.

    All-day events and times without a zone are those of the given zone. Not thread-safe: icalendar keeps the time zones
    of the last text in a global cache.

    Raises:
        UnusableCalendarError: `REQUEST_REFUSED`: something can't be read, or takes too long.
    """
    try:
        found = run_with_time_limit(
            max_seconds,
            lambda: {busy for text in texts for busy in _read_text(text, between, zone) if busy.overlaps(between)},
        )
    except UnusableCalendarError:
        raise
    except TimeIsUpError as error:
        raise _refuse("recurring events that take too long to compute") from error
    except Exception as error:
        # The library reports what it can't read by many kinds of errors. Their texts may quote the event.
        raise _refuse(f"an event that cannot be read ({type(error).__name__})") from error
    finally:
        tzp.use_default()
    if len(found) > max_times:
        raise _refuse(f"more than {max_times} busy times")
    return sorted(found, key=lambda busy: (busy.start, busy.end))


def _read_text(text: str, between: Interval, zone: ZoneInfo) -> Iterator[Interval]:
    # Empties icalendar's cache of time zones: a zone that one calendar defines must not apply to another's events.
    tzp.use_default()
    calendar = Calendar.from_ical(text)
    for component in calendar.walk():
        _check_component(component)
    for free_busy in calendar.walk("VFREEBUSY"):
        yield from _read_free_busy(free_busy)
    # The library compares dates without regard to the zone, so it is asked for the days on either side, too.
    for event in recurring_ical_events.of(calendar).between(between.start - _A_DAY, between.end + _A_DAY):
        if event.get("TRANSP", "OPAQUE").upper() == "TRANSPARENT" or event.get("STATUS", "").upper() == "CANCELLED":
            continue
        start, end = (_to_instant(edge, zone) for edge in (event.start, event.end))
        if start < end:  # an event without duration occupies no time
            yield Interval(start, end)


def _check_component(component: Component) -> None:
    """Refuse what would be read wrongly or too slowly."""
    for rule in _list(component.get("RRULE")):
        times_of_day = len(rule.get("BYHOUR", (0,))) * len(rule.get("BYMINUTE", (0,)))
        frequency = str(next(iter(rule.get("FREQ", ("",))))).upper()
        if frequency not in _FREQUENCIES or len(rule.get("BYSECOND", (0,))) > 1 or times_of_day > _MAX_TIMES_OF_DAY:
            raise _refuse("an event that recurs too often")
    for name in _ZONED:
        for value in _list(component.get(name)):
            named = value.params.get("TZID")
            if named and tzp.timezone(named) is None:
                raise _refuse("an event in a time zone that is neither known nor defined")


def _read_free_busy(component: Component) -> Iterator[Interval]:
    for periods in _list(component.get("FREEBUSY")):
        for period in _list(periods):
            if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
                start, end = (edge.astimezone(UTC) for edge in (period.start, period.end))
                if start < end:
                    yield Interval(start, end)


def _to_instant(edge: date, zone: ZoneInfo) -> datetime:
    if not isinstance(edge, datetime):
        edge = datetime.combine(edge, time())
    return (edge if edge.tzinfo else edge.replace(tzinfo=zone)).astimezone(UTC)


def _list(value: Any) -> list[Any]:
    """Return a property's values: none, one, or several of the same name."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _refuse(message: str) -> UnusableCalendarError:
    return UnusableCalendarError(CalendarProblem.REQUEST_REFUSED, f"calendar.busy: the calendar has {message}")
