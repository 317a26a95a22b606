"""The writable fields of an event, their types, and how a patch changes them."""

import re
from collections.abc import Mapping

from infra.local.google_calendar.errors import Json, build_invalid_error
from infra.local.google_calendar.recurrence import parse_recurrence

WRITABLE: Mapping[str, type] = {
    "attendees": list,
    "colorId": str,
    "description": str,
    "end": dict,
    "eventType": str,
    "extendedProperties": dict,
    "guestsCanInviteOthers": bool,
    "guestsCanModify": bool,
    "guestsCanSeeOtherGuests": bool,
    "location": str,
    "recurrence": list,
    "reminders": dict,
    "source": dict,
    "start": dict,
    "status": str,
    "summary": str,
    "transparency": str,
    "visibility": str,
}
"""All other fields of a body are read-only or unknown; Google ignores them without an error."""

CHOICES: Mapping[str, frozenset[str]] = {
    "eventType": frozenset({"default", "birthday", "focusTime", "outOfOffice", "workingLocation"}),
    "status": frozenset({"confirmed", "tentative", "cancelled"}),
    "transparency": frozenset({"opaque", "transparent"}),
    "visibility": frozenset({"default", "public", "private", "confidential"}),
}
EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
RESPONSES = frozenset({"needsAction", "declined", "tentative", "accepted"})

# https://developers.google.com/workspace/calendar/api/guides/extended-properties
PROPERTY_KEY_LENGTH = 44
PROPERTY_VALUE_LENGTH = 1024
PROPERTY_COUNT = 300


def parse_event_id(event_id: object) -> str:
    """Return an event id from a client: base32hex, 5 to 1024 characters; refuse any other."""
    if not isinstance(event_id, str) or EVENT_ID.fullmatch(event_id) is None:
        raise build_invalid_error("Invalid resource id value.")
    return event_id


def parse_fields(body: Json) -> Json:
    """Return the writable fields of a body as they are stored; refuse an invalid one."""
    fields = {name: body[name] for name in WRITABLE if body.get(name) is not None}
    for name, value in fields.items():
        if not isinstance(value, WRITABLE[name]):
            raise build_invalid_error(f"Invalid value for: {name}")
        if name in CHOICES and value not in CHOICES[name]:
            raise build_invalid_error(f"Invalid value for: {name}")
    for boundary in ("start", "end"):
        if boundary in fields:
            fields[boundary] = {key: value for key, value in fields[boundary].items() if value is not None}
    if "extendedProperties" in fields:
        fields["extendedProperties"] = _limit_properties(fields["extendedProperties"])
    if not fields.get("recurrence"):
        fields.pop("recurrence", None)
    else:
        parse_recurrence(fields)
    if "attendees" in fields:
        fields["attendees"] = [_parse_attendee(guest) for guest in fields["attendees"]]
    return fields


def merge_patch(fields: Json, patch: Json) -> Json:
    """Apply a patch: objects are merged, lists are replaced, and null removes a field."""
    result = dict(fields)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            result[name] = merge_patch(before if isinstance(before, dict) else {}, value)
        else:
            result[name] = value
    return result


def _limit_properties(value: Json) -> Json:
    """Drop properties with long keys and truncate long values, as Google does without an error."""
    kept: Json = {}
    for audience in ("private", "shared"):
        properties = value.get(audience)
        if properties is None:
            continue
        if not isinstance(properties, dict) or not all(isinstance(text, str) for text in properties.values()):
            raise build_invalid_error(f"Invalid value for: extendedProperties.{audience}")
        if len(properties) > PROPERTY_COUNT:
            raise build_invalid_error("Too many extended properties.")
        kept[audience] = {
            key: text[:PROPERTY_VALUE_LENGTH] for key, text in properties.items() if len(key) <= PROPERTY_KEY_LENGTH
        }
    return {audience: properties for audience, properties in kept.items() if properties}


def _parse_attendee(guest: object) -> Json:
    if not isinstance(guest, dict) or "@" not in str(guest.get("email", "")):
        raise build_invalid_error("Invalid attendee email.")
    answer = guest.get("responseStatus", "needsAction")
    if answer not in RESPONSES:
        raise build_invalid_error("Invalid value for: attendees.responseStatus")
    texts = {key: guest[key] for key in ("displayName", "comment") if isinstance(guest.get(key), str)}
    flags = {"optional": True} if guest.get("optional") is True else {}
    return {"email": guest["email"], "responseStatus": answer, **texts, **flags}
