"""Use case: applies what the owner changed in a visit's event to the appointment, or restores the event."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from shared.claims import Claim
from shared.messages.commands import CalendarChanged
from shared.messages.server import ServerFrame
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.owner_changes import (
    CancelledByOwner,
    ForbiddenMove,
    MovedByOwner,
    StoredEvent,
    decide_owner_change,
)
from workers.booking.domain.quotas import list_day_quotas_of_visit
from workers.booking.domain.values import Appointment, AppointmentState, ChangeKind, LastChange
from workers.booking.handler.alerts import alert_operator
from workers.booking.handler.calendar_event import assign_calendar, find_current_calendar
from workers.booking.handler.event_sync import request_event_sync
from workers.booking.handler.frames import build_cancelled, build_rescheduled
from workers.booking.handler.queue_notices import send_cancelled, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders
from workers.booking.ports import QuotaFull, TooManyBucketsError

log = structlog.get_logger()


async def follow_owner_change(ports: BookingPorts, command: CalendarChanged, claim: Claim) -> ServerFrame | None:
    """Compare the visit with its current event; return the frame for the visitor, or None if nothing changed.

    The event's state at the time of detection does not count: the visitor or the owner may have changed it since. A
    repeat of the same command finishes what it began.
    """
    profile = await ports.tenants.get_profile(command.tenant)
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if appointment is None:
        return None
    previous_start: datetime | None = None
    if appointment.is_changed_by(command.id):
        changed: Appointment | None = appointment
        if appointment.state is AppointmentState.CANCELLED:
            # Free what a crash may have left behind.
            await ports.appointments.free(appointment)
    else:
        changed = await _apply_owner_change(ports, command, appointment, profile, claim)
        previous_start = appointment.start
    if changed is None:
        return None
    return await _notify_visitor(ports, command, changed, profile, previous_start=previous_start)


async def _apply_owner_change(
    ports: BookingPorts, command: CalendarChanged, appointment: Appointment, profile: TenantProfile, claim: Claim
) -> Appointment | None:
    if appointment.last_change == _build_refused_handover(command):
        # A handover was refused before this command was interrupted.
        await _restore_event(ports, command, appointment)
        return None
    event = await ports.calendar.find_event(
        find_current_calendar(appointment, profile), build_event_id(appointment.appointment_id)
    )
    if event and event.deleted and (moved_event := await _find_moved_event(ports, appointment, profile)):
        return await _hand_over(ports, command, appointment, moved_event, profile=profile, claim=claim)
    match decide_owner_change(appointment, event, now=ports.clock.now()):
        case CancelledByOwner(changed_visit):
            cancelled = replace(changed_visit, last_change=LastChange(command.id))
            await ports.appointments.cancel(cancelled, claim=claim)
            log.info("appointment_cancelled_by_business", appointment_id=cancelled.appointment_id)
            return cancelled
        case MovedByOwner(changed_visit):
            lanes = _find_lanes_in_same_calendar(appointment, profile)
            moved = await _move_to_free_lane(
                ports, command, appointment, changed_visit, lanes=lanes, profile=profile, claim=claim
            )
            if moved is None:
                await _restore_event(ports, command, appointment)
            return moved
        case ForbiddenMove():
            await _restore_event(ports, command, appointment)
    return None


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


async def _hand_over(
    ports: BookingPorts,
    command: CalendarChanged,
    appointment: Appointment,
    moved_event: tuple[str, StoredEvent],
    *,
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | None:
    """Move the visit to a lane of the other calendar; if none is free, restore the event and alert the operators."""
    calendar_id, event = moved_event
    now = ports.clock.now()
    if appointment.state is not AppointmentState.CONFIRMED or appointment.start <= now:
        return None
    change = decide_owner_change(appointment, event, now=now)
    if not isinstance(change, ForbiddenMove):
        candidate = change.appointment if isinstance(change, MovedByOwner) else _increment_version(appointment)
        lanes = [
            lane for lane in _find_suitable_lanes(appointment, profile) if profile.get_calendar_id(lane) == calendar_id
        ]
        moved = await _move_to_free_lane(
            ports, command, appointment, candidate, lanes=lanes, profile=profile, claim=claim
        )
        if moved:
            return moved
    own = find_current_calendar(appointment, profile)
    earlier = (one for one in appointment.calendars if one not in {calendar_id, own})
    # A new version, because a deleted event is only restored for a later version. The other calendar is one of the
    # earlier ones, so the sync removes the event from it.
    restored = replace(
        _increment_version(appointment),
        calendars=(*earlier, calendar_id, own),
        last_change=_build_refused_handover(command),
    )
    await ports.appointments.save(restored, claim=claim)
    await _restore_event(ports, command, restored)
    return None


def _build_refused_handover(command: CalendarChanged) -> LastChange:
    """Return the change by which this command refuses a handover: nobody is notified of a move."""
    return LastChange(command.id, ChangeKind.HANDOVER_REFUSED)


def _increment_version(appointment: Appointment) -> Appointment:
    return replace(appointment, version=appointment.version + 1)


async def _move_to_free_lane(
    ports: BookingPorts,
    command: CalendarChanged,
    old: Appointment,
    changed_visit: Appointment,
    *,
    lanes: Sequence[str],
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | None:
    """Move the visit to the first lane that is free.

    The owner may exceed their own daily cap; if the cap has a free unit, the visit takes it.
    """
    now = ports.clock.now()
    for lane in lanes:
        candidate = replace(
            changed_visit,
            resource=lane,
            last_change=LastChange(command.id),
            grid_minutes=compute_bucket_minutes(profile),
        )
        candidate = assign_calendar(candidate, profile)
        try:
            lost = await ports.appointments.move(
                old, candidate, at=now, claim=claim, quotas=tuple(list_day_quotas_of_visit(profile, candidate))
            )
            if isinstance(lost, QuotaFull):
                lost = await ports.appointments.move(old, candidate, at=now, claim=claim)
        except TooManyBucketsError:
            return None
        if lost is None:
            log.info("appointment_moved_by_business", appointment_id=candidate.appointment_id, resource=lane)
            await delete_reminders(ports, old, profile)
            return candidate
    return None


def _find_suitable_lanes(appointment: Appointment, profile: TenantProfile) -> tuple[str, ...]:
    """Return the lanes of the visit's service; none if the service was removed from the profile."""
    service = profile.find_service(appointment.service_id)
    return profile.list_lanes(service) if service else ()


