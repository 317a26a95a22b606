"""The busy times of calendars: the answer to `freebusy.query`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from infra.local.google_calendar.errors import (
    ApiError,
    Json,
    bad_request,
    invalid,
    missing_required,
    time_range,
    time_range_empty,
)
from infra.local.google_calendar.moments import Span, find_zone, format_instant, format_timestamp, parse_instant
from infra.local.google_calendar.store import CalendarStore, Event

MAX_RANGE = timedelta(days=90)
"""Google documents no limit, but refuses requests for more than about three months."""

MAX_CALENDARS = 50


def busy_spans(events: Iterable[Event], window: Span) -> list[Span]:
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
    window = Span(_read_bound(body, "timeMin"), _read_bound(body, "timeMax"))
    if window.end <= window.start:
        raise time_range_empty()
    if window.end - window.start > MAX_RANGE:
        raise time_range("timeRangeTooLong", "The requested time range is too long.")
    where: tzinfo = UTC
    if body.get("timeZone") is not None:
        where = find_zone(body["timeZone"], invalid("Invalid time zone."))
    calendar_ids = _requested_calendars(body)
    limit = body.get("calendarExpansionMax") or MAX_CALENDARS
    if not isinstance(limit, int) or not 0 < limit <= MAX_CALENDARS:
        raise invalid(f"calendarExpansionMax is a number from 1 to {MAX_CALENDARS}.")
    answers = {
        calendar_id: _error_entry("tooManyCalendarsRequested")
        if number >= limit
        else _calendar_entry(store, calendar_id, window, where)
        for number, calendar_id in enumerate(calendar_ids)
    }
    return {
        "kind": "calendar#freeBusy",
        "timeMin": format_timestamp(window.start),
        "timeMax": format_timestamp(window.end),
        "calendars": answers,
    }


def _read_bound(body: Json, name: str) -> datetime:
    if body.get(name) is None:
        raise missing_required(f"Missing {name} parameter.")
    return parse_instant(body[name], bad_request())


def _requested_calendars(body: Json) -> list[str]:
    items = body.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise missing_required("Required")
    return list(dict.fromkeys(str(item["id"]) for item in items))


def _calendar_entry(store: CalendarStore, calendar_id: str, window: Span, where: tzinfo) -> Json:
    try:
        calendar = store.calendar(calendar_id)
    except ApiError as missing:
        return _error_entry(missing.reason)
    spans = busy_spans(calendar.events.values(), window)
    return {
        "busy": [{"start": format_instant(span.start, where), "end": format_instant(span.end, where)} for span in spans]
    }


def _error_entry(reason: str) -> Json:
    domain = "global" if reason == "notFound" else "calendar"
    return {"errors": [{"domain": domain, "reason": reason}], "busy": []}
