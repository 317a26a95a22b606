"""Routes each internal command to its use case."""

from shared.claims import Claim
from shared.messages.commands import (
    BookingPlanReminders,
    BookingRemind,
    BookingSettleEntry,
    CalendarChanged,
    CalendarSync,
    CalendarTick,
    InternalBookingCommand,
)
from shared.messages.server import ServerFrame
from workers.booking.dependencies import BookingPorts
from workers.booking.handler.calendar_sync import read_calendar_changes, read_due_calendars
from workers.booking.handler.event_sync import sync_event
from workers.booking.handler.owner_changes import follow_owner_change
from workers.booking.handler.reminders import retry_planning, send_due_reminder


async def handle_internal_command(
    ports: BookingPorts, command: InternalBookingCommand, claim: Claim
) -> ServerFrame | None:
    """Carry the command out; return the frame for the visitor of its session, or None where there is none."""
    match command:
        case CalendarTick():
            await read_due_calendars(ports, command)
        case CalendarSync():
            await read_calendar_changes(ports, command)
        case CalendarChanged():
            return await follow_owner_change(ports, command, claim)
        case BookingRemind():
            await send_due_reminder(ports, command)
        case BookingPlanReminders():
            await retry_planning(ports, command)
        case BookingSettleEntry():
            await sync_event(ports, command, claim)
    return None
