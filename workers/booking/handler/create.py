"""Use case: a visitor requests a time; it is held, and a code is sent."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import structlog

from shared.ids import derive_id
from shared.messages.client import BookingCreateData
from shared.messages.commands import Envelope
from shared.messages.errors import ErrorCode
from shared.refusal_texts import About
from shared.tenants.grid import compute_bucket_minutes
from shared.tenants.services import Service, parse_lane
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.answers import check_answers
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.decisions import MAX_WRONG_CODES
from workers.booking.domain.held_shares import list_share_quotas
from workers.booking.domain.hold import HOLD_MINUTES, blocks_its_slot, create_hold, is_same_request
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.plans import AlreadyDone, Hold, Refuse
from workers.booking.domain.quotas import Bound, Quota, list_day_quotas, list_hold_quotas, list_send_quotas
from workers.booking.domain.slots import refuse_unoffered_start
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.case import Case
from workers.booking.handler.contacts import find_channels, refuse_suppressed_contact
from workers.booking.handler.limits import refuse_full_quota
from workers.booking.handler.occupancy import (
    choose_free_lanes,
    read_occupants_of_lanes,
    start_reading,
    take_first_lane,
)
from workers.booking.handler.proofs import challenge_holder, has_proof
from workers.booking.ports import Lost, QuotaFull, SlotLost

log = structlog.get_logger()

_MOMENTARY_BOUNDS = frozenset({Bound.HELD_SHARE, Bound.ADDRESS})
"""Whose units are taken before the time is, and free again as soon as it is lost."""


async def plan_create(ports: BookingPorts, case: Case, request: BookingCreateData) -> Refuse | AlreadyDone | Hold:
    """Plan the hold; a request that is repeated finds its hold."""
    command = case.command
    earlier: Appointment | None = None
    if command.replay or not case.claim.is_first:
        # An earlier attempt may have written it. The hold is refused if one has, whatever the claim says.
        earlier = await ports.appointments.get(derive_appointment_id(command), command.session_id)
    if earlier:
        return await _plan_repetition(ports, case, earlier)
    if command.accepted_at + timedelta(minutes=HOLD_MINUTES) <= case.now:
        # The command waited so long that its hold would expire before the visitor gets the code.
        return Refuse(Refusal(ErrorCode.CODE_EXPIRED))
    requested = await _build_requested_hold(ports, case, request)
    if isinstance(requested, Refuse):
        return requested
    service, hold = requested
    # All reads run side by side; most requests need them all.
    async with start_reading(read_occupants_of_lanes(ports, case, service, hold)) as reading:
        refusal, (current_hold, stale_holder) = await asyncio.gather(
            refuse_suppressed_contact(ports, hold.contact), _load_session_hold(ports, command)
        )
        if refusal:
            return Refuse(refusal, hold.start)
        if current_hold and _is_same_hold(current_hold, hold, command):
            return await _plan_repetition(ports, case, current_hold)
        occupants = await reading
    ours = {current_hold.appointment_id} if current_hold else set()
    lanes = await choose_free_lanes(ports, case, service, hold, occupants, ignoring=ours)
    if not lanes:
        return Refuse(await refuse_with_alternatives(ports, case, service.id, hold.start, ignoring=ours), hold.start)
    ours_excluded = tuple(time for time in occupants.ours if time.appointment_id not in ours)
    return Hold(hold, service, lanes, current_hold, ours_excluded, stale_holder)


async def _plan_repetition(ports: BookingPorts, case: Case, held: Appointment) -> Refuse | AlreadyDone:
    """Plan for a hold that exists, or for the visit, if a later command of the visitor has confirmed it."""
    if blocks_its_slot(held, case.now):
        return AlreadyDone(held)
    expired = await refuse_with_alternatives(ports, case, held.service_id, held.start, code=ErrorCode.CODE_EXPIRED)
    return Refuse(expired, appointment=held)


async def apply_hold(ports: BookingPorts, case: Case, plan: Hold) -> Appointment | Refusal:
    """Hold the time in one transaction, or refuse without writing an appointment."""
    at, replaced, is_proved = case.command.accepted_at, plan.current_hold, has_proof(ports, case)
    crowded: set[str] = set()

    async def write(candidate: Appointment) -> Lost | None:
        resource, _ = parse_lane(candidate.resource)
        if resource in crowded:
            return SlotLost()
        lost = await ports.appointments.hold(
            candidate,
            at=at,
            claim=case.claim,
            quotas=_list_quotas(ports, case, plan, candidate, is_proved=is_proved),
            replaces=_cancel_replaced_hold(replaced, case) if replaced else None,
            stale_holder=plan.stale_holder,
        )
        if isinstance(lost, QuotaFull) and _is_time_wanted_by_others(lost, plan, resource):
            crowded.add(resource)
            return SlotLost()
        return lost

    held = await take_first_lane((replace(plan.hold, resource=lane) for lane in plan.lanes), write)
    if isinstance(held, Appointment):
        ports.metrics.count("AppointmentCreated")
        log.info(
            "appointment_held", appointment_id=held.appointment_id, service=plan.service.id, resource=held.resource
        )
        return held
    ours = {replaced.appointment_id} if replaced else set()
    if isinstance(held, QuotaFull) and (challenge := challenge_holder(ports, case, held)):
        return challenge
    if isinstance(held, QuotaFull) and (limit := refuse_full_quota(held, at)):
        return await _offer_other_days(ports, case, plan, limit, ours) if held.bound is Bound.HELD_SHARE else limit
    return await refuse_with_alternatives(ports, case, plan.service.id, plan.hold.start, ignoring=ours)


def _is_time_wanted_by_others(full: QuotaFull, plan: Hold, resource: str) -> bool:
    """Return whether a limit is only reached because others are taking every lane of the time at this moment.

    Of a crowd that wants one time, all but a few find the limit reached by those whose holds are being written. They
    have to know that the time is taken.
    """
    lanes = [lane for lane in plan.lanes if parse_lane(lane)[0] == resource]
    newcomers = full.rivals - {time.appointment_id for time in plan.occupied}
    return full.bound in _MOMENTARY_BOUNDS and len(newcomers) >= len(lanes)


async def _offer_other_days(
    ports: BookingPorts, case: Case, plan: Hold, limit: Refusal, ours: Collection[str]
) -> Refusal:
    """Add times of other days, and the telephone number of the business, to the refusal of a day that is held."""
    start, phone = plan.hold.start, case.profile.phone
    day = start.astimezone(case.profile.zone).date()
    others = await refuse_with_alternatives(ports, case, plan.service.id, start, ignoring=ours, without_days={day})
    about: About = "held_day_phone" if phone else "held_day"
    return replace(limit, alternatives=others.alternatives, about=about, phone=phone or "")


def _list_quotas(
    ports: BookingPorts, case: Case, plan: Hold, candidate: Appointment, *, is_proved: bool
) -> tuple[Quota, ...]:
    """Return all quotas of a hold and its first code; with a proof of work those with the higher limits."""
    command = case.command
    quotas = (
        *list_hold_quotas(
            candidate,
            secret=ports.code_key,
            source_ip=command.source_ip,
            holds_per_address=case.profile.limits.holds_per_address or ports.holds_per_address,
            holds_with_proof=ports.proof_of_work.holds,
        ),
        *list_send_quotas(
            candidate,
            secret=ports.code_key,
            source_ip=command.source_ip,
            sends_per_address=ports.sends_per_address,
            at=command.accepted_at,
            sends_with_proof=ports.sends_with_proof,
        ),
        *list_share_quotas(
            candidate,
            case.profile,
            plan.occupied,
            secret=ports.code_key,
            source_ip=command.source_ip,
            share_percent=ports.held_share_percent,
            share_with_proof_percent=ports.proof_of_work.share,
        ),
        *list_day_quotas(case.profile, plan.service, candidate),
    )
    return tuple(quota.with_proof or quota for quota in quotas) if is_proved else quotas


async def _build_requested_hold(
    ports: BookingPorts, case: Case, request: BookingCreateData
) -> tuple[Service, Appointment] | Refuse:
    """Return the service and the hold that the visitor requests, or the first reason for a refusal."""
    command, profile = case.command, case.profile
    service = profile.find_service(request.service)
    if service is None:
        return Refuse(Refusal(ErrorCode.UNKNOWN_SERVICE))
    start = parse_start(request.start, profile.zone)
    if isinstance(start, Refusal):
        return Refuse(start)
    if refusal := refuse_unoffered_start(profile, service, start, command.accepted_at):
        return Refuse(await refuse_with_alternatives(ports, case, service.id, start, code=refusal.code), start)
    contact = parse_contact(request.contact, channels=find_channels(ports, profile), region=profile.region)
    if isinstance(contact, Refusal):
        return Refuse(contact, start)
    answers = check_answers(service, request.answers or {})
    if isinstance(answers, Refusal):
        return Refuse(answers, start)
    hold = create_hold(
        appointment_id=derive_appointment_id(command),
        session_id=command.session_id,
        tenant=command.tenant,
        service=service,
        start=start,
        contact=contact,
        name=request.name,
        note=request.note,
        locale=case.locale,
        now=command.accepted_at,
    )
    return service, replace(case.sign(hold), answers=answers, grid_minutes=compute_bucket_minutes(profile))


async def _load_session_hold(ports: BookingPorts, command: Envelope) -> tuple[Appointment | None, str | None]:
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


def _is_same_hold(current_hold: Appointment, candidate: Appointment, command: Envelope) -> bool:
    """Return whether the session's hold is the requested one, so that a repeated request gets the same answer.

    A hold with too many wrong codes is useless: a repeated request gets a new one.
    """
    return (
        current_hold.hold_expires_at is not None
        and current_hold.code_attempts < MAX_WRONG_CODES
        and current_hold.answers == candidate.answers
        and is_same_request(
            current_hold,
            service_id=candidate.service_id,
            start=candidate.start,
            contact=candidate.contact,
            at=command.accepted_at,
        )
    )


def _cancel_replaced_hold(current_hold: Appointment, case: Case) -> Appointment:
    version = current_hold.version + 1
    return case.sign(replace(current_hold, state=AppointmentState.CANCELLED, hold_expires_at=None, version=version))


def derive_appointment_id(command: Envelope) -> str:
    """Return the id of the appointment that a command creates; it is the same for each attempt."""
    return derive_id(command.id, "appointment")
