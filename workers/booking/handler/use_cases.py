"""Plans each command of a visitor, and carries the plan out: the change of the appointment, then its effects."""

from shared.messages.commands import BookingCancel, BookingCreate, BookingReschedule, BookingResend, BookingVerify
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.plans import (
    AlreadyDone,
    CancelVisit,
    ConfirmHold,
    Hold,
    MoveVisit,
    Plan,
    Refuse,
    SendCode,
)
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.handler.case import Case, Replayable
from workers.booking.handler.change import apply_cancel, apply_move, plan_cancel, plan_reschedule
from workers.booking.handler.contacts import find_channels, list_contact_kinds
from workers.booking.handler.create import apply_hold, plan_create
from workers.booking.handler.event_sync import request_event_sync
from workers.booking.handler.late_replays import plan_late_replay, refuse_overtaken_replay
from workers.booking.handler.queue_notices import send_cancelled, send_code, send_confirmed, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders
from workers.booking.handler.verify import apply_confirm, apply_refusal, apply_resend, plan_resend, plan_verify


async def plan_command(ports: BookingPorts, case: Case, command: Replayable) -> Plan:
    """Return what the command will do; it reads, and changes nothing."""
    if case.is_too_late and (late := await plan_late_replay(ports, case, command)):
        return late
    plan = await _plan_in_time(ports, case, command)
    return refuse_overtaken_replay(case, plan) or plan


async def _plan_in_time(ports: BookingPorts, case: Case, command: Replayable) -> Plan:
    match command:
        case BookingCreate(data=request):
            return await plan_create(ports, case, request)
        case BookingVerify(data=entered):
            return await plan_verify(ports, case, entered)
        case BookingResend(data=hold):
            return await plan_resend(ports, case, hold)
        case BookingCancel(data=visit):
            return await plan_cancel(ports, case, visit)
        case BookingReschedule(data=move):
            return await plan_reschedule(ports, case, move)


async def apply_plan(ports: BookingPorts, case: Case, plan: Plan) -> Appointment | Refusal:
    """Carry the plan out; return the appointment as it is stored then, or why the visitor gets no other answer."""
    changed = await _write_change(ports, case, plan)
    if isinstance(changed, Appointment):
        await _run_effects(ports, case, changed)
    return changed


async def _write_change(ports: BookingPorts, case: Case, plan: Plan) -> Appointment | Refusal:
    match plan:
        case Refuse():
            return await apply_refusal(ports, case, plan)
        case AlreadyDone(appointment):
            if appointment.state is AppointmentState.CANCELLED:
                # Free what a crash may have left behind.
                await ports.appointments.free(appointment)
            return appointment
        case Hold():
            return await apply_hold(ports, case, plan)
        case ConfirmHold():
            return await apply_confirm(ports, case, plan)
        case SendCode():
            return await apply_resend(ports, case, plan)
        case CancelVisit():
            return await apply_cancel(ports, case, plan)
        case MoveVisit():
            return await apply_move(ports, case, plan)


async def _run_effects(ports: BookingPorts, case: Case, appointment: Appointment) -> None:
    """Run the effects of a visitor's command; each can be repeated, after a crash or by a replay.

    Only the command that made the last change has effects: the owner may have moved or deleted the event since.
    """
    command, profile, now = case.command, case.profile, case.now
    if appointment.state is AppointmentState.HELD:
        if isinstance(command, BookingCreate | BookingResend):
            kinds = list_contact_kinds(find_channels(ports, profile))
            await send_code(ports.notices, command, appointment, profile, contact_kinds=kinds)
        return
    if not appointment.is_changed_by(command.id):
        return
    if appointment.state is AppointmentState.CANCELLED:
        if appointment.calendar_event_id:
            await send_cancelled(ports.notices, command, appointment, profile, now)
            await delete_reminders(ports, appointment, profile)
            await request_event_sync(ports, command, appointment)
        return
    send = send_rescheduled if case.has_moved(appointment) else send_confirmed
    await send(ports.notices, command, appointment, profile, now)
    await plan_reminders(ports, appointment, profile, now)
    await request_event_sync(ports, command, appointment)
