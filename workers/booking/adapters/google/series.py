"""Finds the visit in an event that its owner has made recurring.

Google gives each instance an id of its own, with which it is read and changed without the others.
https://developers.google.com/workspace/calendar/api/guides/recurringevents
"""

import re
from typing import Any

from shared.errors import TransientError
from workers.booking.adapters.google.event import is_deleted
from workers.booking.domain.event_id import event_id_to_appointment_id

_INSTANCE = re.compile(r"(?P<series>[a-v0-9]+)_\d{8}(?:T\d{6}Z)?")
_CUT_OFF = {"status": "cancelled"}


def find_visit_instance(service: Any, calendar_id: str, series: dict[str, Any], fields: str) -> dict[str, Any]:
    """Return the instance of a recurring event that is the visit: the first one, wherever the owner has put it.

    Its original start is that of the series, which had no other instance before the owner repeated it. If the owner
    has cut it off, what is returned is deleted and has no id.
    """
    start = series.get("start", {})
    answer = (
        service.events()
        .instances(
            calendarId=calendar_id,
            eventId=series["id"],
            originalStart=start.get("dateTime") or start.get("date"),
            showDeleted=True,
            maxResults=1,
            fields=f"items({fields})",
        )
        .execute()
    )
    if not isinstance(answer, dict):
        raise TransientError("calendar.instances: the answer is no object")
    items = answer.get("items") or [_CUT_OFF]
    found: dict[str, Any] = items[0]
    return found


def is_series(item: Any) -> bool:
    """Return whether an event recurs."""
    return bool(item.get("recurrence"))


def is_cut_off(item: Any) -> bool:
    """Return whether the series has no instance for the visit any more."""
    return is_deleted(item) and "id" not in item


def parse_changed_appointment_id(event_id: str) -> str | None:
    """Return the id of the appointment whose event, or an instance of it, has this id."""
    instance = _INSTANCE.fullmatch(event_id)
    return event_id_to_appointment_id(instance["series"] if instance else event_id)
