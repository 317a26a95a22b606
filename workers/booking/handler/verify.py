"""Use cases: a visitor enters the code, which confirms the appointment, or requests another code."""

from dataclasses import replace

import structlog

from shared.errors import PermanentError, TransientError
from shared.messages.client import BookingResendData, BookingVerifyData
from shared.messages.errors import ErrorCode
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.code import is_current_code
from workers.booking.domain.decisions import (
    AlreadyConfirmed,
    Confirm,
    Resend,
    WrongCode,
    decide_resend,
    decide_verify,
    mark_contact_proved,
)
from workers.booking.domain.hold import has_expired
from workers.booking.domain.lanes import select_free_lanes
from workers.booking.domain.quotas import list_day_quotas_of_visit, list_send_quotas
from workers.booking.domain.values import Appointment, LastChange, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.calendar_event import assign_calendar, sync_event
from workers.booking.handler.case import Case
from workers.booking.handler.limits import refuse_full_quota
from workers.booking.handler.occupancy import load_occupancy
from workers.booking.handler.queue_notices import send_code, send_confirmed
from workers.booking.handler.reminders import plan_reminders
from workers.booking.handler.suppressed_contact import refuse_suppressed_contact
from workers.booking.ports import Lost

log = structlog.get_logger()


async def verify_code(ports: BookingPorts, case: Case, data: BookingVerifyData) -> Appointment | Refusal:
    """Confirm the appointment in one transaction, then send the notice, plan reminders and write the event.

    A retry repeats these effects, but only for the command that confirmed: a later one must not overwrite the owner's
    changes to the event.
    """
    command, claim = case.command, case.claim
    appointment = await ports.appointments.get(data.appointment_id, command.session_id)
    if appointment and appointment.is_changed_by(command.id) and appointment.hold_expires_at:
        # This command checked its code before it was interrupted.
        return await _offer_other_times(ports, case, appointment) if appointment.verified else _WRONG
    code_ok = appointment is not None and is_current_code(
        ports.code_key, appointment.appointment_id, appointment.code_sends, data.code
    )
    match decide_verify(appointment, code_ok=code_ok, now=command.accepted_at):
        case Confirm(changed):
            answer = await _confirm_hold(ports, case, appointment or changed, changed)
            if isinstance(answer, Refusal):
                return answer
            changed = answer
        case AlreadyConfirmed(changed):
            pass
        case WrongCode(counted, refusal):
            await ports.appointments.save(replace(counted, last_change=LastChange(command.id)), claim=claim)
            return refusal
        case Refusal() as refusal:
            return refusal
    if changed.is_changed_by(command.id):
        await run_confirmation_effects(ports, case, changed)
    return changed


async def run_confirmation_effects(ports: BookingPorts, case: Case, appointment: Appointment) -> None:
    """Queue the confirmation, plan the reminders and write the event; each can be repeated.

    The calendar comes last, so that an unreachable calendar does not delay the visitor's notice.
    """
    await send_confirmed(ports.notices, case.command, appointment, case.profile, case.now)
    await plan_reminders(ports, appointment, case.profile, case.now)
    await sync_event(ports, appointment, case.profile)


_WRONG = Refusal(ErrorCode.CODE_INVALID)


async def _confirm_hold(
    ports: BookingPorts, case: Case, hold: Appointment, confirmed_hold: Appointment
) -> Appointment | Refusal:
    """Confirm the hold; if the owner has filled its time, use another lane or offer other times."""
    command, profile, claim = case.command, case.profile, case.claim
    lanes = await _find_unblocked_lanes(ports, case, hold)
    for lane in lanes:
        changed = assign_calendar(replace(confirmed_hold, resource=lane, last_change=LastChange(command.id)), profile)
        if lane == hold.resource:
            lost: Lost | None = await ports.appointments.confirm(changed, claim=claim)
        else:
            quotas = tuple(list_day_quotas_of_visit(profile, changed))
            lost = await ports.appointments.move(hold, changed, at=command.accepted_at, claim=claim, quotas=quotas)
        if lost is None:
            ports.metrics.count("AppointmentVerified")
            log.info("appointment_confirmed", appointment_id=changed.appointment_id, service=changed.service_id)
            return changed
        if lane == hold.resource:
            return await refuse_with_alternatives(ports, case, hold.service_id, hold.start)
    if has_expired(hold, case.now):
        # The code came in time but was processed late: the hold has expired, so the visitor must book again.
        return await refuse_with_alternatives(ports, case, hold.service_id, hold.start)
    await ports.appointments.save(replace(mark_contact_proved(hold), last_change=LastChange(command.id)), claim=claim)
    log.info("appointment_time_filled", appointment_id=hold.appointment_id)
    return await _offer_other_times(ports, case, hold)


async def _find_unblocked_lanes(ports: BookingPorts, case: Case, hold: Appointment) -> list[str]:
    """Return the lanes whose calendars are free at the held time, the hold's own first; none if all are filled.

    If a calendar can't be read, the hold keeps its lane: its buckets belong to it in our tables.
    """
    command, profile = case.command, case.profile
    service = profile.find_service(hold.service_id)
    lanes = profile.list_lanes(service) if service else ()
    try:
        occupancy = await load_occupancy(
            ports,
            command.tenant,
            profile,
            hold.blocked,
            at=command.accepted_at,
            fresh=True,
            ignoring={hold.appointment_id},
            lanes={hold.resource, *lanes},
        )
    except (TransientError, PermanentError) as error:
        log.warning("calendar_not_checked", appointment_id=hold.appointment_id, reason=type(error).__name__)
        return [hold.resource]
    if not occupancy.blocks(hold.resource, hold.blocked):
        return [hold.resource]
    if service is None:
        return []
    return select_free_lanes(profile, service, hold.blocked, occupancy, appointment_id=hold.appointment_id)


async def _offer_other_times(ports: BookingPorts, case: Case, hold: Appointment) -> Refusal:
    refusal = await refuse_with_alternatives(ports, case, hold.service_id, hold.start, ignoring={hold.appointment_id})
    return replace(refusal, appointment_id=hold.appointment_id)


async def resend_code(ports: BookingPorts, case: Case, data: BookingResendData) -> Appointment | Refusal:
    """Send another code for the same hold."""
    command, profile, claim = case.command, case.profile, case.claim
    appointment = await ports.appointments.get(data.appointment_id, command.session_id)
    if appointment and appointment.is_changed_by(command.id) and appointment.hold_expires_at:
        again = appointment  # counted before this command was interrupted
    else:
        match decide_resend(appointment, command.accepted_at):
            case Resend(next_one):
                if suppressed := await refuse_suppressed_contact(ports, next_one.contact):
                    return suppressed
                again = replace(next_one, last_change=LastChange(command.id))
                quotas = tuple(
                    list_send_quotas(
                        again,
                        secret=ports.code_key,
                        source_ip=command.source_ip,
                        sends_per_address=ports.sends_per_address,
                        at=command.accepted_at,
                    )
                )
                full_quota = await ports.appointments.save(again, claim=claim, at=command.accepted_at, quotas=quotas)
                if full_quota and (limit := refuse_full_quota(full_quota, command.accepted_at)):
                    return limit
            case AlreadyConfirmed(standing):
                return standing
            case Refusal() as refusal:
                return refusal
    await send_code(ports.notices, command, again, profile)
    return again
