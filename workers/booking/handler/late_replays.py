"""Refuses replays that come too late, or after another change of the visit: the visitor is asked to choose again."""

from dataclasses import replace
from datetime import datetime

from shared.messages.commands import BookingCancel, BookingCreate, BookingReschedule
from shared.messages.errors import ErrorCode
from shared.refusal_texts import About
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.plans import CancelVisit, MoveVisit, Plan, Refuse, SendCode
from workers.booking.domain.values import Appointment, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.case import Case, Replayable
from workers.booking.handler.create import derive_appointment_id
from workers.booking.handler.find_appointment import find_appointment


async def plan_late_replay(ports: BookingPorts, case: Case, command: Replayable) -> Refuse | None:
    """Plan `CODE_EXPIRED`, with alternatives, for a replay that would surprise its visitor.

    Returns None for a command that stored its change before it failed. It is finished whatever its age: only its
    effects may be missing.
    """
    appointment = await find_target_appointment(ports, command)
    if (
        appointment
        and appointment.hold_expires_at is None
        and (appointment.is_changed_by(command.id) or isinstance(command, BookingCreate))
    ):
        return None
    requested = _find_requested_time(command, appointment, case.profile)
    about: About | None = "late_change" if isinstance(command, BookingCancel | BookingReschedule) else None
    if requested is None:
        return Refuse(Refusal(ErrorCode.CODE_EXPIRED, about=about), is_too_old=True)
    service_id, start = requested
    refusal = await refuse_with_alternatives(ports, case, service_id, start, code=ErrorCode.CODE_EXPIRED)
    return Refuse(replace(refusal, about=about), start, is_too_old=True)


def refuse_overtaken_replay(case: Case, plan: Plan) -> Refuse | None:
    """Return `CODE_EXPIRED` for a replay that would undo what was done after its command was accepted.

    A cancellation, a move or a request for a code that failed is not carried out once its visitor has changed the visit
    in another way, or its owner has: the visitor has seen that since. A plan that changes nothing stays as it is. So
    does the request for a time, which finds its own appointment, and a code, which confirms whatever is held.
    """
    if not case.command.replay or not isinstance(plan, CancelVisit | MoveVisit | SendCode):
        return None
    if not plan.appointment.is_changed_after(case.requested_at):
        return None
    start = plan.moved.start if isinstance(plan, MoveVisit) else None
    refusal = Refusal(ErrorCode.CODE_EXPIRED, about="overtaken")
    return Refuse(refusal, start, plan.appointment, is_overtaken=True)


async def find_target_appointment(ports: BookingPorts, command: Replayable) -> Appointment | None:
    """Return the appointment that a command is about, or None."""
    if isinstance(command, BookingCreate):
        return await ports.appointments.get(derive_appointment_id(command), command.session_id)
    if isinstance(command, BookingCancel | BookingReschedule):
        return await find_appointment(ports, command, command.data)
    return await ports.appointments.get(command.data.appointment_id, command.session_id)


def _find_requested_time(
    command: Replayable, appointment: Appointment | None, profile: TenantProfile
) -> tuple[str, datetime] | None:
    """Return the service and the start that the visitor requested or has."""
    if isinstance(command, BookingCreate):
        start = parse_start(command.data.start, profile.zone)
        service = profile.find_service(command.data.service)
        return (service.id, start) if service and not isinstance(start, Refusal) else None
    return (
        (appointment.service_id, appointment.start)
        if appointment and profile.find_service(appointment.service_id)
        else None
    )
