"""Routes each internal command to its use case."""

from shared.claims import Claim
from shared.messages.commands import (
    BookingPlanReminders,
    BookingRemind,
    CalendarChanged,
    CalendarSync,
    CalendarTick,
    InternalBookingCommand,
)
from shared.messages.server import ServerFrame
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.owner_changes import follow_owner
from workers.booking.handler.remind import plan_again, remind
from workers.booking.handler.sync import sync, tick


async def handle_internal_command(
    ports: BookingPorts, command: InternalBookingCommand, claim: Claim
) -> ServerFrame | None:
    """Carry the command out; return the frame for the visitor of its session, or None where there is none."""
    match command:
        case CalendarTick():
            await tick(ports, command)
        case CalendarSync():
            await sync(ports, command)
        case CalendarChanged():
            return await follow_owner(ports, command, claim)
        case BookingRemind():
            await remind(ports, command)
        case BookingPlanReminders():
            await plan_again(ports, command)
    return None
