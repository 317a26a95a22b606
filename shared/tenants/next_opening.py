"""Finds when a closed business opens next."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.tenants.profile import TenantProfile

SEARCHED_DAYS = 366
"""A business that does not open within a year is taken for one that never opens."""


def find_next_opening(profile: TenantProfile, at: datetime) -> datetime | None:
    """Return when the business opens, in its own zone: `at` itself if it is open, None if it does not within a year.

    An opening time that does not exist, because clocks are set forward, begins when they are.
    """
    at = at.astimezone(UTC)  # Python compares instants of two zones wrongly where clocks are set back (PEP 495).
    local = at.astimezone(profile.zone)
    if profile.is_open(at):
        return local
    # From yesterday on: its hours may last until today.
    for offset in range(-1, SEARCHED_DAYS + 1):
        day = local.date() + timedelta(days=offset)
        opens = [instant for instant in _list_openings(profile, day) if instant > at and profile.is_open(instant)]
        if opens:
            return min(opens).astimezone(profile.zone)
    return None


def _list_openings(profile: TenantProfile, day: date) -> Iterator[datetime]:
    """Yield the instants at which one of the day's periods may begin."""
    for period in profile.list_open_periods(day):
        opens, closes = (
            datetime.combine(day, time()) + timedelta(minutes=minutes) for minutes in (period.opens, period.closes)
        )
        yield from _list_instants(opens, profile.zone)
        # Where clocks are set back to a time before the end, the last minutes of the period come once more.
        yield from _list_clock_changes(closes, profile.zone)


def _list_instants(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when clocks show a time: once, twice when they are set back, or when they skip it."""
    first, second = _resolve(wall, zone)
    if first <= second:
        yield from {first, second}
    else:
        yield from _list_clock_changes(wall, zone)


def _list_clock_changes(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instant at which clocks skip a time or are set back to before it, if they are."""
    start, end = sorted(_resolve(wall, zone))
    if start == end:
        return
    offset = end.astimezone(zone).utcoffset()
    while start.astimezone(zone).utcoffset() != offset:
        start += timedelta(minutes=1)
    yield start


def _resolve(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both readings of a time; of one that clocks skip, the later comes first."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second
