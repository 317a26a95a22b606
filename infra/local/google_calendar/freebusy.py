"""When calendars are busy: the answer to `freebusy.query`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from infra.local.google_calendar.errors import (
    ApiError,
    Json,
    bad_request,
    invalid,
    required,
    time_range,
    time_range_empty,
)
from infra.local.google_calendar.moments import Span, instant, shown, stamped, zone
from infra.local.google_calendar.store import CalendarStore, Event

LONGEST_RANGE = timedelta(days=90)
"""Google names no figure; clients that ask for more than about three months are refused."""

MOST_CALENDARS = 50


def busy(events: Iterable[Event], window: Span) -> list[Span]:
    """Give the busy times inside the window, in order; those that overlap or touch become one."""
    taken = sorted(
        (max(event.span.start, window.start), min(event.span.end, window.end))
        for event in events
        if event.blocks_time and event.span.overlaps(window.start, window.end)
    )
    joined: list[Span] = []
    for start, end in taken:
        if joined and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
    return joined


def query(store: CalendarStore, body: Json) -> Json:
    """Answer a request for busy times; a calendar that is not there is an error of its own entry only."""
    window = Span(_bound(body, "timeMin"), _bound(body, "timeMax"))
    if window.end <= window.start:
        raise time_range_empty()
    if window.end - window.start > LONGEST_RANGE:
        raise time_range("timeRangeTooLong", "The requested time range is too long.")
    where: tzinfo = UTC
    if body.get("timeZone") is not None:
        where = zone(body["timeZone"], invalid("Invalid time zone."))
    asked = _asked_calendars(body)
    allowed = body.get("calendarExpansionMax") or MOST_CALENDARS
    if not isinstance(allowed, int) or not 0 < allowed <= MOST_CALENDARS:
        raise invalid(f"calendarExpansionMax is a number from 1 to {MOST_CALENDARS}.")
    answers = {
        calendar_id: _failed("tooManyCalendarsRequested")
        if number >= allowed
        else _one(store, calendar_id, window, where)
        for number, calendar_id in enumerate(asked)
    }
    return {
        "kind": "calendar#freeBusy",
        "timeMin": stamped(window.start),
        "timeMax": stamped(window.end),
        "calendars": answers,
    }


def _bound(body: Json, name: str) -> datetime:
    if body.get(name) is None:
        raise required(f"Missing {name} parameter.")
    return instant(body[name], bad_request())


def _asked_calendars(body: Json) -> list[str]:
    items = body.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise required("Required")
    return list(dict.fromkeys(str(item["id"]) for item in items))


def _one(store: CalendarStore, calendar_id: str, window: Span, where: tzinfo) -> Json:
    try:
        calendar = store.calendar(calendar_id)
    except ApiError as missing:
        return _failed(missing.reason)
    spans = busy(calendar.events.values(), window)
    return {"busy": [{"start": shown(span.start, where), "end": shown(span.end, where)} for span in spans]}


def _failed(reason: str) -> Json:
    domain = "global" if reason == "notFound" else "calendar"
    return {"errors": [{"domain": domain, "reason": reason}], "busy": []}
