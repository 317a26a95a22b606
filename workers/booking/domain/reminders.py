"""Decides when a visitor is reminded of a visit, and whether a reminder is still useful when it is due."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeGuard

from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.booking.domain.values import Appointment, AppointmentState

_AFTER_BOOKING = timedelta(hours=1)
"""Visitors need no reminder of what they booked a moment ago."""

_MIN_LEAD = timedelta(minutes=1)
"""A schedule must be in the future when it is created."""

_BEFORE_QUIET = timedelta(minutes=15)
"""Delivery takes time: a reminder that is sent at the last minute would arrive in the quiet hours."""


def list_reminder_times(
    start: datetime, profile: TenantProfile, *, booked_at: datetime, now: datetime
) -> Iterator[tuple[int, datetime]]:
    """Yield each reminder of a visit: how many hours before the visit it is for, and when to send it.

    `now` is later than `booked_at` when the reminders could not be planned with the booking. A reminder whose time has
    passed meanwhile is sent at once, unless it is superseded.
    """
    for hours in sorted(profile.reminder_hours_before, reverse=True):
        at = compute_reminder_time(start, hours, profile)
        if at >= booked_at + _AFTER_BOOKING and not _is_superseded(start, hours, now, profile):
            yield hours, max(at, now + _MIN_LEAD)


def compute_reminder_time(start: datetime, hours_before: int, profile: TenantProfile) -> datetime:
    """Return when to send the reminder for so many hours before a visit.

    A reminder that falls into the quiet hours is postponed to their end if that leaves time before the visit;
    otherwise it is sent before they begin.
    """
    at = start - timedelta(hours=hours_before)
    quiet = profile.quiet_hours.find_quiet_period(at, profile.zone) if profile.quiet_hours else None
    if quiet is None:
        return at
    return quiet.ends if quiet.ends <= start - TO_GET_READY else quiet.begins - _BEFORE_QUIET


def is_worth_reminding(
    appointment: Appointment | None, *, start: datetime, hours_before: int, now: datetime, profile: TenantProfile
) -> bool:
    """Return whether the visit is unchanged since the reminder was planned, and the reminder is not too late.

    A reminder that was planned before the profile got other times is still sent, unless it now has none.
    """
    return (
        is_unchanged_visit(appointment, start)
        and bool(profile.reminder_hours_before)
        and not _is_superseded(start, hours_before, now, profile)
    )


def is_unchanged_visit(appointment: Appointment | None, start: datetime) -> TypeGuard[Appointment]:
    """Return whether the visit is confirmed and has the time for which its reminders were planned."""
    return appointment is not None and appointment.state is AppointmentState.CONFIRMED and appointment.start == start


def _is_superseded(start: datetime, hours_before: int, now: datetime, profile: TenantProfile) -> bool:
    """Return whether a delayed reminder is too late: the next reminder, or the visit itself, is due."""
    later = [
        compute_reminder_time(start, hours, profile) for hours in profile.reminder_hours_before if hours < hours_before
    ]
    return now >= min([start, *later])
