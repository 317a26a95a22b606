"""Queues what follows from an appointment once it is stored: notices, reminders, the sync of its event."""

from shared.messages.commands import BookingCreate, BookingResend
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.case import Case
from workers.booking.handler.contacts import find_channels, list_contact_kinds
from workers.booking.handler.event_sync import request_event_sync
from workers.booking.handler.queue_notices import send_cancelled, send_code, send_confirmed, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders


async def run_effects(ports: BookingPorts, case: Case, appointment: Appointment) -> None:
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
