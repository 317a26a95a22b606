"""Names an appointment's calendar event, and tells by an event's name whose it is."""

import re

_PREFIX = "apt"
_APPOINTMENT_ID = re.compile(r"[0-9a-v]{8,64}")


def event_id(appointment_id: str) -> str:
    """Return the id of the appointment's calendar event, in the alphabet that Google takes from clients.

    It can be read back: of an event that was deleted a calendar may give little more than its id.
    https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
    """
    return _PREFIX + appointment_id


def appointment_id_of_event(event: str) -> str | None:
    """Return whose event has this id; None for an event that is not ours."""
    found = event.removeprefix(_PREFIX)
    return found if event.startswith(_PREFIX) and _APPOINTMENT_ID.fullmatch(found) else None