def _find_lanes_in_same_calendar(appointment: Appointment, profile: TenantProfile) -> list[str]:
    """Return the visit's own lane, then the service's other lanes with the same calendar."""
    calendar_id = profile.get_calendar_id(appointment.resource)
    others = (lane for lane in _find_suitable_lanes(appointment, profile) if lane != appointment.resource)
    return [appointment.resource, *(lane for lane in others if profile.get_calendar_id(lane) == calendar_id)]


async def _restore_event(ports: BookingPorts, command: CalendarChanged, appointment: Appointment) -> None:
    """Have the event written from the appointment again; the alert comes first, so that a crash does not lose it."""
    log.info("calendar_move_refused", appointment_id=appointment.appointment_id)
    await alert_operator(
        ports, tenant=command.tenant, session_id=command.session_id, problem=CalendarProblem.MOVE_REFUSED
    )
    await request_event_sync(ports, command, appointment)


async def _notify_visitor(
    ports: BookingPorts,
    command: CalendarChanged,
    changed: Appointment,
    profile: TenantProfile,
    *,
    previous_start: datetime | None,
) -> ServerFrame:
    now = ports.clock.now()
    if changed.state is AppointmentState.CANCELLED:
        await send_cancelled(ports.notices, command, changed, profile, now, by="business")
        await delete_reminders(ports, changed, profile)
        return build_cancelled(command, changed, profile.zone, by="business")
    await send_rescheduled(ports.notices, command, changed, profile, now, by="business", previous_start=previous_start)
    await plan_reminders(ports, changed, profile, now)
    # The event has the owner's time already, but not the new version.
    await request_event_sync(ports, command, changed)
    return build_rescheduled(command, changed, profile, now, by="business")
