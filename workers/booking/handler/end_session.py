"""Use case: a visitor ends the session and has the conversation forgotten, as on a computer that others use.

The command is on the queue of bookings, in the group of its session: what was booked before is done, and what comes
after finds the end. Commands of chat are on another queue. They change nothing but the conversation, and whoever stores
a frame in it after the end finds the end, too (`shared/aws/conversations/erasure.py`).
"""

import asyncio
from dataclasses import replace

import structlog

from shared.claims import Claim
from shared.conversations.replies import Replies
from shared.messages.commands import SessionEnd
from shared.messages.server import BookingConfirmed, BookingPending, SessionEnded
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.transcript import SEARCHED_FRAMES

log = structlog.get_logger()


async def end_session(ports: BookingPorts, replies: Replies, command: SessionEnd, claim: Claim) -> None:
    """End the session of the command.

    Every step may be repeated, and those that a crash has left out are carried out by the next attempt: the holds are
    found in the frames, so these are erased after them.
    """
    session_id = command.session_id
    await ports.tokens.revoke_tokens(session_id, now=ports.clock.now())
    forgotten = await _forget_holds(ports, replies, command, claim)
    frame = await ports.erasure.end_conversation(session_id, SessionEnded(re=command.client_id))
    # An appointment that another tab has held meanwhile does not exist: its command waits behind this one.
    await ports.erasure.erase_frames(session_id)
    await replies.end_connections(session_id, frame)
    log.info("session_ended", holds=forgotten)


async def _forget_holds(ports: BookingPorts, replies: Replies, command: SessionEnd, claim: Claim) -> int:
    """Free the times that were never confirmed, and erase what their rows say of the visitor; return their number."""
    frames = await replies.list_last_frames(command.session_id, SEARCHED_FRAMES)
    held = [frame.data.appointment_id for frame in frames if isinstance(frame, BookingPending)]
    confirmed = {frame.data.appointment_id for frame in frames if isinstance(frame, BookingConfirmed)}
    now = ports.clock.now()
    if current := await ports.appointments.find_session_hold(command.session_id, at=now):
        held.append(current)
    ids = [one for one in dict.fromkeys(held) if one not in confirmed]
    found = await asyncio.gather(*(ports.appointments.get(one, command.session_id) for one in ids))
    holds = [hold for hold in found if hold and hold.state is not AppointmentState.CONFIRMED]
    for hold in holds:
        await _forget_hold(ports, hold, claim)
    return len(holds)


async def _forget_hold(ports: BookingPorts, hold: Appointment, claim: Claim) -> None:
    if hold.state is AppointmentState.CANCELLED and not hold.contact.address:
        # An earlier attempt may have ended before it had freed the time.
        await ports.appointments.free(hold)
        return
    forgotten = replace(
        hold,
        state=AppointmentState.CANCELLED,
        hold_expires_at=None,
        contact=replace(hold.contact, address=""),
        name="",
        note="",
        answers=(),
        version=hold.version + 1,
    )
    await ports.appointments.cancel(forgotten, claim=claim)
