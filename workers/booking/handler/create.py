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
from workers.booking.domain.visit_limits import list_visit_quotas
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.case import Case
from workers.booking.handler.contacts import find_channels, refuse_suppressed_contact
from workers.booking.handler.limits import refuse_full_quota
from workers.booking.handler.occupancy import (
    add_calendars_of_lanes,
    choose_free_lanes,
    read_records_of_visit,
    take_first_lane,
)
from workers.booking.handler.proofs import challenge_holder, has_proof
from workers.booking.ports import Lost, QuotaFull, SlotLost

log = structlog.get_logger()

_MOMENTARY_BOUNDS = frozenset({Bound.HELD_SHARE, Bound.ADDRESS})
"""Whose units are taken before the time is, and free again as soon as it is lost."""


_AMONG_RECORDS = frozenset({Bound.SESSION, Bound.DAY})
"""Quotas that are known before: the session's older hold is replaced, and caps of days are among the records."""


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
    refusal, (current_hold, stale_holder), records = await asyncio.gather(
        refuse_suppressed_contact(ports, hold.contact),
        _load_session_hold(ports, command),
        read_records_of_visit(ports, case, hold),
    )
    if refusal:
        return Refuse(refusal, hold.start)
    if current_hold and _is_same_hold(current_hold, hold, command):
        return await _plan_repetition(ports, case, current_hold)
    ours = {current_hold.appointment_id} if current_hold else set()
    ours_excluded = tuple(time for time in records.ours if time.appointment_id not in ours)
    # What our records refuse is refused without the calendars, whose requests all businesses share.
    lanes = await choose_free_lanes(ports, case, service, hold, records, ignoring=ours)
    plan = Hold(hold, service, lanes, current_hold, ours_excluded, stale_holder, has_proof(ports, case))
    if lanes:
        if refusal := await _refuse_by_quotas(ports, case, plan):
            return Refuse(refusal, hold.start)
        occupants = await add_calendars_of_lanes(ports, case, service, hold, records)
        lanes = await choose_free_lanes(ports, case, service, hold, occupants, ignoring=ours)
    if not lanes:
        return Refuse(await refuse_with_alternatives(ports, case, service.id, hold.start, ignoring=ours), hold.start)
    return replace(plan, lanes=lanes)


async def _plan_repetition(ports: BookingPorts, case: Case, held: Appointment) -> Refuse | AlreadyDone:
    """Plan for a hold that exists, or for the visit, if a later command of the visitor has confirmed it."""
    if blocks_its_slot(held, case.now):
        return AlreadyDone(held)
    expired = await refuse_with_alternatives(ports, case, held.service_id, held.start, code=ErrorCode.CODE_EXPIRED)
    return Refuse(expired, appointment=held)


