"""Use cases: a visitor cancels or reschedules an appointment."""

from dataclasses import replace

import structlog

from shared.claims import Claim
from shared.messages.commands import BookingCancel, BookingReschedule
from shared.messages.errors import ErrorCode
from shared.messages.server import ServerFrame
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.profile import TenantProfile
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
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.frames import (
    build_cancelled,
    build_confirmed,
    build_pending,
    build_refusal,
    build_rescheduled,
)
from workers.booking.handler.occupancy import find_free_lanes
from workers.booking.handler.queue_notices import send_cancelled, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders
from workers.booking.handler.verify import run_confirmation_effects
from workers.booking.ports import TooManyBucketsError

log = structlog.get_logger()


async def cancel_appointment(ports: BookingPorts, command: BookingCancel, claim: Claim, locale: str) -> ServerFrame:
    """Cancel the appointment and free its time.

    For a confirmed appointment the command that cancelled it also queues a notice.
    """
    profile = await ports.tenants.get_profile(command.tenant)
    appointment = await find_appointment(ports, command)
    match decide_cancel(appointment, command.accepted_at):
        case Cancel(next_one):
            changed = replace(next_one, last_change=LastChange(command.id))
            await ports.appointments.cancel(changed, claim=claim)
            log.info("appointment_cancelled", appointment_id=changed.appointment_id)
        case AlreadyCancelled(changed):
            # Free what a crash may have left behind.
            await ports.appointments.free(changed)
        case Refusal() as refusal:
            return build_refusal(command, refusal, profile.zone, locale)
    if changed.calendar_event_id and changed.is_changed_by(command.id):
        await send_cancelled(ports.notices, command, changed, profile, ports.clock.now())
        await delete_reminders(ports, changed, profile)
        await remove_events(ports, changed)
    return build_cancelled(command, changed, profile.zone)


async def reschedule_appointment(
    ports: BookingPorts, command: BookingReschedule, claim: Claim, locale: str
) -> ServerFrame:
    """Move the appointment: one transaction occupies the new time and frees the old one.

    Only the command that moved it has effects: the owner may have moved or deleted the event since. A replay is judged
    as of now, so it does not move to a time that has just passed.
    """
    if command.replay:
        command = command.model_copy(update={"accepted_at": ports.clock.now()})
    profile = await ports.tenants.get_profile(command.tenant)
    appointment = await find_appointment(ports, command)
    moved = await _move_appointment(ports, command, appointment, profile, claim)
    if isinstance(moved, Refusal):
        return build_refusal(command, moved, profile.zone, locale)
    now = ports.clock.now()
    if moved.hold_expires_at:
        return build_pending(command, moved, profile.zone)
    if moved.verified:
        # A hold with a verified contact: the move has confirmed it.
        if moved.is_changed_by(command.id):
            await run_confirmation_effects(ports, command, moved, profile)
        return build_confirmed(command, moved, profile, now)
    if moved.is_changed_by(command.id):
        await send_rescheduled(ports.notices, command, moved, profile, now)
        await plan_reminders(ports, moved, profile, now)
        await sync_event(ports, moved, profile)
    return build_rescheduled(command, moved, profile, now)


async def _move_appointment(
    ports: BookingPorts,
    command: BookingReschedule,
    appointment: Appointment | None,
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | Refusal:
    if appointment is None:
        return Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
    if appointment.is_changed_by(command.id):
        return appointment  # moved before this command was interrupted
    service = profile.find_service(appointment.service_id)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(command.data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    match decide_reschedule(appointment, service, start, command.accepted_at):
        case AlreadyThere(standing):
            return standing
        case Refusal() as refusal:
            return refusal
        case Move(next_one):
            if not_offered := refuse_unoffered_start(profile, service, start, command.accepted_at):
                return await refuse_with_alternatives(
                    ports,
                    command,
                    profile,
                    service.id,
                    start,
                    code=not_offered.code,
                    ignoring={appointment.appointment_id},
                )
            moved = replace(next_one, last_change=LastChange(command.id), grid_minutes=compute_bucket_minutes(profile))
    return await _move_to_free_lane(ports, command, appointment, moved, service=service, profile=profile, claim=claim)


async def _move_to_free_lane(
    ports: BookingPorts,
    command: BookingReschedule,
    old: Appointment,
    moved: Appointment,
    *,
    service: Service,
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | Refusal:
    """Move to the new time, in the same lane if that is free."""
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
    refusal = await refuse_with_alternatives(ports, command, profile, service.id, moved.start, ignoring=ours)
    return replace(refusal, appointment_id=old.appointment_id)
