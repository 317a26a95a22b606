"""Sends each command that the backend asked of itself to its use case."""

from shared.messages.commands import (
    BookingPlanReminders,
    BookingRemind,
    CalendarChanged,
    CalendarSync,
    CalendarTick,
    OwnBookingCommand,
)
from shared.messages.server import ServerFrame
from shared.ports import Claim
from workers.booking.handler.owner_changes import follow_owner
from workers.booking.handler.remind import plan_again, remind
from workers.booking.handler.roles import Roles
from workers.booking.handler.sync import sync, tick


async def carry_out(roles: Roles, work: OwnBookingCommand, claim: Claim) -> ServerFrame | None:
    """Return what the visitor of the command's session hears of it; mostly nothing."""
    match work:
        case CalendarTick():
            await tick(roles, work)
        case CalendarSync():
            await sync(roles, work)
        case CalendarChanged():
            return await follow_owner(roles, work, claim)
        case BookingRemind():
            await remind(roles, work)
        case BookingPlanReminders():
            await plan_again(roles, work)
    return None
