"""Use case: a visitor requests a time; it is held, and a code is sent."""

from dataclasses import replace
from datetime import timedelta

import structlog

from shared.ids import derive_id
from shared.messages.client import BookingCreateData
from shared.messages.commands import Envelope
from shared.messages.errors import ErrorCode
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.decisions import MAX_WRONG_CODES
from workers.booking.domain.hold import HOLD_MINUTES, blocks_its_slot, create_hold, is_same_request
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.quotas import Quota, list_day_quotas, list_hold_quotas, list_send_quotas
from workers.booking.domain.slots import refuse_unoffered_start
from workers.booking.domain.values import Appointment, AppointmentState, LastChange, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.case import Case
from workers.booking.handler.limits import find_channels, refuse_full_quota
from workers.booking.handler.occupancy import find_free_lanes
from workers.booking.handler.queue_notices import send_code
from workers.booking.handler.suppressed_contact import refuse_suppressed_contact
from workers.booking.ports import QuotaFull, TooManyBucketsError

log = structlog.get_logger()


async def create_appointment(ports: BookingPorts, case: Case, data: BookingCreateData) -> Appointment | Refusal:
    """Hold the time and queue the code, or refuse without writing an appointment."""
    command = case.command
    held: Appointment | None = None
    if command.replay or not case.claim.is_first:
        # An earlier attempt may have written it. The hold is refused if one has, whatever the claim says.
        held = await ports.appointments.get(derive_appointment_id(command), command.session_id)
    if held is None:
        if command.accepted_at + timedelta(minutes=HOLD_MINUTES) <= case.now:
            # The command waited so long that its hold would expire before the visitor gets the code.
            return Refusal(ErrorCode.CODE_EXPIRED)
        answer = await _hold_time(ports, case, data)
        if isinstance(answer, Refusal):
            return answer
        held = answer
    if held.state is AppointmentState.CONFIRMED:
        return held  # a later command of the visitor found the hold and confirmed it
    if held.hold_expires_at is None or not blocks_its_slot(held, case.now):
        return await refuse_with_alternatives(ports, case, held.service_id, held.start, code=ErrorCode.CODE_EXPIRED)
    await send_code(ports.notices, command, held, case.profile)
    return held


async def _hold_time(ports: BookingPorts, case: Case, data: BookingCreateData) -> Appointment | Refusal:
    command, profile = case.command, case.profile
    requested = await build_requested_hold(ports, case, data)
    if isinstance(requested, Refusal):
        return requested
    service, appointment = requested
    current_hold, stale_holder = await load_session_hold(ports, command)
    if current_hold and is_same_hold(current_hold, appointment, command):
        return current_hold
    # A session has at most one hold: a newer request replaces the older one.
    ours = {current_hold.appointment_id} if current_hold else set()
    lanes = await find_free_lanes(ports, profile, service, appointment, at=command.accepted_at, ignoring=ours)
    for lane in lanes:
        candidate = replace(appointment, resource=lane)
        quotas = _list_quotas(ports, command, profile, service, candidate)
        try:
            lost = await ports.appointments.hold(
                candidate,
                at=command.accepted_at,
                claim=case.claim,
                quotas=quotas,
                replaces=_cancel_replaced_hold(current_hold, command) if current_hold else None,
                stale_holder=stale_holder,
            )
        except TooManyBucketsError:
            break  # the day's buckets are too small for this visit: nobody can book it on that day
        if lost is None:
            ports.metrics.count("AppointmentCreated")
            log.info("appointment_held", appointment_id=candidate.appointment_id, service=service.id, resource=lane)
            return candidate
        if isinstance(lost, QuotaFull):
            limit = refuse_full_quota(lost, command.accepted_at)
            if limit is not None:
                return limit
            break
    return await refuse_with_alternatives(ports, case, service.id, appointment.start, ignoring=ours)


def _list_quotas(
    ports: BookingPorts, command: Envelope, profile: TenantProfile, service: Service, candidate: Appointment
) -> tuple[Quota, ...]:
    """Return all quotas of a hold and its first code."""
    return (
        *list_hold_quotas(
            candidate, secret=ports.code_key, source_ip=command.source_ip, holds_per_address=ports.holds_per_address
        ),
        *list_send_quotas(
            candidate,
            secret=ports.code_key,
            source_ip=command.source_ip,
            sends_per_address=ports.sends_per_address,
            at=command.accepted_at,
        ),
        *list_day_quotas(profile, service, candidate),
    )


async def build_requested_hold(
    ports: BookingPorts, case: Case, data: BookingCreateData
) -> tuple[Service, Appointment] | Refusal:
    """Return the service and the hold that the visitor requests, or the first reason for a refusal."""
    command, profile = case.command, case.profile
    service = profile.find_service(data.service)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    if refusal := refuse_unoffered_start(profile, service, start, command.accepted_at):
        return await refuse_with_alternatives(ports, case, service.id, start, code=refusal.code)
    contact = parse_contact(data.contact, channels=find_channels(ports, profile), region=profile.region)
    if isinstance(contact, Refusal):
        return contact
    if refusal := await refuse_suppressed_contact(ports, contact):
        return refusal
    hold = create_hold(
        appointment_id=derive_appointment_id(command),
        session_id=command.session_id,
        tenant=command.tenant,
        service=service,
        start=start,
        contact=contact,
        name=data.name,
        note=data.note,
        locale=case.locale,
        now=command.accepted_at,
    )
    return service, replace(hold, grid_minutes=compute_bucket_minutes(profile), last_change=LastChange(command.id))


async def load_session_hold(ports: BookingPorts, command: Envelope) -> tuple[Appointment | None, str | None]:
    """Return the session's current hold, or the id of an appointment that still has its quota unit but is no hold.

    A worker that crashed between confirming a hold and freeing its units must not lock the session out.
    """
    holder = await ports.appointments.find_session_hold(command.session_id, at=command.accepted_at)
    current_hold = await ports.appointments.get(holder, command.session_id) if holder else None
    if (
        current_hold
        and current_hold.state is AppointmentState.HELD
        and blocks_its_slot(current_hold, command.accepted_at)
    ):
        return current_hold, None
    return None, holder


def is_same_hold(current_hold: Appointment, candidate: Appointment, command: Envelope) -> bool:
    """Return whether the session's hold is the requested one, so that a repeated request gets the same answer.

    A hold with too many wrong codes is useless: a repeated request gets a new one.
    """
    return (
        current_hold.hold_expires_at is not None
        and current_hold.code_attempts < MAX_WRONG_CODES
        and is_same_request(
            current_hold,
            service_id=candidate.service_id,
            start=candidate.start,
            contact=candidate.contact,
            at=command.accepted_at,
        )
    )


def _cancel_replaced_hold(current_hold: Appointment, command: Envelope) -> Appointment:
    return replace(
        current_hold,
        state=AppointmentState.CANCELLED,
        hold_expires_at=None,
        version=current_hold.version + 1,
        last_change=LastChange(command.id),
    )


def derive_appointment_id(command: Envelope) -> str:
    """Return the id of the appointment that a command creates; it is the same for each attempt."""
    return derive_id(command.id, "appointment")
