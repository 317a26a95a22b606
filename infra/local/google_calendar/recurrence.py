"""The instances of a recurring event: when they start, and the ids that Google gives them.

https://developers.google.com/workspace/calendar/api/guides/recurringevents
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from infra.local.google_calendar.errors import Json, build_invalid_error, build_missing_value_error
from infra.local.google_calendar.moments import Span, format_instant

MAX_INSTANCES = 730
"""Of a series without end. Google has a limit as well, which it does not document."""

_LINE = re.compile(r"(?:RRULE|EXRULE|RDATE|EXDATE)[;:].+", re.IGNORECASE)
_INSTANCE_ID = re.compile(r"(?P<series>[a-v0-9]{5,1024})_(?P<start>\d{8}(?:T\d{6}Z)?)")


def parse_recurrence(fields: Json) -> None:
    """Refuse a `recurrence` that can't be expanded; a series of times needs the name of its zone."""
    lines = fields["recurrence"]
    if not all(isinstance(line, str) and _LINE.fullmatch(line) for line in lines):
        raise build_invalid_error("Invalid recurrence rule.")
    for name in ("start", "end"):
        boundary = fields.get(name)
        if isinstance(boundary, dict) and "dateTime" in boundary and not boundary.get("timeZone"):
            raise build_missing_value_error(f"Missing time zone definition for {name} time.")


def expand_spans(fields: Json, first: Span, calendar_zone: ZoneInfo) -> Iterator[Span]:
    """Yield the times of a series' instances in order, whose first one would be at `first`.

    Instances keep the local time of their zone, and all-day ones the number of days.
    """
    is_all_day = "date" in fields["start"]
    where = calendar_zone if is_all_day else ZoneInfo(fields["start"].get("timeZone") or calendar_zone.key)
    start, end = (moment.astimezone(where).replace(tzinfo=None) for moment in (first.start, first.end))
    rules = _build_rules(fields["recurrence"], first.start.astimezone(where), is_all_day)
    try:
        for begin in islice(rules, MAX_INSTANCES):
            if is_all_day:
                finish = begin + (end - start)
                yield Span(begin.replace(tzinfo=where).astimezone(UTC), finish.replace(tzinfo=where).astimezone(UTC))
            else:
                yield Span(begin.astimezone(UTC), begin.astimezone(UTC) + (first.end - first.start))
    except (ValueError, TypeError, OverflowError) as unclear:
        raise build_invalid_error("Invalid recurrence rule.") from unclear


def check_recurrence(fields: Json, first: Span, calendar_zone: ZoneInfo) -> None:
    """Refuse the rules of a series that can't be expanded; an event that does not recur is right."""
    if "recurrence" in fields:
        next(expand_spans(fields, first, calendar_zone), None)


def _build_rules(lines: list[str], start: datetime, is_all_day: bool) -> Any:  # noqa: FBT001  # one of two kinds
    dates = [re.sub(r";VALUE=DATE(?=[;:])", "", line, flags=re.IGNORECASE) for line in lines]
    begin = start.replace(tzinfo=None) if is_all_day else start
    try:
        return rrulestr("\n".join(dates), dtstart=begin, forceset=True, tzids=ZoneInfo)
    except (ValueError, TypeError, KeyError, OSError) as unclear:
        raise build_invalid_error("Invalid recurrence rule.") from unclear


def shift_boundary(boundary: Json, moment: datetime, calendar_zone: ZoneInfo) -> Json:
    """Return a `start` or `end` like this one at another instant."""
    if "date" in boundary:
        return {"date": moment.astimezone(calendar_zone).date().isoformat()}
    where = ZoneInfo(boundary.get("timeZone") or calendar_zone.key)
    return {"dateTime": format_instant(moment, where), "timeZone": where.key}


def build_instance_id(series_id: str, original: Json, moment: datetime) -> str:
    """Return the id of the instance with this original start: a date, or an instant in UTC."""
    if "date" in original:
        return f"{series_id}_{date.fromisoformat(original['date']):%Y%m%d}"
    return f"{series_id}_{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def parse_series_id(event_id: str) -> str | None:
    """Return the id of the series that an id of an instance names; None for any other id."""
    found = _INSTANCE_ID.fullmatch(event_id)
    return found["series"] if found else None
