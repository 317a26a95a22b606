"""A visitor cancels or moves an appointment of their own."""

from dataclasses import replace

import structlog

from shared.messages.commands import BookingCancel, BookingReschedule
from shared.messages.errors import ErrorCode
from shared.messages.server import ServerFrame
from shared.ports import Claim
from shared.tenants.grid import bucket_minutes
from shared.tenants.profile import TenantProfile
from workers.booking.domain.decisions import (
    AlreadyCancelled,
    AlreadyThere,
    Cancel,
    Move,
    decide_cancel,
    decide_reschedule,
)
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.slots import is_offered
from workers.booking.domain.values import Appointment, Interval, Refusal
from workers.booking.handler.availability import slot_taken
from workers.booking.handler.frames import cancelled, pending, refused, rescheduled
from workers.booking.handler.notify import send_cancelled, send_rescheduled
from workers.booking.handler.roles import Roles
from workers.booking.handler.verify import enter, event_id

log = structlog.get_logger()


async def cancel(roles: Roles, work: BookingCancel, claim: Claim, locale: str) -> ServerFrame:
    """Give the time back; who had confirmed it is told by e-mail too, by the command that cancelled."""
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(work.data.appointment_id, work.session_id)
    match decide_cancel(appointment, work.accepted_at):
        case Cancel(next_one):
            changed = replace(next_one, changed_by=work.id)
            await roles.appointments.cancel(changed, claim=claim)
            log.info("appointment_cancelled", appointment_id=changed.appointment_id)
        case AlreadyCancelled(changed):
            # Frees what a crash may have left.
            await roles.appointments.free(changed)
        case Refusal() as refusal:
            return refused(work, refusal, profile.zone, locale)
    if changed.calendar_event_id and changed.changed_by == work.id:
        await roles.calendar.remove(profile.calendar_id, event_id(changed))
        await send_cancelled(roles.notices, work, changed, profile, roles.clock.now())
    return cancelled(work, changed, profile.zone)


async def reschedule(roles: Roles, work: BookingReschedule, claim: Claim, locale: str) -> ServerFrame:
    """Move to another time: the new one is taken in the same transaction that frees the old one.

    Only the command that moved has effects: the owner may have moved or deleted the event since.
    """
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(work.data.appointment_id, work.session_id)
    moved = await _moved(roles, work, appointment, profile, claim)
    if isinstance(moved, Refusal):
        return refused(work, moved, profile.zone, locale)
    if moved.hold_expires_at:
        return pending(work, moved, profile.zone)
    if moved.changed_by == work.id:
        await enter(roles, moved, profile)
        await send_rescheduled(roles.notices, work, moved, profile, roles.clock.now())
    return rescheduled(work, moved, profile, roles.clock.now())


async def _moved(
    roles: Roles, work: BookingReschedule, appointment: Appointment | None, profile: TenantProfile, claim: Claim
) -> Appointment | Refusal:
    if appointment is None:
        return Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
    service = profile.service(appointment.service_id)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(work.data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    match decide_reschedule(appointment, service, start, work.accepted_at):
        case AlreadyThere(standing):
            return standing
        case Refusal() as refusal:
            return refusal
        case Move(next_one):
            if not_offered := is_offered(profile, service, start, work.accepted_at):
                return not_offered
            moved = replace(next_one, changed_by=work.id, grid_minutes=bucket_minutes(profile))
    busy = await roles.calendar.busy(profile.calendar_id, moved.blocked, fresh=True)
    others = [part for interval in busy for part in interval.without(Interval(appointment.start, appointment.end))]
    if any(moved.blocked.overlaps(interval) for interval in others) or await roles.appointments.move(
        appointment, moved, at=work.accepted_at, claim=claim
    ):
        return await slot_taken(roles, work, profile, service.id, start)
    log.info("appointment_rescheduled", appointment_id=moved.appointment_id)
    return moved
