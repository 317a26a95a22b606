"""Use cases: a visitor enters the code, which confirms the appointment, or requests another code."""

import asyncio
from dataclasses import replace

import structlog

from shared.errors import PermanentError, TransientError
from shared.messages.client import BookingResendData, BookingVerifyData
from shared.messages.errors import ErrorCode
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.code import is_current_code
from workers.booking.domain.decisions import decide_resend, decide_verify, mark_contact_proved
from workers.booking.domain.hold import has_expired
from workers.booking.domain.lanes import select_free_lanes
from workers.booking.domain.plans import AlreadyDone, ConfirmHold, Refuse, SendCode
from workers.booking.domain.quotas import VISIT_BOUNDS, list_day_quotas_of_visit, list_send_quotas
from workers.booking.domain.values import Appointment, Refusal
from workers.booking.handler.availability import offer_other_times, refuse_with_alternatives
from workers.booking.handler.calendar_event import assign_calendar
from workers.booking.handler.case import Case
from workers.booking.handler.contacts import refuse_suppressed_contact
from workers.booking.handler.limits import refuse_another_visit, refuse_full_quota
from workers.booking.handler.occupancy import load_occupancy, take_first_lane
from workers.booking.handler.queue_notices import derive_code_key
from workers.booking.ports import Lost, QuotaFull

log = structlog.get_logger()


async def plan_verify(
    ports: BookingPorts, case: Case, entered: BookingVerifyData
) -> Refuse | AlreadyDone | ConfirmHold:
    """Plan the confirmation; if the owner has filled the time, in another lane, or at other times."""
    command = case.command
    hold = await ports.appointments.get(entered.appointment_id, command.session_id)
    if hold is None:
        return Refuse(Refusal(ErrorCode.UNKNOWN_APPOINTMENT))
    if hold.is_changed_by(command.id) and hold.hold_expires_at:
        # This command checked its code before it was interrupted.
        wrong = Refusal(ErrorCode.CODE_INVALID)
        return Refuse(
            await offer_other_times(ports, case, hold, hold.start) if hold.verified else wrong, appointment=hold
        )
    code_ok = is_current_code(ports.code_key, hold.appointment_id, hold.code_sends, entered.code)
    replayed_at = case.now if command.replay else None
    confirmed = decide_verify(hold, code_ok=code_ok, now=command.accepted_at, replayed_at=replayed_at)
    if isinstance(confirmed, Refusal):
        return Refuse(await _offer_times_after_start(ports, case, hold, confirmed), appointment=hold)
    if not isinstance(confirmed, Appointment):
        return confirmed
    if lanes := await _find_unblocked_lanes(ports, case, hold):
        return ConfirmHold(hold, case.sign(confirmed), lanes)
    return await _plan_filled_time(ports, case, hold)


async def _offer_times_after_start(ports: BookingPorts, case: Case, hold: Appointment, refusal: Refusal) -> Refusal:
    """Add other times to the refusal of a hold whose time has begun."""
    if refusal.code is not ErrorCode.INVALID_TIME:
        return refusal
    others = await refuse_with_alternatives(ports, case, hold.service_id, hold.start, code=refusal.code)
    return replace(others, about=refusal.about)


async def _plan_filled_time(ports: BookingPorts, case: Case, hold: Appointment) -> Refuse:
    """Plan for a right code whose time the business has filled: the visitor may move without another code."""
    if has_expired(hold, case.now):
        # The code came in time but was processed late: the hold has expired, so the visitor must book again.
        refusal = await refuse_with_alternatives(ports, case, hold.service_id, hold.start)
        return Refuse(refusal, appointment=hold)
    other_times = await offer_other_times(ports, case, hold, hold.start)
    return Refuse(other_times, appointment=hold, changed=mark_contact_proved(hold))


