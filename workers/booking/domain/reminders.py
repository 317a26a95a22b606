"""Says when a visitor is reminded of a visit, and whether a reminder still makes sense when its time has come."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from workers.booking.domain.values import Appointment, AppointmentState

HOURS_BEFORE = (24, 2)

_AFTER_BOOKING = timedelta(hours=1)
"""Who booked a moment ago remembers."""


def reminder_times(start: datetime, now: datetime) -> Iterator[tuple[int, datetime]]:
    """Yield how many hours before a visit its visitor is to be reminded, and when that is."""
    for hours in HOURS_BEFORE:
        at = start - timedelta(hours=hours)
        if at >= now + _AFTER_BOOKING:
            yield hours, at


def is_worth_reminding(appointment: Appointment | None, *, start: datetime, hours_before: int, now: datetime) -> bool:
    """Whether the visit stands as it was when the reminder was planned, and the reminder does not come too late.

    One that was held up until the next one is due is left to that.
    """
    if appointment is None or appointment.state is not AppointmentState.CONFIRMED or appointment.start != start:
        return False
    later = [hours for hours in HOURS_BEFORE if hours < hours_before]
    return now < start - timedelta(hours=max(later, default=0))
