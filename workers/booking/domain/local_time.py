"""Converts wall-clock times of the tenant's zone to instants, with explicit rules for clock changes.

- A wall-clock time that the clocks skip (a *gap*) does not exist and is refused.
- One that the clocks show twice (a *fold*) means the first of the two, unless an offset is given.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from shared.messages.errors import ErrorCode
from workers.booking.domain.values import Refusal

YEARS = range(2000, 2101)
"""The years that a start may be in: more than bookings need, and far from where date arithmetic overflows."""

_FIRST_OF_TWO = 0
"""The `fold` of PEP 495: which of the two instants of a repeated wall-clock time is meant."""

_INVALID = Refusal(ErrorCode.INVALID_TIME)
_SKIPPED = Refusal(ErrorCode.INVALID_TIME, about="skipped")

_START = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?: ?[Tt] ?| )"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::00(?:[.,]0+)?)?"
    r" ?(?:(?P<utc>[Zz])|(?P<sign>[-+−])(?P<offset_hours>\d\d)(?::?(?P<offset_minutes>\d\d))?)?",
    re.ASCII,
)


def local_to_utc(day: date, minutes_of_day: int, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a wall-clock time (1440 is the next midnight), the first of two; None in a gap."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes_of_day)
    instant = wall.replace(tzinfo=zone, fold=_FIRST_OF_TWO).astimezone(UTC)
    # Only a time that exists is the same after the conversion to an instant and back.
    exists = instant.astimezone(zone).replace(tzinfo=None) == wall
    return instant if exists else None


def find_first_instant(day: date, minutes_of_day: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time, or the end of the gap that it falls into."""
    minutes = minutes_of_day
    while (instant := local_to_utc(day, minutes, zone)) is None:
        minutes += 1
    return instant


def parse_start(text: str, zone: ZoneInfo) -> datetime | Refusal:
    """Parse an ISO 8601 date and time; without an offset it is a wall-clock time of the zone.

    A space may replace the `T`, other spaces are tolerated, and seconds must be zero. It never raises.
    """
    match = _START.fullmatch(" ".join(text.split()))
    if match is None or int(match["year"]) not in YEARS:
        return _INVALID
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
        clock = time(int(match["hour"]), int(match["minute"]))
        offset = _parse_offset(match)
    except ValueError:
        return _INVALID
    if offset is not None:
        return datetime.combine(day, clock, tzinfo=offset).astimezone(UTC)
    return local_to_utc(day, clock.hour * 60 + clock.minute, zone) or _SKIPPED


def _parse_offset(match: re.Match[str]) -> timezone | None:
    if match["utc"]:
        return UTC
    if not match["sign"]:
        return None
    minutes = int(match["offset_minutes"] or 0)
    if minutes > 59:
        raise ValueError("an offset's minutes end at 59")
    distance = timedelta(hours=int(match["offset_hours"]), minutes=minutes)
    return timezone(distance if match["sign"] == "+" else -distance)
