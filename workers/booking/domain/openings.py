"""Turns the opening hours of a date into instants, once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.tenants.profile import TenantProfile
from workers.booking.domain.local_time import first_instant_from
from workers.booking.domain.values import Interval

_DAY = timedelta(days=1)


def openings(profile: TenantProfile, day: date) -> list[Interval]:
    """Return the stretches in which the business is open on a local date, in order, exceptions applied.

    An opening or closing time that the clocks skip moves to the end of the gap; one that they show twice is
    the first. In between, time runs on: a night in which the clocks change is an hour shorter or longer.
    """
    periods = profile.hours_on(day)
    if not periods:
        return []
    zone = profile.zone
    midnight = _midnight_of_even_day(day, zone)
    if midnight is not None:
        return [
            Interval(midnight + timedelta(minutes=period.opens), midnight + timedelta(minutes=period.closes))
            for period in periods
        ]
    stretches = (
        (first_instant_from(day, period.opens, zone), first_instant_from(day, period.closes, zone))
        for period in periods
    )
    return [Interval(opens, closes) for opens, closes in stretches if opens < closes]


def _midnight_of_even_day(day: date, zone: ZoneInfo) -> datetime | None:
    """Return the midnight that a day of 24 hours begins with; None on a day whose clocks change.

    It saves four conversions for every period, which were half the time of a search.
    """
    offset = datetime.combine(day, time(), tzinfo=zone).utcoffset()
    if offset is None or offset != datetime.combine(day + _DAY, time(), tzinfo=zone).utcoffset():
        return None
    return datetime.combine(day, time(), tzinfo=UTC) - offset
