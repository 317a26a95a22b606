"""Reads from the calendars what the owner wants for a visit."""

from dataclasses import replace

from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.joint_moves import WantedMove
from workers.booking.domain.owner_changes import (
    ForbiddenMove,
    MovedByOwner,
    OwnerChange,
    StoredEvent,
    Unchanged,
    decide_owner_change,
)
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.calendar_event import find_current_calendar


async def find_owner_change(
    ports: BookingPorts, appointment: Appointment, profile: TenantProfile
) -> OwnerChange | WantedMove:
    """Compare a visit with its current event, which the owner may have moved into another calendar of the business."""
    calendar_id = find_current_calendar(appointment, profile)
    now = ports.clock.now()
    event = await ports.calendar.find_event(calendar_id, build_event_id(appointment.appointment_id))
    if event and event.deleted and (moved_event := await _find_moved_event(ports, appointment, profile)):
        if appointment.state is not AppointmentState.CONFIRMED or appointment.start <= now:
            return Unchanged()
        calendar_id, event = moved_event
        change = decide_owner_change(appointment, event, now=now)
        if isinstance(change, ForbiddenMove):
            return ForbiddenMove(other_calendar=calendar_id)
        new = change.appointment if isinstance(change, MovedByOwner) else increment_version(appointment)
        return _build_wanted_move(appointment, new, profile, other_calendar=calendar_id)
    if event and event.deleted and not event.version and await _is_write_pending(ports, appointment, profile):
        return Unchanged()
    change = decide_owner_change(appointment, event, now=now)
    if not isinstance(change, MovedByOwner):
        return change
    return _build_wanted_move(appointment, change.appointment, profile, other_calendar=None)


async def _find_moved_event(
    ports: BookingPorts, appointment: Appointment, profile: TenantProfile
) -> tuple[str, StoredEvent] | None:
    """Return the other calendar that the owner has moved the event to, and the event there."""
    for calendar_id in profile.calendars:
        if calendar_id == find_current_calendar(appointment, profile):
            continue
        event = await ports.calendar.find_event(calendar_id, build_event_id(appointment.appointment_id))
        if event and not event.deleted and event.version == appointment.version:
            return calendar_id, event
    return None


async def _is_write_pending(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> bool:
    """Return whether the visit has come back to its calendar, and its event is about to follow.

    It is removed from the others last. A deleted event mostly has the version that says so; that of a repeated event
    may have none.
    """
    for calendar_id in appointment.calendars:
        if calendar_id in profile.calendars and calendar_id != find_current_calendar(appointment, profile):
            event = await ports.calendar.find_event(calendar_id, build_event_id(appointment.appointment_id))
            if event and not event.deleted:
                return True
    return False


def _build_wanted_move(
    old: Appointment, new: Appointment, profile: TenantProfile, *, other_calendar: str | None
) -> WantedMove:
    """Return the move with the lanes of the service whose visits are in the calendar, the visit's own lane first.

    A visit whose service was removed from the profile can only stay in its own lane.
    """
    lanes = list_lanes_of_calendar(old, profile, other_calendar or profile.get_calendar_id(old.resource))
    return WantedMove(
        old, replace(new, grid_minutes=compute_bucket_minutes(profile)), tuple(lanes), other_calendar=other_calendar
    )


def list_lanes_of_calendar(appointment: Appointment, profile: TenantProfile, calendar_id: str) -> list[str]:
    """Return the lanes whose visits are in a calendar and that the visit may have, its own lane first."""
    service = profile.find_service(appointment.service_id)
    lanes = [lane for lane in profile.list_lanes(service) if lane != appointment.resource] if service else []
    return [lane for lane in (appointment.resource, *lanes) if profile.get_calendar_id(lane) == calendar_id]


def increment_version(appointment: Appointment) -> Appointment:
    """Return the appointment as its next version."""
    return replace(appointment, version=appointment.version + 1)
