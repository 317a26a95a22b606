"""What became of the visits of a conversation: one sentence for each, with its last state."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.messages.server import (
    BookingCancelled,
    BookingConfirmed,
    BookingPending,
    BookingRescheduled,
    Error,
    ServerFrame,
)

_Booking = BookingPending | BookingConfirmed | BookingCancelled | BookingRescheduled

MAX_VISITS = 10
"""Visits in a prompt; those that changed last are kept."""


def list_booking_facts(history: Sequence[ServerFrame], zone: ZoneInfo, now: datetime) -> list[str]:
    """Return a sentence for each visit, in the order of their last changes, with its time in the zone of the business.

    A hold is over at its `expires_at`, whether or not a frame says so.
    """
    last: dict[str, _Booking] = {}
    unsent: set[str] = set()
    for frame in history:
        match frame:
            case BookingPending() | BookingConfirmed() | BookingCancelled() | BookingRescheduled():
                visit = frame.data.appointment_id
                last.pop(visit, None)
                last[visit] = frame
                unsent.discard(visit)
            # An error that answers no frame: the code of a hold could not be sent.
            case Error() if frame.re is None and frame.data.appointment_id:
                unsent.add(frame.data.appointment_id)
    return [
        f"{frame.data.service} on {frame.data.start.astimezone(zone):%Y-%m-%d %H:%M} "
        f"{_describe_state(frame, now, is_unsent=visit in unsent)}."
        for visit, frame in list(last.items())[-MAX_VISITS:]
    ]


def _describe_state(frame: _Booking, now: datetime, *, is_unsent: bool) -> str:
    match frame:
        case BookingPending() if frame.data.expires_at <= now:
            return "was held, but not confirmed in time; it is not booked"
        case BookingPending() if is_unsent:
            return "is held, but its code could not be sent to the visitor"
        case BookingPending():
            return "is held until its code is entered"
        case BookingConfirmed():
            return "is confirmed"
        case BookingCancelled():
            return "was cancelled" + (" by the business" if frame.data.by == "business" else "")
        case BookingRescheduled():
            return "is confirmed; it was moved to this time" + (
                " by the business" if frame.data.by == "business" else ""
            )
