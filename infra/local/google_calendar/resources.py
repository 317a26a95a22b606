"""The resources in Google's JSON: events, lists of events, calendars."""

import base64
import hashlib
from datetime import datetime, tzinfo

from infra.local.google_calendar.errors import Json
from infra.local.google_calendar.events import Calendar, Event
from infra.local.google_calendar.listing import Page
from infra.local.google_calendar.moments import format_instant, format_timestamp, parse_boundary

DEFAULTS = {"transparency": "opaque", "visibility": "default", "guestsCanInviteOthers": True}
"""Default values, which Google leaves out of its answers."""

TIME_FIELDS = frozenset(
    {
        *("kind", "etag", "id", "status", "created", "updated", "start", "end", "iCalUID", "sequence", "eventType"),
        *("transparency", "recurrence", "recurringEventId", "originalStartTime"),
    }
)
"""What is shown of an event whose details are hidden."""


def event_to_json(event: Event, calendar: Calendar, where: tzinfo | None = None) -> Json:
    """Return one event as JSON; times are in the zone `where`, by default in the calendar's zone.

    Of a cancelled instance, Google guarantees little more than its place in the series.
    https://developers.google.com/workspace/calendar/api/v3/reference/events
    """
    if event.series is not None and event.is_deleted:
        return _deleted_event_to_json(event, calendar, where)
    fields = {
        name: value
        for name, value in event.fields.items()
        if name not in {"start", "end", "status"} and DEFAULTS.get(name) != value
    }
    if "attendees" in fields:
        fields["attendees"] = [_mark_own_attendee(guest, calendar) for guest in fields["attendees"]]
    link = base64.urlsafe_b64encode(f"{event.id} {calendar.id}".encode()).decode().rstrip("=")
    return {
        "kind": "calendar#event",
        "etag": event.etag,
        "id": event.id,
        "status": event.status,
        "htmlLink": f"https://www.google.com/calendar/event?eid={link}",
        "created": format_timestamp(event.created),
        "updated": format_timestamp(event.updated),
        "creator": {"email": event.creator} | ({"self": True} if event.creator == calendar.id else {}),
        "organizer": {"email": calendar.id, "self": True},
        "start": _boundary_to_json(event.fields["start"], event.span.start, calendar, where),
        "end": _boundary_to_json(event.fields["end"], event.span.end, calendar, where),
        "iCalUID": f"{event.series or event.id}@google.com",
        **_origin_to_json(event, calendar, where),
        "sequence": event.sequence,
        "eventType": "default",
        "reminders": {"useDefault": True},
        **fields,
    }


def display_event(event: Event, calendar: Calendar, where: tzinfo | None = None) -> Json:
    """Return one event as JSON, as far as the account's role for the calendar allows.

    With free/busy access, and of private events with read access, only the time is shown.
    https://developers.google.com/workspace/calendar/api/concepts/sharing
    """
    fields = event_to_json(event, calendar, where)
    is_private = event.fields.get("visibility") in {"private", "confidential"}
    if calendar.access_role == "freeBusyReader" or (calendar.access_role == "reader" and is_private):
        return {name: value for name, value in fields.items() if name in TIME_FIELDS} | {"visibility": "private"}
    return fields


def calendar_to_json(calendar: Calendar) -> Json:
    """Return one calendar as JSON."""
    return {
        "kind": "calendar#calendar",
        "etag": _build_etag(calendar.id, calendar.time_zone.key),
        "id": calendar.id,
        "summary": calendar.id,
        "timeZone": calendar.time_zone.key,
    }


def calendars_to_json(calendars: list[Calendar]) -> Json:
    """Return the list of calendars as JSON."""
    entries = [
        calendar_to_json(calendar)
        | {"kind": "calendar#calendarListEntry", "accessRole": calendar.access_role, "selected": True}
        | {"defaultReminders": []}
        for calendar in calendars
    ]
    marks = _build_etag(*(calendar.id for calendar in calendars))
    return {
        "kind": "calendar#calendarList",
        "etag": marks,
        "nextSyncToken": marks.strip('"'),
        "items": entries,
    }


def events_to_json(page: Page, calendar: Calendar, where: tzinfo | None, *, show_deleted: bool) -> Json:
    """Return one page of events as JSON.

    Events that were deleted since the last sync have an id and a status only, unless deleted events are requested.
    """
    bare = page.is_incremental and not show_deleted
    items = [
        _deleted_event_to_json(event, calendar, where)
        if bare and event.is_deleted
        else display_event(event, calendar, where)
        for event in page.events
    ]
    answer: Json = {
        "kind": "calendar#events",
        "etag": _build_etag(calendar.id, str(calendar.change)),
        "summary": calendar.id,
        "updated": format_timestamp(calendar.updated),
        "timeZone": calendar.time_zone.key,
        "accessRole": calendar.access_role,
        "defaultReminders": [],
        "items": items,
    }
    if page.next_page_token is not None:
        answer["nextPageToken"] = page.next_page_token
    if page.next_sync_token is not None:
        answer["nextSyncToken"] = page.next_sync_token
    return answer


def _deleted_event_to_json(event: Event, calendar: Calendar, where: tzinfo | None) -> Json:
    origin = _origin_to_json(event, calendar, where)
    return {"kind": "calendar#event", "etag": event.etag, "id": event.id, "status": "cancelled", **origin}


def _origin_to_json(event: Event, calendar: Calendar, where: tzinfo | None) -> Json:
    """Return which instance of a series the event is."""
    if event.series is None or event.original is None:
        return {}
    moment = parse_boundary(event.original, "originalStartTime", calendar.time_zone)
    original = _boundary_to_json(event.original, moment, calendar, where)
    return {"recurringEventId": event.series, "originalStartTime": original}


def _mark_own_attendee(guest: Json, calendar: Calendar) -> Json:
    """Mark the attendee to whom this calendar belongs."""
    return guest | ({"self": True} if guest["email"] == calendar.id else {})


def _boundary_to_json(boundary: Json, moment: datetime, calendar: Calendar, where: tzinfo | None) -> Json:
    if "date" in boundary:
        return {"date": boundary["date"]}
    return {
        "dateTime": format_instant(moment, where or calendar.time_zone),
        "timeZone": boundary.get("timeZone") or calendar.time_zone.key,
    }


def _build_etag(*parts: str) -> str:
    return '"' + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16] + '"'
