"""An event of ours as Google's API writes it, and what can be read from one."""

from datetime import UTC, datetime
from typing import Any

from workers.booking.domain.event_id import event_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

READ_FIELDS = "id,status,start(date,dateTime),end(date,dateTime),extendedProperties/private"
COMPARED_FIELDS = f"etag,summary,description,{READ_FIELDS}"
"""What tells whether an event says already what it should."""

_ID, _VERSION = "appointment_id", "version"


def event_body(event: CalendarEvent, *, invites: bool) -> dict[str, Any]:
    """Return the event as it shall be; the visitor is a guest only where the account may invite."""
    body: dict[str, Any] = {
        "id": event.event_id,
        "status": "confirmed",
        "summary": event.summary,
        "description": event.description,
        "start": {"dateTime": in_rfc3339(event.start), "timeZone": event.time_zone},
        "end": {"dateTime": in_rfc3339(event.end), "timeZone": event.time_zone},
        "reminders": {"useDefault": True},
        # Ours can be told from the owner's own events by this.
        "extendedProperties": {"private": {_ID: event.appointment_id, _VERSION: str(event.version)}},
    }
    if invites and event.attendee:
        body["attendees"] = [{"email": event.attendee}]
    return body


def patch_body(event: CalendarEvent) -> dict[str, Any]:
    """Return what makes an event say so, whatever it says now; what we do not write stays the owner's.

    A patch merges objects, so a `date` that the owner made of our time has to be taken away by name; lists it
    replaces, so it names no guests. Reminders of their own beside the calendar's Google refuses for good
    (`cannotUseDefaultRemindersAndSpecifyOverride`), so it names none either.
    """
    body = event_body(event, invites=False)
    for edge in ("start", "end"):
        body[edge] = {"date": None, **body[edge]}
    del body["id"], body["reminders"]
    return body


def matches_event(item: Any, event: CalendarEvent) -> bool:
    """Whether the event that the calendar has is this one, in all that we write."""
    entered = parse_event(item)
    return (
        not entered.deleted
        and entered.version == event.version
        and entered.interval == Interval(event.start.astimezone(UTC), event.end.astimezone(UTC))
        and _text(item, "summary") == event.summary
        and _text(item, "description") == event.description
    )


def parse_event(item: Any) -> StoredEvent:
    """Return what an event of ours says, as far as it can be read."""
    return StoredEvent(version=version_of(item), interval=_interval(item), deleted=is_deleted(item))


def version_of(item: Any) -> int:
    """Return the version of the appointment that an event was written for; 0 where it does not say."""
    text = _private(item).get(_VERSION)
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def visit_id_of(item: Any) -> str | None:
    """Return whose visit an event is: a copy that the owner made of it has another id, and is nobody's."""
    appointment_id = _private(item).get(_ID)
    return appointment_id if isinstance(appointment_id, str) and item.get("id") == event_id(appointment_id) else None


def is_deleted(item: Any) -> bool:
    """Whether the event is one that was deleted; of those Google may tell little more than the id."""
    return bool(item.get("status") == "cancelled")


def instant_in(boundary: Any) -> datetime:
    """Return the instant of a `start` or `end`, in UTC; raise ValueError, KeyError or TypeError without one."""
    instant = datetime.fromisoformat(boundary["dateTime"])
    if instant.tzinfo is None:
        raise ValueError("a time without its offset")
    return instant.astimezone(UTC)


def in_rfc3339(instant: datetime) -> str:
    """Return an instant as Google takes it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _interval(item: Any) -> Interval | None:
    try:
        return Interval(instant_in(item["start"]), instant_in(item["end"]))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _private(item: Any) -> dict[str, Any]:
    properties = item.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, dict) else None
    return private if isinstance(private, dict) else {}


def _text(item: Any, name: str) -> str:
    # An empty text is left out of the answer.
    return str(item.get(name, ""))
