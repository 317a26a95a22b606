"""Copies what the owner wrote in a visit's event when the event gets into another calendar.

`events.move` would keep more, but an id that a calendar had before can't be moved there again.
https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from typing import Any

import structlog

from workers.booking.adapters.google.event import COMPARED_FIELDS, TEXTS, build_event_body, get_text, is_text_ours
from workers.booking.ports import CalendarEvent

log = structlog.get_logger()

_FIELDS = (
    "location",
    "colorId",
    "transparency",
    "visibility",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
)
_ABOUT_GUESTS = ("email", "displayName", "optional", "responseStatus", "comment", "additionalGuests")
COPIED_FIELDS = f"{COMPARED_FIELDS},reminders,attendees,{','.join(_FIELDS)}"


def copy_owner_fields(body: dict[str, Any], event: CalendarEvent, source: Any, *, invites: bool) -> dict[str, Any]:
    """Return the body of an event with the owner's texts and fields of another one; what that lacks is null.

    The hashes are those of our texts, so that the copied ones are known as the owner's. A service account that acts
    for no user may not invite, so the guests stay behind.
    """
    texts = {
        name: getattr(event, name) if is_text_ours(source, name, getattr(event, name)) else get_text(source, name)
        for name in TEXTS
    }
    reminders = source.get("reminders") or {"useDefault": True}
    guests = [guest for guest in source.get("attendees", ()) if not (guest.get("self") or guest.get("organizer"))]
    copied = body | texts | {name: source.get(name) for name in _FIELDS}
    copied["extendedProperties"] = build_event_body(event, invites=False)["extendedProperties"]
    copied["reminders"] = {"useDefault": bool(reminders.get("useDefault")), "overrides": reminders.get("overrides")}
    if guests and invites:
        copied["attendees"] = [{name: guest[name] for name in _ABOUT_GUESTS if name in guest} for guest in guests]
    elif guests:
        log.warning("calendar_guests_not_copied", appointment_id=event.appointment_id, guests=len(guests))
    return copied


def without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body for an insertion, which has nothing to remove."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in body.items()
        if value is not None
    }
