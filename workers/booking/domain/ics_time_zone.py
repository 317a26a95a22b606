"""Describes a time zone as the VTIMEZONE of a calendar file, for readers that do not know its name.

`icalendar` can write one too, but at the start of summer time its onset is an hour late (in 7.3.2): RFC 5545, section
3.6.5, counts it on the clock before the change.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_MARGIN = timedelta(days=3)
"""A year on the wall begins and ends within this of one in UTC, and a visit ends within it of its start."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NO_TIME = timedelta(0)


@lru_cache(maxsize=64)
def write_time_zone(zone: ZoneInfo, year: int) -> str:
    """Return the component as text, with lines ending in CRLF."""
    text: bytes = build_time_zone(zone, year).to_ical()
    return text.decode()


def build_time_zone(zone: ZoneInfo, year: int) -> Timezone:
    """Return the component: the offsets that the zone has for visits that begin in a year."""
    begins, ends = (datetime(each, 1, 1, tzinfo=UTC) for each in (year, year + 1))
    component = Timezone()
    component.add("tzid", zone.key)
    first = begins - _MARGIN
    component.add_component(_build_observance(first, _get_offset(first, zone), zone))
    for change in _list_changes(first, ends + _MARGIN, zone):
        component.add_component(_build_observance(change, _get_offset(change - _SECOND, zone), zone))
    return component


def _build_observance(onset: datetime, offset_before: timedelta, zone: ZoneInfo) -> TimezoneStandard | TimezoneDaylight:
    local = onset.astimezone(zone)
    observance = TimezoneDaylight() if (local.dst() or _NO_TIME) > _NO_TIME else TimezoneStandard()
    observance.add("dtstart", (onset + offset_before).replace(tzinfo=None))
    observance.add("tzoffsetfrom", offset_before)
    observance.add("tzoffsetto", local.utcoffset())
    observance.add("tzname", local.tzname())
    return observance


def _list_changes(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants at which the offset changes, at most once a day."""
    for day in range((last - first) // _DAY):
        before, after = first + day * _DAY, first + (day + 1) * _DAY
        offset = _get_offset(before, zone)
        if _get_offset(after, zone) == offset:
            continue
        while after - before > _SECOND:
            middle = before + (after - before) // (2 * _SECOND) * _SECOND
            before, after = (middle, after) if _get_offset(middle, zone) == offset else (before, middle)
        yield after


def _get_offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    if offset is None:
        raise ValueError("a time zone has an offset at each instant")
    return offset
