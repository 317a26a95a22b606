"""The resources in Google's JSON: events, lists of events, calendars."""

import base64
import hashlib
from datetime import datetime, tzinfo

from infra.local.google_calendar.errors import Json
from infra.local.google_calendar.listing import Page
from infra.local.google_calendar.moments import format_instant, format_timestamp
from infra.local.google_calendar.store import Calendar, Event

DEFAULTS = {"transparency": "opaque", "visibility": "default", "guestsCanInviteOthers": True}
"""Default values, which Google leaves out of its answers."""


def event_to_json(event: Event, calendar: Calendar, where: tzinfo | None = None) -> Json:
    """Return one event as JSON; times are in the zone `where`, by default in the calendar's zone."""
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
        "iCalUID": f"{event.id}@google.com",
        "sequence": event.sequence,
        "eventType": "default",
        "reminders": {"useDefault": True},
        **fields,
    }


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
    """Return the list of all calendars as JSON, as if each owner had shared theirs."""
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
        _deleted_event_to_json(event) if bare and event.is_deleted else event_to_json(event, calendar, where)
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


def _deleted_event_to_json(event: Event) -> Json:
    return {"kind": "calendar#event", "etag": event.etag, "id": event.id, "status": "cancelled"}


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