async def apply_confirm(ports: BookingPorts, case: Case, plan: ConfirmHold) -> Appointment | Refusal:
    """Confirm the appointment in one transaction; if its time is lost meanwhile, refuse."""
    hold, profile = plan.appointment, case.profile
    visit_quotas = case.list_visit_quotas(ports, hold)

    async def write(candidate: Appointment) -> Lost | None:
        if candidate.resource == hold.resource:
            return await ports.appointments.confirm(
                candidate, claim=case.claim, confirmed_at=case.confirmed_at, quotas=visit_quotas
            )
        quotas = (*list_day_quotas_of_visit(profile, candidate), *visit_quotas)
        return await ports.appointments.move(
            hold,
            candidate,
            at=case.command.accepted_at,
            claim=case.claim,
            quotas=quotas,
            confirmed_at=case.confirmed_at,
        )

    confirmed = await take_first_lane(
        (assign_calendar(replace(plan.confirmed, resource=lane), profile) for lane in plan.lanes), write
    )
    if isinstance(confirmed, Appointment):
        ports.metrics.count("AppointmentVerified")
        log.info("appointment_confirmed", appointment_id=hold.appointment_id, service=hold.service_id)
        return confirmed
    if isinstance(confirmed, QuotaFull) and confirmed.bound in VISIT_BOUNDS:
        # Other visits of the contact were confirmed since the time was held.
        return refuse_another_visit(confirmed.bound, profile.phone)
    if hold.resource in plan.lanes:
        # The hold had expired, and another visitor has taken its time.
        return await refuse_with_alternatives(ports, case, hold.service_id, hold.start)
    return await apply_refusal(ports, case, await _plan_filled_time(ports, case, hold))


async def apply_refusal(ports: BookingPorts, case: Case, plan: Refuse) -> Refusal:
    """Save what the refusal counts or proves, if anything."""
    if plan.changed:
        await ports.appointments.save(case.sign(plan.changed), claim=case.claim)
        if plan.changed.verified:
            log.info("appointment_time_filled", appointment_id=plan.changed.appointment_id)
    return plan.refusal


async def _find_unblocked_lanes(ports: BookingPorts, case: Case, hold: Appointment) -> tuple[str, ...]:
    """Return the lanes whose calendars are free at the held time, the hold's own first; none if all are filled.

    If a calendar can't be read, or not in time, the hold keeps its lane: its buckets belong to it in our
    tables.
    """
    command, profile = case.command, case.profile
    service = profile.find_service(hold.service_id)
    lanes = profile.list_lanes(service) if service else ()
    try:
        async with asyncio.timeout(ports.calendar_check_seconds):
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
    except (TransientError, PermanentError, TimeoutError) as error:
        log.warning("calendar_not_checked", appointment_id=hold.appointment_id, reason=type(error).__name__)
        return (hold.resource,)
    if not occupancy.blocks(hold.resource, hold.blocked):
        return (hold.resource,)
    if service is None:
        return ()
    return tuple(select_free_lanes(profile, service, hold.blocked, occupancy, appointment_id=hold.appointment_id))


async def plan_resend(ports: BookingPorts, case: Case, reference: BookingResendData) -> Refuse | AlreadyDone | SendCode:
    """Plan another code for the same hold."""
    command = case.command
    hold = await ports.appointments.get(reference.appointment_id, command.session_id)
    if hold is None:
        return Refuse(Refusal(ErrorCode.UNKNOWN_APPOINTMENT))
    if hold.is_changed_by(command.id) and not has_expired(hold, command.accepted_at) and hold.hold_expires_at:
        return AlreadyDone(hold)  # counted before this command was interrupted
    last_code = await ports.codes.find_end(derive_code_key(hold)) if ports.codes else "carried_out"
    decision = decide_resend(hold, command.accepted_at, last_code=last_code)
    if isinstance(decision, SendCode) and (suppressed := await refuse_suppressed_contact(ports, hold.contact)):
        decision = suppressed
    if isinstance(decision, Refusal):
        return Refuse(await _offer_times_after_start(ports, case, hold, decision), appointment=hold)
    return decision


async def apply_resend(ports: BookingPorts, case: Case, plan: SendCode) -> Appointment | Refusal:
    """Count the code before it is sent, or refuse it because a quota is full.

    A code that replaces one that was not sent needs no quota: that one has its own.
    """
    command, counted = case.command, case.sign(plan.counted)
    replaces_unsent = counted.codes_unsent > plan.appointment.codes_unsent
    quotas = list_send_quotas(
        counted,
        secret=ports.code_key,
        source_ip=command.source_ip,
        sends_per_address=ports.sends_per_address,
        at=command.accepted_at,
    )
    full_quota = await ports.appointments.save(
        counted, claim=case.claim, at=command.accepted_at, quotas=() if replaces_unsent else tuple(quotas)
    )
    return (full_quota and refuse_full_quota(full_quota, command.accepted_at)) or counted
