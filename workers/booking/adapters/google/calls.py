"""The calls of Google's Calendar API; all functions here block."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from shared.errors import TransientError
from workers.booking.adapters.google.busy import BUSY_FIELDS, parse_busy_times
from workers.booking.adapters.google.errors import find_vendor_status, is_access_refused
from workers.booking.adapters.google.event import (
    COMPARED_FIELDS,
    READ_FIELDS,
    build_cancellation_body,
    build_event_body,
    build_patch_body,
    format_rfc3339,
    is_deleted,
    matches_event,
    parse_event,
    parse_version,
)
from workers.booking.adapters.google.owner_fields import COPIED_FIELDS, copy_owner_fields, without_nulls
from workers.booking.adapters.google.series import (
    find_visit_instance,
    is_cut_off,
    is_series,
    parse_changed_appointment_id,
)
from workers.booking.domain.event_id import event_id_to_appointment_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, CalendarChanges, CalendarEvent

log = structlog.get_logger()

_DUPLICATE = 409
_ETAG_IS_OLD = 412
_GONE = (404, 410)
_TOKEN_IS_UNUSABLE = (400, 410)
"""Too old, or not one of Google's: in both cases all events are read again."""

_MAX_ATTEMPTS = 4
"""How often an event is read again after a concurrent change."""

_WRITERS = frozenset({"writerWithoutPrivateAccess", "writer", "owner"})

_A_DAY = timedelta(days=1)

_PAGE = 2500
"""Google's maximum per page: https://developers.google.com/workspace/calendar/api/v3/reference/events/list"""

_MAX_PAGES = 200
_PAST = timedelta(days=1)
"""How far back the first read of a calendar goes: visits that have begun are not changed."""


def list_busy_times(service: Any, calendar_id: str, between: Interval, zone: ZoneInfo | None = None) -> list[BusyTime]:
    """Return the busy times, with recurring events expanded."""
    # Google selects all-day events by the calendar's zone: with another one they are up to a day earlier or later.
    margin = _A_DAY if zone else timedelta()
    first = service.events().list(
        calendarId=calendar_id,
        singleEvents=True,
        timeMin=format_rfc3339(between.start - margin),
        timeMax=format_rfc3339(between.end + margin),
        maxResults=_PAGE,
        fields=BUSY_FIELDS,
    )
    times = [busy for page in _iterate_pages(service, first) for busy in parse_busy_times(page, zone)]
    return [busy for busy in times if busy.interval.overlaps(between)]


def is_writable(service: Any, calendar_id: str) -> bool:
    """Return whether we have write access to the calendar."""
    request = service.events().list(calendarId=calendar_id, maxResults=1, fields="accessRole")
    return _require_object(request.execute(), "list").get("accessRole") in _WRITERS


def put_event(
    service: Any, calendar_id: str, event: CalendarEvent, *, invites: bool, earlier: Sequence[str] = ()
) -> None:
    """Insert the event; if its id exists already, update that event unless it was written for a later version.

    What is created or restored gets what the owner wrote in an earlier calendar.
    """
    source = _find_earlier_event(service, event.event_id, earlier)
    if _insert_event(service, calendar_id, event, source, invites=invites):
        return
    for _ in range(_MAX_ATTEMPTS):
        if _update_event(service, calendar_id, event, source, invites=invites):
            return
    raise TransientError("calendar.put: too many concurrent changes of the event")


def _insert_event(service: Any, calendar_id: str, event: CalendarEvent, source: Any, *, invites: bool) -> bool:
    """Insert the event; return whether its id was new.

    The id exists after an earlier attempt succeeded, also if the event was moved, deleted or repeated since.
    """
    body = build_event_body(event, invites=invites)
    if source is not None:
        body = without_nulls(copy_owner_fields(body, event, source, invites=invites))
    try:
        service.events().insert(calendarId=calendar_id, body=body, sendUpdates="none", fields="id").execute()
    except Exception as error:
        if find_vendor_status(error) != _DUPLICATE:
            raise
        return False
    return True


def _update_event(service: Any, calendar_id: str, event: CalendarEvent, source: Any, *, invites: bool) -> bool:
    """Update the event, of a repeated one only the instance that is the visit; return False if it changed meanwhile."""
    series = _read_event(service, calendar_id, event.event_id, COMPARED_FIELDS)
    if series is None:
        raise TransientError("calendar.put: the id exists, but the event can't be read")
    stored = _select_visit(service, calendar_id, series, COMPARED_FIELDS)
    if is_cut_off(stored):
        # The owner has cancelled the visit so: the comparison that follows the change does the rest.
        log.info("calendar_visit_cut_off", appointment_id=event.appointment_id)
        return True
    if parse_version(stored) > event.version or matches_event(stored, event):
        return True
    if is_deleted(stored) and (parse_version(stored) or parse_version(series)) == event.version:
        # An earlier attempt succeeded, and the owner has deleted the event since: respect that.
        return True
    body = build_patch_body(event, stored)
    if source is not None and is_deleted(stored):
        body = copy_owner_fields(body, event, source, invites=invites)
    request = service.events().patch(
        calendarId=calendar_id, eventId=stored["id"], body=body, sendUpdates="none", fields="id"
    )
    return _execute_if_unchanged(request, stored)


