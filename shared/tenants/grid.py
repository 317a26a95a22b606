"""The grid of a tenant's time: buckets as coarse as the profile allows, which appointments occupy."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import ceil, gcd
from zoneinfo import ZoneInfo

from shared.tenants.opening_hours import WEEKDAYS
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_types import MINUTES_STEP
from shared.tenants.services import Service

MAX_BUCKETS = 40
"""The maximum of buckets per visit: a reschedule writes the old, the new and a few more items in one transaction.

DynamoDB allows 100 items in a transaction
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html).
"""

_MINUTES_OF_DAY = 24 * 60
_OFFSETS_FROM, _OFFSETS_TO = date(2020, 1, 1), date(2045, 12, 31)
_OFFSETS_EVERY = timedelta(days=7)
"""Shorter than any period of an offset: the shortest, Morocco's in Ramadan, lasts a month."""


def compute_bucket_minutes(profile: TenantProfile) -> int:
    """Return the coarsest bucket, 5 minutes or more, on whose edges every blocked interval begins and ends.

    It divides every length, step, buffer, opening time and UTC offset of the profile, and the day, so that
    no bucket lies in two UTC dates.
    """
    lengths = [length for service in profile.services for length in _list_lengths(service)]
    weeks = [profile.opening_hours, *(resource.opening_hours for resource in profile.resources)]
    hours = [getattr(week, weekday) for week in weeks if week for weekday in WEEKDAYS]
    hours.extend(exception.hours for exception in profile.exceptions)
    hours.extend(exception.hours for resource in profile.resources for exception in resource.exceptions)
    opening_times = [period.opens for periods in hours for period in periods]
    common = gcd(_MINUTES_OF_DAY, *lengths, *opening_times, *_list_offset_minutes(profile.time_zone))
    return max(MINUTES_STEP, common)


def check_bucket_counts(profile: TenantProfile) -> None:
    """Raise ValueError, with a sentence for the owner, when a service needs too many buckets."""
    minutes = compute_bucket_minutes(profile)
    for service in profile.services:
        blocked = service.buffer_before_minutes + service.duration_minutes + service.buffer_after_minutes
        needed = ceil(blocked / minutes)
        if needed > MAX_BUCKETS:
            raise ValueError(
                f"service {service.id!r} blocks {blocked} minutes with its buffers, which is {needed} parts "
                f"of {minutes} minutes where {MAX_BUCKETS} are allowed: shorten it, or make every duration, "
                "step, buffer and opening time a multiple of more minutes"
            )


def _list_lengths(service: Service) -> tuple[int, ...]:
    return (
        service.duration_minutes,
        service.step,
        service.buffer_before_minutes,
        service.buffer_after_minutes,
    )


@lru_cache(maxsize=256)
def _list_offset_minutes(time_zone: str) -> frozenset[int]:
    """Return the zone's UTC offsets; cached, because a zone's rules do not change while a process runs."""
    zone = ZoneInfo(time_zone)
    samples = (_OFFSETS_TO - _OFFSETS_FROM) // _OFFSETS_EVERY
    start = datetime.combine(_OFFSETS_FROM, datetime.min.time(), tzinfo=UTC)
    offsets = ((start + _OFFSETS_EVERY * number).astimezone(zone).utcoffset() for number in range(samples + 1))
    return frozenset(int(offset.total_seconds()) // 60 for offset in offsets if offset)
