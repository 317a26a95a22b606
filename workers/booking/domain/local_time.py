"""Turns wall-clock times of the tenant's zone into instants, with the odd hours of clock changes by name.

- A wall-clock time that the clocks skip (a *gap*) is no time: it is refused.
- One that the clocks show twice (a *fold*) means the first of the two, unless an offset says which.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from shared.messages.errors import ErrorCode
from workers.booking.domain.values import Refusal

YEARS = range(2000, 2101)
"""Years that a start may lie in: generous for bookings, and far from where date arithmetic overflows."""

_FIRST_OF_TWO = 0
"""The `fold` of PEP 495: which of the two readings of a repeated wall-clock time is meant."""

_NO_TIME = Refusal(ErrorCode.INVALID_TIME)
_SKIPPED = Refusal(ErrorCode.INVALID_TIME, about="skipped")

_START = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?: ?[Tt] ?| )"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::00(?:[.,]0+)?)?"
    r" ?(?:(?P<utc>[Zz])|(?P<sign>[-+−])(?P<offset_hours>\d\d)(?::?(?P<offset_minutes>\d\d))?)?",
    re.ASCII,
)


def local_to_utc(day: date, minutes_of_day: int, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a wall-clock time (1440 is midnight), the first of two; None in a gap."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes_of_day)
    instant = wall.replace(tzinfo=zone, fold=_FIRST_OF_TWO).astimezone(UTC)
    # Only a time that exists comes back unchanged from its instant.
    exists = instant.astimezone(zone).replace(tzinfo=None) == wall
    return instant if exists else None


def first_instant_from(day: date, minutes_of_day: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time, or of the end of the gap that swallows it."""
    minutes = minutes_of_day
    while (instant := local_to_utc(day, minutes, zone)) is None:
        minutes += 1
    return instant


def parse_start(text: str, zone: ZoneInfo) -> datetime | Refusal:
    """Read an ISO 8601 date and time: with an offset as it says, without one on the zone's wall clock.

    A space may stand for the `T`, spacing may be odd, and seconds, where given, are zero. Never raises.
    """
    match = _START.fullmatch(" ".join(text.split()))
    if match is None or int(match["year"]) not in YEARS:
        return _NO_TIME
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
        clock = time(int(match["hour"]), int(match["minute"]))
        offset = _offset(match)
    except ValueError:
        return _NO_TIME
    if offset is not None:
        return datetime.combine(day, clock, tzinfo=offset).astimezone(UTC)
    return local_to_utc(day, clock.hour * 60 + clock.minute, zone) or _SKIPPED


def _offset(match: re.Match[str]) -> timezone | None:
    if match["utc"]:
        return UTC
    if not match["sign"]:
        return None
    minutes = int(match["offset_minutes"] or 0)
    if minutes > 59:
        raise ValueError("an offset's minutes end at 59")
    distance = timedelta(hours=int(match["offset_hours"]), minutes=minutes)
    return timezone(distance if match["sign"] == "+" else -distance)
