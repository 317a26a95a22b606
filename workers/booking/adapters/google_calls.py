"""What is asked of Google's Calendar API, call by call; everything here blocks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.errors import TransientError
from workers.booking.adapters.google_busy import BUSY_FIELDS, parse_busy_times
from workers.booking.adapters.google_errors import vendor_status
from workers.booking.adapters.google_event import (
    COMPARED_FIELDS,
    READ_FIELDS,
    event_body,
    in_rfc3339,
    is_deleted,
    matches_event,
    parse_event,
    patch_body,
    version_of,
)
from workers.booking.domain.event_id import appointment_id_of_event
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, CalendarChanges, CalendarEvent

log = structlog.get_logger()

_DUPLICATE = 409
_ETAG_IS_OLD = 412
_GONE = (404, 410)
_TOKEN_IS_UNUSABLE = (400, 410)
"""Too old, or not one of Google's: either way everything is read anew."""

_MAX_ATTEMPTS = 4
"""How often an event is read anew when somebody else changes it at the same moment."""

_WRITERS = frozenset({"writerWithoutPrivateAccess", "writer", "owner"})

_PAGE = 2500
"""The most that Google gives at a time: https://developers.google.com/workspace/calendar/api/v3/reference/events/list"""

_MAX_PAGES = 200
_PAST = timedelta(days=1)
"""How far back the first reading of a calendar looks: visits that have begun are left as they are."""


def busy_times(service: Any, calendar_id: str, between: Interval) -> list[BusyTime]:
    """Return when the calendar says busy, recurring events taken apart."""
    first = service.events().list(
        calendarId=calendar_id,
        singleEvents=True,
        timeMin=in_rfc3339(between.start),
        timeMax=in_rfc3339(between.end),
        maxResults=_PAGE,
        fields=BUSY_FIELDS,
    )
    found = [busy for page in _pages(service, first) for busy in parse_busy_times(page)]
    return [busy for busy in found if busy.interval.overlaps(between)]


def is_writable(service: Any, calendar_id: str) -> bool:
    """Whether the calendar is shared with us to be changed."""
    request = service.events().list(calendarId=calendar_id, maxResults=1, fields="accessRole")
    return _require_object(request.execute(), "list").get("accessRole") in _WRITERS


def put_event(service: Any, calendar_id: str, event: CalendarEvent, *, invites: bool) -> None:
    """Insert the event; where its id is taken, make that one say the same, unless it is of a later version.

    Its id is taken when an earlier try got through, and also when the event was moved or deleted since.
    """
    body = event_body(event, invites=invites)
    try:
        service.events().insert(calendarId=calendar_id, body=body, sendUpdates="none", fields="id").execute()
    except Exception as error:
        if vendor_status(error) != _DUPLICATE:
            raise
    else:
        return
    for _ in range(_MAX_ATTEMPTS):
        there = _read(service, calendar_id, event.event_id, COMPARED_FIELDS)
        if there is None:
            raise TransientError("calendar.put: the id is taken by an event that is not there")
        if version_of(there) > event.version or matches_event(there, event):
            return
        if is_deleted(there) and version_of(there) == event.version:
            # An earlier try got through, and somebody has deleted it since: that is theirs to decide.
            return
        request = service.events().patch(
            calendarId=calendar_id, eventId=event.event_id, body=patch_body(event), sendUpdates="none", fields="id"
        )
        if _execute_if_unchanged(request, there):
            return
    raise TransientError("calendar.put: others change the event at the same moment")


def remove_event(service: Any, calendar_id: str, event_id: str) -> None:
    """Delete the event as it was just read; one that is gone is no error."""
    for _ in range(_MAX_ATTEMPTS):
        there = _read(service, calendar_id, event_id, f"etag,{READ_FIELDS}")
        if there is None or is_deleted(there):
            return
        request = service.events().delete(calendarId=calendar_id, eventId=event_id, sendUpdates="none")
        try:
            if _execute_if_unchanged(request, there):
                return
        except Exception as error:
            if vendor_status(error) not in _GONE:
                raise
            return
    raise TransientError("calendar.remove: others change the event at the same moment")


def find_event(service: Any, calendar_id: str, event_id: str) -> StoredEvent | None:
    """Return an event as it is now, a deleted one too; None when the calendar never had it."""
    there = _read(service, calendar_id, event_id, READ_FIELDS)
    return None if there is None else parse_event(there)


def changes(service: Any, calendar_id: str, since: str | None, *, now: datetime) -> CalendarChanges:
    """Return whose events changed since the token; without a good one, those of all visits that are to come."""
    if since is not None:
        try:
            return _list_changes(service, calendar_id, syncToken=since)
        except Exception as error:
            if vendor_status(error) not in _TOKEN_IS_UNUSABLE:
                raise
            log.info("calendar_sync_starts_anew")
    return _list_changes(service, calendar_id, timeMin=in_rfc3339(now - _PAST))


def _list_changes(service: Any, calendar_id: str, **since: str) -> CalendarChanges:
    # What was deleted is asked for in words: without a token Google would leave it out.
    first = service.events().list(
        calendarId=calendar_id,
        showDeleted=True,
        maxResults=_PAGE,
        fields="nextPageToken,nextSyncToken,items(id)",
        **since,
    )
    ids: list[str] = []
    token = None
    for page in _pages(service, first):
        ids += [str(item.get("id", "")) for item in page.get("items", ()) if isinstance(item, dict)]
        token = page.get("nextSyncToken")
    if not isinstance(token, str) or not token:
        raise TransientError("calendar.changes: the list ends without a token")
    ours = (appointment_id_of_event(event_id) for event_id in ids)
    return CalendarChanges(tuple(dict.fromkeys(filter(None, ours))), token)


def _pages(service: Any, first: Any) -> Iterator[dict[str, Any]]:
    request = first
    for _ in range(_MAX_PAGES):
        page = _require_object(request.execute(), "list")
        yield page
        request = service.events().list_next(request, page)
        if request is None:
            return
    raise TransientError("calendar.list: the list does not end")


def _read(service: Any, calendar_id: str, event_id: str, fields: str) -> dict[str, Any] | None:
    try:
        answer = service.events().get(calendarId=calendar_id, eventId=event_id, fields=fields).execute()
    except Exception as error:
        if vendor_status(error) not in _GONE:
            raise
        return None
    return _require_object(answer, "get")


def _execute_if_unchanged(request: Any, there: dict[str, Any]) -> bool:
    """Write, if the event is still what was read; False if it is not."""
    etag = there.get("etag")
    if not isinstance(etag, str):
        raise TransientError("calendar.get: the event has no etag")
    request.headers["If-Match"] = etag
    try:
        request.execute()
    except Exception as error:
        if vendor_status(error) != _ETAG_IS_OLD:
            raise
        return False
    return True


def _require_object(answer: Any, operation: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise TransientError(f"calendar.{operation}: the answer is no object")
    return answer
