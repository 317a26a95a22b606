"""Says when a visitor is reminded of a visit, and whether a reminder still makes sense when its time has come."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeGuard

from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.booking.domain.values import Appointment, AppointmentState

HOURS_BEFORE = (24, 2)

_AFTER_BOOKING = timedelta(hours=1)
"""Who booked a moment ago remembers."""

_MIN_LEAD = timedelta(minutes=1)
"""A schedule has to lie ahead when it is made."""

_BEFORE_QUIET = timedelta(minutes=15)
"""A reminder takes a moment on its way: sent with the last stroke, it would come when it is quiet."""


def reminder_times(
    start: datetime, profile: TenantProfile, *, booked_at: datetime, now: datetime
) -> Iterator[tuple[int, datetime]]:
    """Yield how many hours before a visit its visitor is to be reminded, and when that is.

    `now` is later than the booking where the reminders could not be planned with it: one whose time has gone by
    meanwhile comes at once, unless it is overtaken.
    """
    for hours in HOURS_BEFORE:
        at = reminder_time(start, hours, profile)
        if at >= booked_at + _AFTER_BOOKING and not _is_overtaken(start, hours, now, profile):
            yield hours, max(at, now + _MIN_LEAD)


def reminder_time(start: datetime, hours_before: int, profile: TenantProfile) -> datetime:
    """Return when a visitor is reminded so many hours before a visit, or else as near to it as wakes nobody.

    What falls into the quiet hours waits for their end, if that leaves time before the visit; else it comes before
    they begin.
    """
    at = start - timedelta(hours=hours_before)
    quiet = profile.quiet_hours.around(at, profile.zone) if profile.quiet_hours else None
    if quiet is None:
        return at
    return quiet.ends if quiet.ends <= start - TO_GET_READY else quiet.begins - _BEFORE_QUIET


def is_worth_reminding(
    appointment: Appointment | None, *, start: datetime, hours_before: int, now: datetime, profile: TenantProfile
) -> bool:
    """Whether the visit stands as it was when the reminder was planned, and the reminder does not come too late."""
    return is_unchanged_visit(appointment, start) and not _is_overtaken(start, hours_before, now, profile)


def is_unchanged_visit(appointment: Appointment | None, start: datetime) -> TypeGuard[Appointment]:
    """Whether the visit is confirmed, and for the time that it had when its reminders were asked for."""
    return appointment is not None and appointment.state is AppointmentState.CONFIRMED and appointment.start == start


def _is_overtaken(start: datetime, hours_before: int, now: datetime, profile: TenantProfile) -> bool:
    """Whether a reminder that was held up comes too late: it is left to the next one once that is due."""
    later = [reminder_time(start, hours, profile) for hours in HOURS_BEFORE if hours < hours_before]
    return now >= min([start, *later])