async def apply_hold(ports: BookingPorts, case: Case, plan: Hold) -> Appointment | Refusal:
    """Hold the time in one transaction, or refuse without writing an appointment."""
    at, replaced = case.command.accepted_at, plan.current_hold
    crowded: set[str] = set()

    async def write(candidate: Appointment) -> Lost | None:
        resource, _ = parse_lane(candidate.resource)
        if resource in crowded:
            return SlotLost()
        lost = await ports.appointments.hold(
            candidate,
            at=at,
            claim=case.claim,
            quotas=_list_quotas(ports, case, plan, candidate),
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
    return await _refuse_lost_hold(ports, case, plan, held)


def _is_time_wanted_by_others(full: QuotaFull, plan: Hold, resource: str) -> bool:
    """Return whether a limit is only reached because others are taking every lane of the time at this moment.

    Of a crowd that wants one time, all but a few find the limit reached by those whose holds are being written. They
    have to know that the time is taken.
    """
    lanes = [lane for lane in plan.lanes if parse_lane(lane)[0] == resource]
    newcomers = full.rivals - {time.appointment_id for time in plan.occupied}
    return full.bound in _MOMENTARY_BOUNDS and len(newcomers) >= len(lanes)


async def _refuse_by_quotas(ports: BookingPorts, case: Case, plan: Hold) -> Refusal | None:
    """Return the refusal of a quota that is full anyway, so that repeated requests beyond it read no calendar.

    A day's share is full if that of each resource is.
    """
    resources = list(dict.fromkeys(parse_lane(lane)[0] for lane in plan.lanes))
    candidates = [
        replace(plan.hold, resource=next(lane for lane in plan.lanes if parse_lane(lane)[0] == resource))
        for resource in resources
    ]
    full = await _find_full_quota(ports, case, plan, candidates[0], is_share=False)
    if full and full.bound is Bound.ADDRESS:
        # The units of the share say who else wants this time.
        full = await _find_full_quota(ports, case, plan, candidates[0], is_share=None)
    if full is None:
        shares = await asyncio.gather(
            *(_find_full_quota(ports, case, plan, candidate, is_share=True) for candidate in candidates)
        )
        full = shares[-1] if all(shares) else None
    if full is None:
        return None
    is_time_lost = _is_time_wanted_by_others(full, plan, resources[-1])
    return await _refuse_lost_hold(ports, case, plan, SlotLost() if is_time_lost else full)


async def _find_full_quota(
    ports: BookingPorts, case: Case, plan: Hold, candidate: Appointment, *, is_share: bool | None
) -> QuotaFull | None:
    """Return a full quota of a hold: its share of the day, another one, or either."""
    quotas = [
        quota
        for quota in _list_quotas(ports, case, plan, candidate)
        if quota.bound not in _AMONG_RECORDS and is_share in {None, quota.bound is Bound.HELD_SHARE}
    ]
    return await ports.appointments.find_full_quota(
        quotas, at=case.command.accepted_at, replaces=plan.current_hold, stale_holder=plan.stale_holder
    )


async def _refuse_lost_hold(ports: BookingPorts, case: Case, plan: Hold, lost: Lost) -> Refusal:
    """Return the refusal of a full quota or its challenge, or with other times if the time or the day is occupied."""
    if isinstance(lost, QuotaFull) and (challenge := challenge_holder(ports, case, lost)):
        return challenge
    ours = {plan.current_hold.appointment_id} if plan.current_hold else set()
    if isinstance(lost, QuotaFull) and (
        limit := refuse_full_quota(lost, case.command.accepted_at, phone=case.profile.phone)
    ):
        return await _offer_other_days(ports, case, plan, limit, ours) if lost.bound is Bound.HELD_SHARE else limit
    return await refuse_with_alternatives(ports, case, plan.service.id, plan.hold.start, ignoring=ours)


async def _offer_other_days(
    ports: BookingPorts, case: Case, plan: Hold, limit: Refusal, ours: Collection[str]
) -> Refusal:
    """Add times of other days, and the telephone number of the business, to the refusal of a day that is held."""
    start, phone = plan.hold.start, case.profile.phone
    day = start.astimezone(case.profile.zone).date()
    others = await refuse_with_alternatives(ports, case, plan.service.id, start, ignoring=ours, without_days={day})
    about: About = "held_day_phone" if phone else "held_day"
    return replace(limit, alternatives=others.alternatives, about=about, phone=phone or "")


def _list_quotas(ports: BookingPorts, case: Case, plan: Hold, candidate: Appointment) -> tuple[Quota, ...]:
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
            at=command.accepted_at,
            share_percent=ports.held_share_percent,
            share_with_proof_percent=ports.proof_of_work.share,
        ),
        *list_day_quotas(case.profile, plan.service, candidate),
        *list_visit_quotas(
            candidate,
            ports.visit_limits.override(case.profile.limits),
            secret=ports.code_key,
            source_ip=command.source_ip,
            at=command.accepted_at,
            takes_unit=False,
        ),
    )
    return tuple(quota.with_proof or quota for quota in quotas) if plan.is_proved else quotas


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
