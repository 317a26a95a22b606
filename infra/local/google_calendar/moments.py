"""Parses and formats Google's times: RFC 3339 instants, all-day dates, time zones."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from infra.local.google_calendar.errors import (
    ApiError,
    Json,
    build_empty_time_range_error,
    build_invalid_error,
    build_missing_value_error,
)

DATE_TIME = re.compile(
    r"(?P<local>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.\d+)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?",
)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Span:
    """The instants between which an event lasts; the end is exclusive."""

    start: datetime
    end: datetime

    def overlaps(self, start: datetime | None, end: datetime | None) -> bool:
        """Return whether it overlaps the time between two bounds; None is no bound."""
        return (start is None or self.end > start) and (end is None or self.start < end)


def find_zone(name: object, refusal: ApiError) -> ZoneInfo:
    """Return an IANA zone, or raise the refusal."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as unknown:
        raise refusal from unknown


def parse_instant(text: object, refusal: ApiError, *, without_offset: tzinfo | None = None) -> datetime:
    """Parse an RFC 3339 instant; fractions of a second are dropped, as Google does.

    A text without an offset is read in the zone `without_offset`; without such a zone it is refused.
    """
    found = DATE_TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise refusal
    try:
        moment = datetime.fromisoformat(found["local"].upper() + (found["offset"] or "").upper())
    except ValueError as impossible:
        raise refusal from impossible
    if moment.tzinfo is None:
        if without_offset is None:
            raise refusal
        moment = moment.replace(tzinfo=without_offset)
    return moment.astimezone(UTC)


def parse_span(fields: Json, calendar_zone: ZoneInfo) -> Span:
    """Parse the `start` and `end` of an event; raise Google's error where one is invalid."""
    start, end = (parse_boundary(fields.get(name), name, calendar_zone) for name in ("start", "end"))
    if ("date" in fields["start"]) != ("date" in fields["end"]):
        raise build_invalid_error("Start and end times must either both be date or both be dateTime.")
    if end <= start:
        raise build_empty_time_range_error()
    return Span(start, end)


def format_instant(moment: datetime, where: tzinfo) -> str:
    """Format an instant in a zone; UTC is written with a Z."""
    text = moment.astimezone(where).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def format_timestamp(moment: datetime) -> str:
    """Format an instant as in Google's `created` and `updated`: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_boundary(boundary: object, name: str, calendar_zone: ZoneInfo) -> datetime:
    """Parse a `start` or `end`; raise Google's error where it is invalid."""
    if not isinstance(boundary, dict) or not ("date" in boundary or "dateTime" in boundary):
        raise build_missing_value_error(f"Missing {name} time.")
    wrong = build_invalid_error(f"Invalid {name} time.")
    if "date" in boundary and "dateTime" in boundary:
        raise wrong
    own_zone = None
    if boundary.get("timeZone") is not None:
        own_zone = find_zone(
            boundary["timeZone"], build_invalid_error(f"Invalid time zone definition for {name} time.")
        )
    if "date" in boundary:
        return datetime.combine(_parse_day(boundary["date"], wrong), time(), calendar_zone).astimezone(UTC)
    found = DATE_TIME.fullmatch(str(boundary["dateTime"]))
    if found is not None and found["offset"] is None and own_zone is None:
        raise build_missing_value_error(f"Missing time zone definition for {name} time.")
    return parse_instant(boundary["dateTime"], wrong, without_offset=own_zone)


def _parse_day(text: object, refusal: ApiError) -> date:
    if not isinstance(text, str) or DATE.fullmatch(text) is None:
        raise refusal
    try:
        return date.fromisoformat(text)
    except ValueError as impossible:
        raise refusal from impossible
