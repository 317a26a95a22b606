"""Use cases: a visitor cancels or reschedules an appointment."""

from dataclasses import replace

import structlog

from shared.messages.client import BookingCancelData, BookingRescheduleData
from shared.messages.errors import ErrorCode
from shared.tenants.grid import compute_bucket_minutes
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.decisions import decide_cancel, decide_reschedule
from workers.booking.domain.held_shares import list_share_quotas
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.plans import AlreadyDone, CancelVisit, MoveVisit, Refuse
from workers.booking.domain.quotas import VISIT_BOUNDS, list_day_quotas
from workers.booking.domain.slots import refuse_unoffered_start
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.domain.visit_length import keep_length
from workers.booking.handler.availability import offer_other_times, refuse_with_alternatives
from workers.booking.handler.calendar_event import assign_calendar
from workers.booking.handler.case import Case
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.limits import refuse_another_visit
from workers.booking.handler.occupancy import find_free_lanes, take_first_lane
from workers.booking.ports import Lost, QuotaFull

log = structlog.get_logger()


async def plan_cancel(
    ports: BookingPorts, case: Case, reference: BookingCancelData
) -> Refuse | AlreadyDone | CancelVisit:
    """Plan the cancellation."""
    appointment = await find_appointment(ports, case.command, reference)
    decision = decide_cancel(appointment, case.profile, case.command.accepted_at)
    return Refuse(decision, appointment=appointment) if isinstance(decision, Refusal) else decision


async def apply_cancel(ports: BookingPorts, case: Case, plan: CancelVisit) -> Appointment:
    """Cancel the appointment and free its time."""
    cancelled = case.sign(plan.cancelled)
    await ports.appointments.cancel(cancelled, claim=case.claim)
    log.info("appointment_cancelled", appointment_id=cancelled.appointment_id)
    return cancelled


async def plan_reschedule(
    ports: BookingPorts, case: Case, request: BookingRescheduleData
) -> Refuse | AlreadyDone | MoveVisit:
    """Plan the move to the requested start, in the same lane if that is free."""
    command, profile = case.command, case.profile
    appointment = await find_appointment(ports, command, request)
    if appointment is None:
        return Refuse(Refusal(ErrorCode.UNKNOWN_APPOINTMENT))
    if appointment.is_changed_by(command.id):
        return AlreadyDone(appointment)  # moved before this command was interrupted
    service = profile.find_service(appointment.service_id)
    if service is None:
        return Refuse(Refusal(ErrorCode.UNKNOWN_SERVICE), appointment=appointment)
    start = parse_start(request.start, profile.zone)
    if isinstance(start, Refusal):
        return Refuse(start, appointment=appointment)
    grid_minutes = compute_bucket_minutes(profile)
    profile, service = keep_length(profile, service, appointment)
    case = replace(case, profile=profile)
    moved = decide_reschedule(
        appointment,
        profile,
        service,
        start,
        command.accepted_at,
        requested_at=case.requested_at,
        max_moves=ports.visit_limits.override(profile.limits).moves,
    )
    if isinstance(moved, Refusal):
        return Refuse(moved, start, appointment)
    if isinstance(moved, AlreadyDone):
        return moved
    ours = {appointment.appointment_id}
    if not_offered := refuse_unoffered_start(profile, service, start, command.accepted_at):
        refusal = await refuse_with_alternatives(ports, case, service.id, start, code=not_offered.code, ignoring=ours)
        return Refuse(refusal, start, appointment)
    lanes = await find_free_lanes(ports, case, service, moved, ignoring=ours)
    if not lanes:
        return Refuse(await offer_other_times(ports, case, appointment, start), start, appointment)
    moved = replace(case.sign(moved), grid_minutes=grid_minutes)
    return MoveVisit(appointment, moved, service, tuple(sorted(lanes, key=lambda lane: lane != appointment.resource)))


async def apply_move(ports: BookingPorts, case: Case, plan: MoveVisit) -> Appointment | Refusal:
    """Move the appointment: one transaction occupies the new time and frees the old one."""
    profile, is_confirmed = case.profile, plan.moved.state is AppointmentState.CONFIRMED
    # A hold whose code was right, but whose time the business had filled, is confirmed by its move.
    confirms = is_confirmed and plan.appointment.state is AppointmentState.HELD

    async def write(candidate: Appointment) -> Lost | None:
        quotas = [*list_day_quotas(profile, plan.service, candidate)]
        if confirms:
            quotas += case.list_visit_quotas(ports, candidate)
        if candidate.state is AppointmentState.HELD:
            # Or holds of many days could be moved into one. What is booked on that day is not read for it.
            quotas += list_share_quotas(
                candidate,
                profile,
                (),
                secret=ports.code_key,
                source_ip=case.command.source_ip,
                at=case.command.accepted_at,
                share_percent=ports.held_share_percent,
            )
        return await ports.appointments.move(
            plan.appointment,
            candidate,
            at=case.command.accepted_at,
            claim=case.claim,
            quotas=quotas,
            confirmed_at=case.confirmed_at if confirms else None,
        )

    candidates = (replace(plan.moved, resource=lane) for lane in plan.lanes)
    moved = await take_first_lane(
        (assign_calendar(candidate, profile) if is_confirmed else candidate for candidate in candidates), write
    )
    if isinstance(moved, QuotaFull) and moved.bound in VISIT_BOUNDS:
        return refuse_another_visit(moved.bound, profile.phone)
    if not isinstance(moved, Appointment):
        return await offer_other_times(ports, case, plan.appointment, plan.moved.start)
    log.info("appointment_rescheduled", appointment_id=moved.appointment_id)
    return moved
