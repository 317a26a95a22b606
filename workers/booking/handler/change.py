"""Use cases: a visitor cancels or reschedules an appointment."""

from dataclasses import replace

import structlog

from shared.messages.client import BookingCancelData, BookingRescheduleData
from shared.messages.errors import ErrorCode
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.decisions import (
    AlreadyCancelled,
    AlreadyThere,
    Cancel,
    Move,
    decide_cancel,
    decide_reschedule,
)
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.quotas import list_day_quotas
from workers.booking.domain.slots import refuse_unoffered_start
from workers.booking.domain.values import Appointment, AppointmentState, LastChange, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.calendar_event import assign_calendar, remove_events, sync_event
from workers.booking.handler.case import Case
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.occupancy import find_free_lanes
from workers.booking.handler.queue_notices import send_cancelled, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders
from workers.booking.handler.verify import run_confirmation_effects
from workers.booking.ports import TooManyBucketsError

log = structlog.get_logger()


async def cancel_appointment(ports: BookingPorts, case: Case, data: BookingCancelData) -> Appointment | Refusal:
    """Cancel the appointment and free its time.

    For a confirmed appointment the command that cancelled it also queues a notice.
    """
    command = case.command
    appointment = await find_appointment(ports, command, data)
    match decide_cancel(appointment, case.profile, command.accepted_at):
        case Cancel(next_one):
            changed = replace(next_one, last_change=LastChange(command.id))
            await ports.appointments.cancel(changed, claim=case.claim)
            log.info("appointment_cancelled", appointment_id=changed.appointment_id)
        case AlreadyCancelled(changed):
            # Free what a crash may have left behind.
            await ports.appointments.free(changed)
        case Refusal() as refusal:
            return refusal
    if changed.calendar_event_id and changed.is_changed_by(command.id):
        await send_cancelled(ports.notices, command, changed, case.profile, case.now)
        await delete_reminders(ports, changed, case.profile)
        await remove_events(ports, changed)
    return changed


async def reschedule_appointment(ports: BookingPorts, case: Case, data: BookingRescheduleData) -> Appointment | Refusal:
    """Move the appointment: one transaction occupies the new time and frees the old one.

    Only the command that moved it has effects: the owner may have moved or deleted the event since.
    """
    command, profile = case.command, case.profile
    appointment = await find_appointment(ports, command, data)
    moved = await _move_appointment(ports, case, data, appointment)
    if isinstance(moved, Refusal) or moved.hold_expires_at or not moved.is_changed_by(command.id):
        return moved
    if moved.verified:
        # A hold with a verified contact: the move has confirmed it.
        await run_confirmation_effects(ports, case, moved)
        return moved
    await send_rescheduled(ports.notices, command, moved, profile, case.now)
    await plan_reminders(ports, moved, profile, case.now)
    await sync_event(ports, moved, profile)
    return moved


async def _move_appointment(
    ports: BookingPorts, case: Case, data: BookingRescheduleData, appointment: Appointment | None
) -> Appointment | Refusal:
    command, profile = case.command, case.profile
    if appointment is None:
        return Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
    if appointment.is_changed_by(command.id):
        return appointment  # moved before this command was interrupted
    service = profile.find_service(appointment.service_id)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    decision = decide_reschedule(
        appointment, profile, service, start, command.accepted_at, requested_at=case.requested_at
    )
    match decision:
        case AlreadyThere(standing):
            return standing
        case Refusal() as refusal:
            return refusal
        case Move(next_one):
            if not_offered := refuse_unoffered_start(profile, service, start, command.accepted_at):
                return await refuse_with_alternatives(
                    ports,
                    case,
                    service.id,
                    start,
                    code=not_offered.code,
                    ignoring={appointment.appointment_id},
                )
            moved = replace(next_one, last_change=LastChange(command.id), grid_minutes=compute_bucket_minutes(profile))
    return await _move_to_free_lane(ports, case, appointment, moved, service)


async def _move_to_free_lane(
    ports: BookingPorts, case: Case, old: Appointment, moved: Appointment, service: Service
) -> Appointment | Refusal:
    """Move to the new time, in the same lane if that is free."""
    command, profile, claim = case.command, case.profile, case.claim
    ours = {old.appointment_id}
    lanes = await find_free_lanes(ports, profile, service, moved, at=command.accepted_at, ignoring=ours)
    for lane in sorted(lanes, key=lambda lane: lane != old.resource):
        candidate = replace(moved, resource=lane)
        if candidate.state is AppointmentState.CONFIRMED:
            candidate = assign_calendar(candidate, profile)
        quotas = tuple(list_day_quotas(profile, service, candidate))
        try:
            lost = await ports.appointments.move(old, candidate, at=command.accepted_at, claim=claim, quotas=quotas)
        except TooManyBucketsError:
            break
        if lost is None:
            log.info("appointment_rescheduled", appointment_id=moved.appointment_id)
            return candidate
    refusal = await refuse_with_alternatives(ports, case, service.id, moved.start, ignoring=ours)
    return replace(refusal, appointment_id=old.appointment_id)
