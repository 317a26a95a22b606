"""Measures how long a business and its resources are open at once, to find services that can never be offered.

Closed ranges and public holidays are left out: they only make the times shorter that a warning is about.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from shared.tenants.opening_hours import WEEKDAYS, DayException, OpeningHours, OpenPeriod
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Resource

Span = tuple[int, int]
"""Minutes from any midnight."""

_DAY_MINUTES = 24 * 60


def find_absent_resources(profile: TenantProfile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield, with what is wrong, the hours of resources that take no visits, and services that no resource takes.

    A resource takes visits while it is there and the business is open.
    """
    max_minutes = compute_max_open_minutes(profile)
    shared = {one.id: _compute_max_shared_minutes(profile, one) for one in profile.resources if one.opening_hours}
    for number, resource in enumerate(profile.resources):
        minutes = shared.get(resource.id, max_minutes)
        lengths = [
            service.duration_minutes
            for service in profile.services
            if service.duration_minutes <= max_minutes and resource.id in (service.resources or [resource.id])
        ]
        if minutes < min(lengths, default=min(1, max_minutes)):
            advice = f"the business is open for at most {minutes} minutes of them, so this resource takes no visits: "
            yield ("resources", number, "opening_hours"), advice + "let them overlap the opening_hours of the business"
    for number, service in enumerate(profile.services):
        resource_ids = service.resources or [resource.id for resource in profile.resources]
        max_present = max((shared.get(resource_id, max_minutes) for resource_id in resource_ids), default=max_minutes)
        if max_present < service.duration_minutes <= max_minutes:
            advice = (
                f"no resource takes visits for {service.duration_minutes} minutes, so this service is never offered: "
            )
            yield ("services", number, "duration_minutes"), advice + "shorten it, or extend the hours of a resource"


def compute_max_open_minutes(profile: TenantProfile) -> int:
    """Return the minutes of the longest time without a break; at most a week. Adjoining periods count as one."""
    days = [span for weekday in range(7) for span in _list_minutes(profile.opening_hours.list_periods(weekday))]
    # Before and after a date with hours of its own is a day of the week, whichever.
    around = [*_move(days, -_DAY_MINUTES), *_move(days, _DAY_MINUTES)]
    exceptions = [[*around, *_list_minutes(one.hours)] for one in profile.exceptions]
    return max(map(_measure_max_run, [_list_week(profile.opening_hours), *exceptions]))


def compute_max_period_minutes(profile: TenantProfile) -> int:
    """Return the minutes of the longest period."""
    days = [getattr(profile.opening_hours, weekday) for weekday in WEEKDAYS]
    days += [exception.hours for exception in profile.exceptions]
    return max((closes - opens for periods in days for opens, closes in _list_minutes(periods)), default=0)


def _compute_max_shared_minutes(profile: TenantProfile, resource: Resource) -> int:
    """Return the minutes of the longest time in which the business is open and the resource is there."""
    hours = resource.opening_hours or profile.opening_hours
    shared = [_intersect(_list_week(profile.opening_hours), _list_week(hours))]
    for day in {one.date for one in (*profile.exceptions, *resource.exceptions)}:
        business = _list_three_days(day, profile.opening_hours, profile.exceptions)
        shared.append(_intersect(business, _list_three_days(day, hours, resource.exceptions)))
    return max(map(_measure_max_run, shared))


def _list_week(opening_hours: OpeningHours) -> list[Span]:
    """Return two weeks, so that a time over Sunday's midnight is whole."""
    return [
        span
        for number in range(14)
        for span in _move(_list_minutes(opening_hours.list_periods(number % 7)), number * _DAY_MINUTES)
    ]


def _list_three_days(day: date, opening_hours: OpeningHours, exceptions: Sequence[DayException]) -> list[Span]:
    """Return the hours of a date with those of the day before and the day after."""
    by_ordinal = {one.date.toordinal(): one.hours for one in exceptions}
    spans: list[Span] = []
    for offset in (-1, 0, 1):
        ordinal = day.toordinal() + offset
        # The ordinal 1 is a Monday.
        periods = by_ordinal.get(ordinal, opening_hours.list_periods((ordinal - 1) % 7))
        spans += _move(_list_minutes(periods), offset * _DAY_MINUTES)
    return spans


def _list_minutes(periods: Sequence[OpenPeriod]) -> list[Span]:
    return [(period.opens, period.closes) for period in periods]


def _move(spans: Sequence[Span], minutes: int) -> list[Span]:
    return [(begin + minutes, end + minutes) for begin, end in spans]


def _intersect(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    return [
        (max(begin, other_begin), min(end, other_end))
        for begin, end in spans
        for other_begin, other_end in others
        if begin < other_end and other_begin < end
    ]


def _measure_max_run(spans: Sequence[Span]) -> int:
    max_length, begin, end = 0, -_DAY_MINUTES, -_DAY_MINUTES
    for opens, closes in sorted(spans):
        if opens > end:
            begin, end = opens, closes
        end = max(end, closes)
        max_length = max(max_length, end - begin)
    return max_length
