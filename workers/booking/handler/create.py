"""A visitor asks for a time: it is held, and a code goes out."""

from dataclasses import replace

import structlog

from shared.ids import derived_id
from shared.messages.commands import BookingCreate
from shared.messages.errors import ErrorCode
from shared.messages.server import ServerFrame
from shared.ports import Claim
from shared.tenants.grid import bucket_minutes
from shared.tenants.profile import Service, TenantProfile
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.decisions import MAX_ATTEMPTS
from workers.booking.domain.hold import is_same_wish, keeps_its_time, place_hold
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.slots import is_offered
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.handler.availability import slot_taken
from workers.booking.handler.frames import pending, refused
from workers.booking.handler.notify import send_code
from workers.booking.handler.roles import Roles

log = structlog.get_logger()


async def create(roles: Roles, work: BookingCreate, claim: Claim, locale: str) -> ServerFrame:
    """Hold the time, have the code sent, and say so; or refuse, with nothing written."""
    profile = await roles.tenants.profile(work.tenant)
    held = await roles.appointments.get(_appointment_id(work), work.session_id)
    if held is None:
        answer = await _hold(roles, work, profile, claim, locale)
        if isinstance(answer, Refusal):
            return refused(work, answer, profile.zone, locale)
        held = answer
    if held.hold_expires_at is None or not keeps_its_time(held, roles.clock.now()):
        return refused(work, Refusal(ErrorCode.CODE_EXPIRED), profile.zone, locale)
    await send_code(roles.notices, work, held, profile)
    return pending(work, held, profile.zone)


async def _hold(
    roles: Roles, work: BookingCreate, profile: TenantProfile, claim: Claim, locale: str
) -> Appointment | Refusal:
    wish = _wish(roles, work, profile, locale)
    if isinstance(wish, Refusal):
        return wish
    service, appointment = wish
    calendar = await roles.calendar.busy(profile.calendar_id, appointment.blocked, fresh=True)
    if not any(appointment.blocked.overlaps(busy) for busy in calendar):
        lost = await roles.appointments.hold(appointment, at=work.accepted_at, claim=claim)
        if lost and lost.own_appointment_id:
            own = await roles.appointments.get(lost.own_appointment_id, work.session_id)
            if own and _is_same(own, appointment, work):
                return own
            if own and own.state is AppointmentState.HELD:
                # A corrected address, or another service: the session's newer wish takes the place of its older one.
                lost = await roles.appointments.hold(
                    appointment, at=work.accepted_at, claim=claim, replaces=_given_up(own, work)
                )
        if lost is None:
            roles.metrics.count("AppointmentCreated")
            log.info("appointment_held", appointment_id=appointment.appointment_id, service=service.id)
            return appointment
    return await slot_taken(roles, work, profile, service.id, appointment.start)


def _wish(
    roles: Roles, work: BookingCreate, profile: TenantProfile, locale: str
) -> tuple[Service, Appointment] | Refusal:
    """Return the appointment that the visitor wishes for, or the first reason why it can't be."""
    service = profile.service(work.data.service)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(work.data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    if refusal := is_offered(profile, service, start, work.accepted_at):
        return refusal
    contact = parse_contact(work.data.contact, email_enabled=roles.email_enabled and bool(profile.senders.email))
    if isinstance(contact, Refusal):
        return contact
    hold = place_hold(
        appointment_id=_appointment_id(work),
        session_id=work.session_id,
        tenant=work.tenant,
        service=service,
        start=start,
        contact=contact,
        name=work.data.name,
        note=work.data.note,
        locale=locale,
        now=work.accepted_at,
    )
    return service, replace(hold, grid_minutes=bucket_minutes(profile), changed_by=work.id)


def _is_same(own: Appointment, wished: Appointment, work: BookingCreate) -> bool:
    """Whether the session has this very hold: asking twice is answered twice, with one effect.

    A hold that too many wrong codes have closed helps nobody: booking again gets a fresh one.
    """
    return (
        own.hold_expires_at is not None
        and own.code_attempts < MAX_ATTEMPTS
        and is_same_wish(
            own, service_id=wished.service_id, start=wished.start, contact=wished.contact, at=work.accepted_at
        )
    )


def _given_up(own: Appointment, work: BookingCreate) -> Appointment:
    return replace(
        own, state=AppointmentState.CANCELLED, hold_expires_at=None, version=own.version + 1, changed_by=work.id
    )


def _appointment_id(work: BookingCreate) -> str:
    return derived_id(work.id, "appointment")
