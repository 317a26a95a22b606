"""Converts the opening hours of a date to instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.tenants.profile import TenantProfile
from workers.booking.domain.local_time import find_first_instant
from workers.booking.domain.values import Interval

_DAY = timedelta(days=1)


def list_openings(profile: TenantProfile, day: date) -> list[Interval]:
    """Return the intervals in which the business is open on a local date, in order, with exceptions applied.

    An opening or closing time that the clocks skip moves to the end of the gap; of one that they show twice the first
    counts. Elapsed time counts in between: a period with a clock change is an hour shorter or longer.
    """
    periods = profile.list_open_periods(day)
    if not periods:
        return []
    zone = profile.zone
    midnight = _find_midnight_of_regular_day(day, zone)
    if midnight is not None:
        return [
            Interval(midnight + timedelta(minutes=period.opens), midnight + timedelta(minutes=period.closes))
            for period in periods
        ]
    intervals = (
        (find_first_instant(day, period.opens, zone), find_first_instant(day, period.closes, zone))
        for period in periods
    )
    return [Interval(opens, closes) for opens, closes in intervals if opens < closes]


def _find_midnight_of_regular_day(day: date, zone: ZoneInfo) -> datetime | None:
    """Return the midnight at which a day of 24 hours begins; None on a day with a clock change.

    It saves four conversions per period, which took half the time of a search.
    """
    offset = datetime.combine(day, time(), tzinfo=zone).utcoffset()
    if offset is None or offset != datetime.combine(day + _DAY, time(), tzinfo=zone).utcoffset():
        return None
    return datetime.combine(day, time(), tzinfo=UTC) - offset
