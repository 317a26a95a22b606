"""The busy times of calendars: the answer to `freebusy.query`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from infra.local.google_calendar.errors import (
    ApiError,
    Json,
    build_bad_request_error,
    build_empty_time_range_error,
    build_invalid_error,
    build_missing_value_error,
    build_time_range_error,
)
from infra.local.google_calendar.events import NO_ROLE, Event
from infra.local.google_calendar.instances import list_single_events
from infra.local.google_calendar.moments import Span, find_zone, format_instant, format_timestamp, parse_instant
from infra.local.google_calendar.store import CalendarStore

MAX_RANGE = timedelta(days=90)
"""Google documents no limit, but refuses requests for more than about three months."""

MAX_CALENDARS = 50


def merge_busy_spans(events: Iterable[Event], window: Span) -> list[Span]:
    """Return the busy times inside the window, in order; those that overlap or touch become one."""
    clipped = sorted(
        (max(event.span.start, window.start), min(event.span.end, window.end))
        for event in events
        if event.blocks_time and event.span.overlaps(window.start, window.end)
    )
    joined: list[Span] = []
    for start, end in clipped:
        if joined and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
    return joined


def query_busy_times(store: CalendarStore, body: Json) -> Json:
    """Answer a request for busy times; an unknown calendar is an error in its own entry only."""
    window = Span(_parse_bound(body, "timeMin"), _parse_bound(body, "timeMax"))
    if window.end <= window.start:
        raise build_empty_time_range_error()
    if window.end - window.start > MAX_RANGE:
        raise build_time_range_error("timeRangeTooLong", "The requested time range is too long.")
    where: tzinfo = UTC
    if body.get("timeZone") is not None:
        where = find_zone(body["timeZone"], build_invalid_error("Invalid time zone."))
    calendar_ids = _parse_calendar_ids(body)
    limit = body.get("calendarExpansionMax") or MAX_CALENDARS
    if not isinstance(limit, int) or not 0 < limit <= MAX_CALENDARS:
        raise build_invalid_error(f"calendarExpansionMax is a number from 1 to {MAX_CALENDARS}.")
    answers = {
        calendar_id: _build_error_entry("tooManyCalendarsRequested")
        if number >= limit
        else _build_calendar_entry(store, calendar_id, window, where)
        for number, calendar_id in enumerate(calendar_ids)
    }
    return {
        "kind": "calendar#freeBusy",
        "timeMin": format_timestamp(window.start),
        "timeMax": format_timestamp(window.end),
        "calendars": answers,
    }


def _parse_bound(body: Json, name: str) -> datetime:
    if body.get(name) is None:
        raise build_missing_value_error(f"Missing {name} parameter.")
    return parse_instant(body[name], build_bad_request_error())


def _parse_calendar_ids(body: Json) -> list[str]:
    items = body.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise build_missing_value_error("Required")
    return list(dict.fromkeys(str(item["id"]) for item in items))


def _build_calendar_entry(store: CalendarStore, calendar_id: str, window: Span, where: tzinfo) -> Json:
    try:
        calendar = store.get_calendar(calendar_id)
    except ApiError as missing:
        return _build_error_entry(missing.reason)
    if calendar.access_role == NO_ROLE:
        return _build_error_entry("notFound")
    spans = merge_busy_spans(list_single_events(calendar, window.start, window.end), window)
    return {
        "busy": [{"start": format_instant(span.start, where), "end": format_instant(span.end, where)} for span in spans]
    }


def _build_error_entry(reason: str) -> Json:
    domain = "global" if reason == "notFound" else "calendar"
    return {"errors": [{"domain": domain, "reason": reason}], "busy": []}
