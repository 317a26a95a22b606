"""A command that failed is replayed by the business: in time it is carried out, later the visitor chooses again."""

from datetime import datetime

from shared.messages.commands import BookingCancel, BookingCreate, BookingReschedule, BookingResend, BookingVerify
from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.replay import is_too_late
from workers.booking.domain.values import Appointment, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.create import appointment_id_of
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.find_appointment import find_appointment

Replayable = BookingCreate | BookingVerify | BookingResend | BookingCancel | BookingReschedule


async def refuse_if_too_late(ports: BookingPorts, command: Replayable) -> Refusal | None:
    """Return `CODE_EXPIRED`, with times to choose from, for a replay that would surprise its visitor.

    A command that did its deed before it failed is finished whatever its age: the visit stands, and only its entry in
    the calendar or its letter may be missing.
    """
    if not is_too_late(command.accepted_at, replay=command.replay, now=ports.clock.now()):
        return None
    found = await find_target_appointment(ports, command)
    if (
        found
        and found.hold_expires_at is None
        and (found.is_changed_by(command.id) or isinstance(command, BookingCreate))
    ):
        return None
    profile = await ports.tenants.profile(command.tenant)
    requested = requested_time(command, found, profile)
    if requested is None:
        return Refusal(ErrorCode.CODE_EXPIRED)
    service_id, start = requested
    return await refuse_with_alternatives(ports, command, profile, service_id, start, code=ErrorCode.CODE_EXPIRED)


async def find_target_appointment(ports: BookingPorts, command: Replayable) -> Appointment | None:
    """Return the appointment that a command is about, if there is one."""
    if isinstance(command, BookingCreate):
        return await ports.appointments.get(appointment_id_of(command), command.session_id)
    if isinstance(command, BookingCancel | BookingReschedule):
        return await find_appointment(ports, command)
    return await ports.appointments.get(command.data.appointment_id, command.session_id)


def requested_time(
    command: Replayable, found: Appointment | None, profile: TenantProfile
) -> tuple[str, datetime] | None:
    """Return the service and the time that the visitor had in mind."""
    if isinstance(command, BookingCreate):
        start = parse_start(command.data.start, profile.zone)
        service = profile.service(command.data.service)
        return (service.id, start) if service and not isinstance(start, Refusal) else None
    return (found.service_id, found.start) if found and profile.service(found.service_id) else None
