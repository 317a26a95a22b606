"""Converts our events to Google's format and parses them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

READ_FIELDS = "id,status,recurrence,start(date,dateTime),end(date,dateTime),extendedProperties/private"
COMPARED_FIELDS = f"etag,summary,description,{READ_FIELDS}"
"""The fields that are compared to decide whether an event is up to date."""

_ID, _VERSION = "appointment_id", "version"
TEXTS = {"summary": "summary_hash", "description": "description_hash"}
"""The texts that we write, and the private property with the hash of what we wrote: another text is the owner's."""


def build_event_body(event: CalendarEvent, *, invites: bool) -> dict[str, Any]:
    """Return the event's body; the visitor is a guest only if the account may invite."""
    body: dict[str, Any] = {
        "id": event.event_id,
        "status": "confirmed",
        "summary": event.summary,
        "description": event.description,
        "start": {"dateTime": format_rfc3339(event.start), "timeZone": event.time_zone},
        "end": {"dateTime": format_rfc3339(event.end), "timeZone": event.time_zone},
        "reminders": {"useDefault": True},
        # This distinguishes our events from the owner's own.
        "extendedProperties": {
            "private": {
                _ID: event.appointment_id,
                _VERSION: str(event.version),
                TEXTS["summary"]: _hash_text(event.summary),
                TEXTS["description"]: _hash_text(event.description),
            }
        },
    }
    if invites and event.attendee:
        body["attendees"] = [{"email": event.attendee}]
    return body


def build_patch_body(event: CalendarEvent, stored: Any) -> dict[str, Any]:
    """Return the patch that updates an event from any state; fields that we do not write keep the owner's values.

    A text that the owner has changed stays. A patch merges objects, so a `date` that the owner set instead of our time
    must be removed explicitly. It replaces lists, so it contains no guests. Google permanently refuses default
    reminders beside the owner's own (`cannotUseDefaultRemindersAndSpecifyOverride`), so it contains no reminders.
    """
    body = build_event_body(event, invites=False)
    for edge in ("start", "end"):
        body[edge] = {"date": None, **body[edge]}
    if stored.get("recurrence"):
        # The owner has deleted the series: the visit alone is restored.
        body["recurrence"] = None
    if event.keeps_times and not is_deleted(stored) and 0 < parse_version(stored) < event.version:
        del body["start"], body["end"]
    del body["id"], body["reminders"]
    for name, property_name in TEXTS.items():
        if not is_text_ours(stored, name, body[name]):
            # Without the hash, which Google keeps as it is, the text stays known as the owner's.
            del body[name], body["extendedProperties"]["private"][property_name]
    return body


def build_cancellation_body(version: int) -> dict[str, Any]:
    """Return the patch that deletes an event and gives it the version of its cancelled appointment."""
    return {"status": "cancelled", "extendedProperties": {"private": {_VERSION: str(version)}}}


def matches_event(item: Any, event: CalendarEvent) -> bool:
    """Return whether the calendar's event equals this one in all fields that we write; the owner's texts stay."""
    stored = parse_event(item)
    return (
        not stored.deleted
        and stored.version == event.version
        and stored.interval == Interval(event.start.astimezone(UTC), event.end.astimezone(UTC))
        and all(
            _hash_text(get_text(item, name)) == _hash_text(text) or not is_text_ours(item, name, text)
            for name, text in (("summary", event.summary), ("description", event.description))
        )
    )


def parse_event(item: Any) -> StoredEvent:
    """Return the state of one of our events, as far as it can be parsed.

    The version of a deleted series is that of the time when it was repeated, and says nothing about the visit.
    """
    deleted = is_deleted(item)
    version = 0 if deleted and item.get("recurrence") else parse_version(item)
    return StoredEvent(version=version, interval=_parse_interval(item), deleted=deleted)


def parse_version(item: Any) -> int:
    """Return the version of the appointment that an event was written for; 0 if the event does not contain it."""
    text = _get_private_properties(item).get(_VERSION)
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def parse_appointment_id(item: Any) -> str | None:
    """Return the id of the appointment that an event shows, or None; a copy by the owner has another event id."""
    appointment_id = _get_private_properties(item).get(_ID)
    return (
        appointment_id if isinstance(appointment_id, str) and item.get("id") == build_event_id(appointment_id) else None
    )


def is_deleted(item: Any) -> bool:
    """Return whether the event was deleted; for deleted events Google may return little more than the id."""
    return bool(item.get("status") == "cancelled")


def parse_instant(boundary: Any) -> datetime:
    """Return the instant of a `start` or `end`, in UTC.

    Raises:
        ValueError, KeyError, TypeError: it has no instant.
    """
    instant = datetime.fromisoformat(boundary["dateTime"])
    if instant.tzinfo is None:
        raise ValueError("a time without its offset")
    return instant.astimezone(UTC)


def format_rfc3339(instant: datetime) -> str:
    """Return an instant in the format that Google accepts."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_interval(item: Any) -> Interval | None:
    try:
        return Interval(parse_instant(item["start"]), parse_instant(item["end"]))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def is_text_ours(item: Any, name: str, text: str) -> bool:
    """Return whether the event has the text that we wrote; `text` is what we would write now.

    A release before wrote no hashes: of its events, any other text is taken for the owner's.
    """
    stored = get_text(item, name)
    written = _get_private_properties(item).get(TEXTS[name])
    return stored == text if written is None else _hash_text(stored) == written


def _hash_text(text: str) -> str:
    """Return the hash of a text without regard to blanks: Google removes some, and may end lines differently."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:32]


def _get_private_properties(item: Any) -> dict[str, Any]:
    properties = item.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, dict) else None
    return private if isinstance(private, dict) else {}


def get_text(item: Any, name: str) -> str:
    """Return a text of an event."""
    # Google leaves out empty texts.
    return str(item.get(name, ""))
