"""Parses busy times from Google's lists of events; what can't be parsed never counts as free."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import TransientError
from workers.booking.adapters.google.event import is_deleted, parse_appointment_id, parse_instant, parse_version
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime

BUSY_FIELDS = (
    "timeZone,nextPageToken,items(id,recurringEventId,status,transparency,eventType,start(date,dateTime),end(date,dateTime),"
    "attendees(self,responseStatus),extendedProperties/private)"
)
"""The only fields that are requested; the contents of events stay private."""

_NEVER_BUSY = frozenset({"workingLocation", "birthday"})
"""Types of events that describe a day and occupy no time.

https://developers.google.com/workspace/calendar/api/guides/event-types
"""


def parse_busy_times(page: Any, zone: ZoneInfo | None = None) -> list[BusyTime]:
    """Return the busy times of a page of `events.list`, with the appointment id for our own events.

    All-day events are those of the given zone, or of the calendar's without one.

    Raises:
        TransientError: the page can't be parsed.
    """
    try:
        # Google's JSON may leave out what is empty.
        items = page.get("items", ())
        all_day_zone = zone or ZoneInfo(page.get("timeZone") or "UTC")
        times = [_parse_busy_time(item, all_day_zone) for item in items if _is_busy(item)]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise TransientError(f"calendar.busy: the answer cannot be read ({type(error).__name__})") from error
    return [time for time in times if time]


def _is_busy(item: Any) -> bool:
    if is_deleted(item) or item.get("transparency") == "transparent" or item.get("eventType") in _NEVER_BUSY:
        return False
    guests = item.get("attendees", ())
    return not any(guest.get("self") and guest.get("responseStatus") == "declined" for guest in guests)


def _parse_busy_time(item: Any, zone: ZoneInfo) -> BusyTime | None:
    start, end = _parse_boundary(item["start"], zone), _parse_boundary(item["end"], zone)
    # An event without duration occupies no time.
    if start >= end:
        return None
    interval = Interval(start, end)
    # Instances have the properties of the recurring event, and its id in this field:
    # https://developers.google.com/workspace/calendar/api/guides/recurringevents
    if series_of := parse_appointment_id({**item, "id": item.get("recurringEventId")}):
        return BusyTime(interval, series_of=series_of)
    return BusyTime(interval, parse_appointment_id(item), parse_version(item))


def _parse_boundary(boundary: Any, zone: ZoneInfo) -> datetime:
    """Return an instant; all-day events begin and end at midnight."""
    if "date" not in boundary:
        return parse_instant(boundary)
    midnight = datetime.combine(date.fromisoformat(boundary["date"]), time(), zone)
    return midnight.astimezone(UTC)
