"""The owner fills a held time in the calendar: the right code then lets the visitor move without another code."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import LEASE
from workers.booking.domain.values import AppointmentState, Interval

HOUR = timedelta(hours=1)
LATER = "2026-01-14T14:00"


@pytest.fixture
async def hold(world):
    return await world.appointment(await world.held())


async def verify(world, hold, code=None):
    right = world.code(hold.appointment_id, hold.code_sends)
    return await world.send("verify", appointment_id=hold.appointment_id, code=code or right)


@pytest.fixture
async def filled(world, hold):
    """Return a hold whose code was right, but whose time the owner had filled."""
    world.calendar.block(Interval(hold.start + HOUR / 2, hold.start + HOUR))
    refused = await verify(world, hold)
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    return refused


async def test_the_visitor_may_move_when_the_owner_has_filled_the_time(world, hold, filled):
    """It is not confirmed and has no event; the answer names the appointment and the times to move to."""
    assert filled.data.appointment_id == hold.appointment_id
    assert len(filled.data.alternatives) == 5
    assert not any(slot.start < hold.end and hold.start + HOUR / 2 < slot.end for slot in filled.data.alternatives)
    kept = await world.appointment(hold.appointment_id)
    assert (kept.state, kept.verified, kept.code_attempts) == (AppointmentState.HELD, True, 0)
    assert (world.events, world.notice_types) == ([], ["notice.code"])


async def test_the_move_confirms(world, hold, filled):
    """The contact is verified: no other code, one event at the new time, the confirmation, the reminders."""
    frame = await world.send("reschedule", appointment_id=hold.appointment_id, start=LATER)

    assert frame.type == "booking.confirmed"
    assert [*world.appointments.confirmed.values()] == [{hold.appointment_id}]
    [event] = world.events
    assert event.start == frame.data.start
    assert world.notice_types == ["notice.code", "notice.confirmed"]
    assert {bucket.hold_until for bucket in world.appointments.buckets.values()} == {None}
    assert [unit for unit in world.appointments.units if not unit[0].startswith(("sends", "visits"))] == []
    again = await world.send("reschedule", appointment_id=hold.appointment_id, start=LATER)
    assert (again.type, len(world.notice_types)) == ("booking.confirmed", 2)
    onward = await world.send("reschedule", appointment_id=hold.appointment_id, start="2026-01-15T14:00")
    assert onward.type == "booking.rescheduled"
    assert world.notice_types[-1] == "notice.rescheduled"


async def test_a_time_that_is_free_again_is_confirmed(world, hold, filled):
    """The owner has removed the event: the same code works."""
    world.calendar.owners["calendar"].clear()
    assert (await verify(world, hold)).type == "booking.confirmed"
    assert len(world.events) == 1


async def test_a_wrong_code_does_not_allow_the_move(world, hold):
    """Only a verified contact confirms by moving."""
    world.calendar.block(Interval(hold.start, hold.end))
    assert (await verify(world, hold, "000000")).data.code == ErrorCode.CODE_INVALID
    frame = await world.send("reschedule", appointment_id=hold.appointment_id, start=LATER)
    assert frame.type == "booking.pending"
    assert (world.events, world.notice_types) == ([], ["notice.code"])


async def test_a_filled_hold_expires_like_any_other(world, hold, filled):
    """A visitor who does not choose in time must book again."""
    world.clock.advance(timedelta(minutes=15))
    frame = await world.send("reschedule", appointment_id=hold.appointment_id, start=LATER)
    assert frame.data.code == ErrorCode.CODE_EXPIRED


async def test_an_interrupted_verification_offers_the_move_again(world, hold):
    """The code was checked before the worker crashed; the visitor is not told that it was wrong."""
    world.calendar.block(Interval(hold.start, hold.end))
    command = world.command("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    world.conversations.errors = [TransientError("cut off")]
    with pytest.raises(TransientError):
        await world.handle(command)
    frame = await world.handle(command)
    assert (frame.data.code, frame.data.appointment_id) == (ErrorCode.SLOT_TAKEN, hold.appointment_id)


@pytest.mark.parametrize("error", [TransientError("calendar.busy: 503"), PermanentError("calendar_access_revoked")])
async def test_a_calendar_that_can_not_be_read_does_not_prevent_the_confirmation(world, hold, error):
    """The right code confirms; the owner resolves a conflict in the calendar."""
    world.calendar.fail("find_busy_times", error)
    assert (await verify(world, hold)).type == "booking.confirmed"


async def test_another_visits_event_does_not_block(world):
    """It is in the calendar too, but occupies only its own lane."""
    await world.confirmed("2026-01-13T09:00", session="another", contact="ola@example.com")
    hold = await world.appointment(await world.held("2026-01-13T10:00"))
    assert (await verify(world, hold)).type == "booking.confirmed"


async def test_two_lanes_have_two_visits_at_the_same_time(new_world):
    """The event of the first one makes the business's calendar busy, which does not matter."""
    world = new_world(resources=[{"id": "anna"}, {"id": "tom"}])
    first = await world.confirmed(session="first", contact="a@example.com")
    second = await world.confirmed(session="second", contact="b@example.com")
    third = await world.create(session="third", contact="c@example.com")

    lanes = {(await world.appointment(one, who)).resource for one, who in ((first, "first"), (second, "second"))}
    assert lanes == {"anna", "tom"}
    assert third.data.code == ErrorCode.SLOT_TAKEN
    assert len(world.events) == 2
    world.calendar.block(Interval(world.events[0].start + 24 * HOUR, world.events[0].end + 24 * HOUR))
    closed = await world.create("2026-01-14T10:00", session="third", contact="c@example.com")
    assert closed.data.code == ErrorCode.SLOT_TAKEN


async def test_an_event_moved_by_the_owner_keeps_both_times_occupied(new_world):
    """Until the appointment has followed, its old hour is the visit's, and its new hour is not offered."""
    world = new_world(resources=[{"id": "anna"}, {"id": "tom"}])
    await world.confirmed()
    [event] = world.events
    moved_event = event.__class__(
        **{
            **{name: getattr(event, name) for name in event.__slots__},
            "start": event.start + 24 * HOUR,
            "end": event.end + 24 * HOUR,
        }
    )
    world.calendar.events["calendar"][event.event_id] = moved_event
    there = await world.create("2026-01-14T10:00", session="another", contact="b@example.com")
    assert there.data.code == ErrorCode.SLOT_TAKEN
    here = await world.create("2026-01-13T10:00", session="another", contact="b@example.com")
    assert here.type == "booking.pending"


async def test_a_calendar_that_does_not_answer_delays_no_confirmation(world):
    """The hold has its time in our tables; only a request for another time needs the calendar's answer."""
    hold = await world.appointment(await world.held())
    command = world.command("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    world.calendar.answers.clear()
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    async with asyncio.timeout(30):
        await world.handler.handle(command, claim)
    assert (await world.appointment(hold.appointment_id)).state is AppointmentState.CONFIRMED
    assert world.frames()[-1] == "booking.confirmed"
