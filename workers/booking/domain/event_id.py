"""Converts appointment ids to calendar event ids and back."""

import re

_PREFIX = "apt"
_APPOINTMENT_ID = re.compile(r"[0-9a-v]{8,64}")


def build_event_id(appointment_id: str) -> str:
    """Return the id of the appointment's calendar event, in the alphabet that Google accepts from clients.

    The conversion is reversible: for a deleted event, a calendar may return little more than the id.
    https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
    """
    return _PREFIX + appointment_id


def event_id_to_appointment_id(event: str) -> str | None:
    """Return the id of the appointment that an event shows, or None for an event that is not ours."""
    appointment_id = event.removeprefix(_PREFIX)
    return appointment_id if event.startswith(_PREFIX) and _APPOINTMENT_ID.fullmatch(appointment_id) else None