def remove_event(service: Any, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
    """Delete the event, if it is still as it was read; a missing event is no error.

    Of an event that the owner has repeated, only the instance that is the visit is deleted. With a version, the
    deletion is a patch, so that the event gets the version in the same step.
    """
    fields = f"etag,{READ_FIELDS}"
    for _ in range(_MAX_ATTEMPTS):
        event = _read_event(service, calendar_id, event_id, fields)
        if event is None:
            # The answer is the same if the calendar is not shared with us any more: then the event is still there.
            is_writable(service, calendar_id)
            return
        stored = _select_visit(service, calendar_id, event, fields)
        if is_deleted(stored) or parse_version(stored) >= (cancelled_version or math.inf):
            return
        named = {"calendarId": calendar_id, "eventId": stored["id"], "sendUpdates": "none"}
        request = (
            service.events().delete(**named)
            if cancelled_version is None
            else service.events().patch(**named, body=build_cancellation_body(cancelled_version), fields="id")
        )
        try:
            if _execute_if_unchanged(request, stored):
                return
        except Exception as error:
            if find_vendor_status(error) not in _GONE:
                raise
            return
    raise TransientError("calendar.remove: too many concurrent changes of the event")


def find_event(service: Any, calendar_id: str, event_id: str) -> StoredEvent | None:
    """Return an event's current state, also of a deleted one; None if the calendar never had it."""
    stored = _read_event(service, calendar_id, event_id, READ_FIELDS)
    return None if stored is None else parse_event(_select_visit(service, calendar_id, stored, READ_FIELDS))


def list_changes(service: Any, calendar_id: str, since: str | None, *, now: datetime) -> CalendarChanges:
    """Return the appointments whose events changed since the token; without a usable token, all future ones."""
    if since is not None:
        try:
            return _list_changes(service, calendar_id, syncToken=since)
        except Exception as error:
            if find_vendor_status(error) not in _TOKEN_IS_UNUSABLE:
                raise
            log.info("calendar_sync_restarted")
    return _list_changes(service, calendar_id, timeMin=format_rfc3339(now - _PAST))


def _list_changes(service: Any, calendar_id: str, **since: str) -> CalendarChanges:
    # Deleted events are requested explicitly: without a token Google would leave them out.
    first = service.events().list(
        calendarId=calendar_id,
        showDeleted=True,
        maxResults=_PAGE,
        fields="nextPageToken,nextSyncToken,items(id,status)",
        **since,
    )
    ids: list[str] = []
    deleted: set[str] = set()
    token = None
    for page in _iterate_pages(service, first):
        items = [item for item in page.get("items", ()) if isinstance(item, dict)]
        ids += [str(item.get("id", "")) for item in items]
        deleted |= {str(item.get("id", "")) for item in items if is_deleted(item)}
        token = page.get("nextSyncToken")
    if not isinstance(token, str) or not token:
        raise TransientError("calendar.changes: the list ends without a token")
    # A deleted instance does not tell whether the visit is deleted.
    return CalendarChanges(
        tuple(dict.fromkeys(filter(None, map(parse_changed_appointment_id, ids)))),
        token,
        frozenset(filter(None, map(event_id_to_appointment_id, deleted))),
    )


def _find_earlier_event(service: Any, event_id: str, earlier: Sequence[str]) -> dict[str, Any] | None:
    """Return the event from the last calendar that still has it; one that we can't read any more is passed over."""
    for calendar_id in reversed(earlier):
        try:
            event = _read_event(service, calendar_id, event_id, COPIED_FIELDS)
        except Exception as error:
            if not is_access_refused(error):
                raise
            continue
        if event is not None and not is_deleted(found := _select_visit(service, calendar_id, event, COPIED_FIELDS)):
            return found
    return None


def _iterate_pages(service: Any, first: Any) -> Iterator[dict[str, Any]]:
    request = first
    for _ in range(_MAX_PAGES):
        page = _require_object(request.execute(), "list")
        yield page
        request = service.events().list_next(request, page)
        if request is None:
            return
    raise TransientError("calendar.list: the list does not end")


def _read_event(service: Any, calendar_id: str, event_id: str, fields: str) -> dict[str, Any] | None:
    try:
        answer = service.events().get(calendarId=calendar_id, eventId=event_id, fields=fields).execute()
    except Exception as error:
        if find_vendor_status(error) not in _GONE:
            raise
        return None
    return _require_object(answer, "get")


def _select_visit(service: Any, calendar_id: str, event: dict[str, Any], fields: str) -> dict[str, Any]:
    """Return what is the visit: the event, or its instance if the owner has repeated it; a deleted series is whole."""
    if is_deleted(event) or not is_series(event):
        return event
    return find_visit_instance(service, calendar_id, event, fields)


def _execute_if_unchanged(request: Any, stored: dict[str, Any]) -> bool:
    """Execute the request if the event is unchanged since it was read; return whether it was."""
    etag = stored.get("etag")
    if not isinstance(etag, str):
        raise TransientError("calendar.get: the event has no etag")
    request.headers["If-Match"] = etag
    try:
        request.execute()
    except Exception as error:
        if find_vendor_status(error) != _ETAG_IS_OLD:
            raise
        return False
    return True


def _require_object(answer: Any, operation: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise TransientError(f"calendar.{operation}: the answer is no object")
    return answer
