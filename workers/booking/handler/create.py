"""A visitor asks for a time: it is held, and a code goes out."""

from dataclasses import replace
from datetime import timedelta

import structlog

from shared.claims import Claim
from shared.ids import derived_id
from shared.messages.commands import BookingCreate
from shared.messages.errors import ErrorCode
from shared.messages.server import ServerFrame
from shared.tenants.grid import bucket_minutes
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.decisions import MAX_ATTEMPTS
from workers.booking.domain.hold import HOLD_MINUTES, is_same_wish, keeps_its_time, place_hold
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.quotas import Quota, day_quotas, hold_quotas, send_quotas
from workers.booking.domain.slots import is_offered
from workers.booking.domain.values import Appointment, AppointmentState, LastChange, Refusal
from workers.booking.handler.availability import with_alternatives
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.frames import confirmed, pending, refused
from workers.booking.handler.limits import channels_of, too_many
from workers.booking.handler.notify import send_code
from workers.booking.handler.occupancy import find_free_lanes
from workers.booking.ports import QuotaFull, TooManyBucketsError

log = structlog.get_logger()


async def create(ports: BookingPorts, command: BookingCreate, claim: Claim, locale: str) -> ServerFrame:
    """Hold the time, have the code sent, and say so; or refuse, with no appointment written.

    A replay that has nothing held yet holds from now on: the visitor gets their code now.
    """
    if command.replay:
        command = command.model_copy(update={"accepted_at": ports.clock.now()})
    profile = await ports.tenants.profile(command.tenant)
    held = await ports.appointments.get(appointment_id_of(command), command.session_id)
    if held is None:
        if command.accepted_at + timedelta(minutes=HOLD_MINUTES) <= ports.clock.now():
            # It waited so long that its hold would be over before the visitor hears of it.
            return refused(command, Refusal(ErrorCode.CODE_EXPIRED), profile.zone, locale)
        answer = await _hold(ports, command, profile, claim, locale)
        if isinstance(answer, Refusal):
            return refused(command, answer, profile.zone, locale)
        held = answer
    if held.state is AppointmentState.CONFIRMED:
        # A later command of the visitor found the hold and confirmed it.
        return confirmed(command, held, profile, ports.clock.now())
    if held.hold_expires_at is None or not keeps_its_time(held, ports.clock.now()):
        expired = await with_alternatives(
            ports, command, profile, held.service_id, held.start, code=ErrorCode.CODE_EXPIRED
        )
        return refused(command, expired, profile.zone, locale)
    await send_code(ports.notices, command, held, profile)
    return pending(command, held, profile.zone)


async def _hold(
    ports: BookingPorts, command: BookingCreate, profile: TenantProfile, claim: Claim, locale: str
) -> Appointment | Refusal:
    wish = await wish_of(ports, command, profile, locale)
    if isinstance(wish, Refusal):
        return wish
    service, appointment = wish
    own, left_by = await own_hold(ports, command)
    if own and is_same(own, appointment, command):
        return own
    # A session holds one time: its newer wish takes the place of the older one.
    ours = {own.appointment_id} if own else set()
    lanes = await find_free_lanes(ports, profile, service, appointment, at=command.accepted_at, ignoring=ours)
    for lane in lanes:
        wished = replace(appointment, resource=lane)
        quotas = _quotas(ports, command, profile, service, wished)
        try:
            lost = await ports.appointments.hold(
                wished,
                at=command.accepted_at,
                claim=claim,
                quotas=quotas,
                replaces=_given_up(own, command) if own else None,
                succeeds=left_by,
            )
        except TooManyBucketsError:
            break  # a day whose pieces are too fine for the visit: nobody can have it there
        if lost is None:
            ports.metrics.count("AppointmentCreated")
            log.info("appointment_held", appointment_id=wished.appointment_id, service=service.id, resource=lane)
            return wished
        if isinstance(lost, QuotaFull):
            limit = too_many(lost, command.accepted_at)
            if limit is not None:
                return limit
            break
    return await with_alternatives(ports, command, profile, service.id, appointment.start, ignoring=ours)


def _quotas(
    ports: BookingPorts, command: BookingCreate, profile: TenantProfile, service: Service, wished: Appointment
) -> tuple[Quota, ...]:
    """Return everything that bounds a hold with its first code."""
    return (
        *hold_quotas(
            wished, secret=ports.code_key, source_ip=command.source_ip, holds_per_address=ports.holds_per_address
        ),
        *send_quotas(
            wished,
            secret=ports.code_key,
            source_ip=command.source_ip,
            sends_per_address=ports.sends_per_address,
            at=command.accepted_at,
        ),
        *day_quotas(profile, service, wished),
    )


async def wish_of(
    ports: BookingPorts, command: BookingCreate, profile: TenantProfile, locale: str
) -> tuple[Service, Appointment] | Refusal:
    """Return the appointment that the visitor wishes for, or the first reason why it can't be."""
    service = profile.service(command.data.service)
    if service is None:
        return Refusal(ErrorCode.UNKNOWN_SERVICE)
    start = parse_start(command.data.start, profile.zone)
    if isinstance(start, Refusal):
        return start
    if refusal := is_offered(profile, service, start, command.accepted_at):
        return await with_alternatives(ports, command, profile, service.id, start, code=refusal.code)
    contact = parse_contact(command.data.contact, channels=channels_of(ports, profile), region=profile.region)
    if isinstance(contact, Refusal):
        return contact
    hold = place_hold(
        appointment_id=appointment_id_of(command),
        session_id=command.session_id,
        tenant=command.tenant,
        service=service,
        start=start,
        contact=contact,
        name=command.data.name,
        note=command.data.note,
        locale=locale,
        now=command.accepted_at,
    )
    return service, replace(hold, grid_minutes=bucket_minutes(profile), last_change=LastChange(command.id))


async def own_hold(ports: BookingPorts, command: BookingCreate) -> tuple[Appointment | None, str | None]:
    """Return the time that the session holds already, or the appointment that left its seat behind.

    A worker that died between confirming a hold and giving its seats back must not shut the session out.
    """
    holder = await ports.appointments.find_session_hold(command.session_id, at=command.accepted_at)
    own = await ports.appointments.get(holder, command.session_id) if holder else None
    if own and own.state is AppointmentState.HELD and keeps_its_time(own, command.accepted_at):
        return own, None
    return None, holder


def is_same(own: Appointment, wished: Appointment, command: BookingCreate) -> bool:
    """Whether the session has this very hold: asking twice is answered twice, with one effect.

    A hold that too many wrong codes have closed helps nobody: booking again gets a fresh one.
    """
    return (
        own.hold_expires_at is not None
        and own.code_attempts < MAX_ATTEMPTS
        and is_same_wish(
            own, service_id=wished.service_id, start=wished.start, contact=wished.contact, at=command.accepted_at
        )
    )


def _given_up(own: Appointment, command: BookingCreate) -> Appointment:
    return replace(
        own,
        state=AppointmentState.CANCELLED,
        hold_expires_at=None,
        version=own.version + 1,
        last_change=LastChange(command.id),
    )


def appointment_id_of(command: BookingCreate) -> str:
    """Return the id of the appointment that a wish becomes, however often it is tried."""
    return derived_id(command.id, "appointment")
