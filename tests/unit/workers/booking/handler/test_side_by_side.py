"""Links, owners and visitors at the same visit at the same time: the calendar ends as the record does."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.links import Links
from shared.messages.commands import BOOKING_COMMAND
from tests.unit.workers.booking.handler.conftest import KEY, TENANT, TUESDAY_TEN
from workers.booking.domain.event_id import event_id
from workers.booking.domain.values import AppointmentState, Interval

HOUR = timedelta(hours=1)
RESOURCES = [{"id": "ania", "calendar_id": "a"}, {"id": "basia", "calendar_id": "b"}]
CALENDARS = {"ania": "a", "basia": "b"}


@pytest.fixture
def two(new_world):
    """Return a business of two people, each with a calendar."""
    world = new_world(resources=RESOURCES)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    return world


def own(world, kind, key, **data):
    fields = {"tenant": TENANT, "session_id": "session", "accepted_at": world.clock.now(), "locale": "pl"}
    return BOOKING_COMMAND.validate_python({"id": key, "type": f"calendar.{kind}", **fields, "data": data})


def link(appointment, purpose):
    return Links(KEY).issue(
        purpose,
        tenant=TENANT,
        appointment_id=appointment.appointment_id,
        session_id=appointment.session_id,
        expires_at=appointment.start + 9 * HOUR,
    )


async def test_a_cancel_by_link_that_overtakes_a_move_leaves_no_event(world):
    """The move's late entry is taken back: it reads the record once more."""
    mine = await world.appointment(await world.confirmed())
    reached, go_on, put = asyncio.Event(), asyncio.Event(), world.calendar.put

    async def slow(calendar_id, event):
        reached.set()
        await go_on.wait()
        await put(calendar_id, event)

    world.calendar.put = slow
    move = asyncio.create_task(world.send("reschedule", appointment_id=mine.appointment_id, start="2026-01-13T11:00"))
    await reached.wait()
    assert (await world.send("cancel", session="phone", link=link(mine, "cancel"))).type == "booking.cancelled"
    go_on.set()
    await move
    assert world.events == []


async def test_a_move_by_link_that_overtakes_a_move_leaves_one_event(two):
    """The slower one neither deletes the newer entry nor leaves its own: the visit stands where the record is."""
    mine = await two.appointment(await two.confirmed())
    ours, theirs = (mine.resource, *(name for name in CALENDARS if name != mine.resource))
    two.calendar.block(Interval(mine.start + HOUR, mine.end + HOUR), CALENDARS[ours])
    reached, go_on, put = asyncio.Event(), asyncio.Event(), two.calendar.put

    async def slow(calendar_id, event):
        two.calendar.put = put
        reached.set()
        await go_on.wait()
        await put(calendar_id, event)

    two.calendar.put = slow
    away = asyncio.create_task(two.send("reschedule", appointment_id=mine.appointment_id, start="2026-01-13T11:00"))
    await reached.wait()
    two.calendar.block(Interval(mine.start - HOUR, mine.start), CALENDARS[theirs])
    back = await two.send("reschedule", session="phone", link=link(mine, "move"), start="2026-01-13T09:00")
    assert back.type == "booking.rescheduled"
    go_on.set()
    await away

    now = await two.appointment(mine.appointment_id)
    assert now.resource == ours
    entries = {name: len(two.calendar.events[calendar_id]) for name, calendar_id in CALENDARS.items()}
    assert entries == {ours: 1, theirs: 0}


async def test_an_old_entry_that_was_deleted_cancels_nothing(two):
    """A visit that went to a colleague and came back stands, though its newest entry is not written yet."""
    mine = await two.appointment(await two.confirmed())
    ours, theirs = (mine.resource, *(name for name in CALENDARS if name != mine.resource))
    two.calendar.block(Interval(mine.start + HOUR, mine.end + HOUR), CALENDARS[ours])
    await two.send("reschedule", appointment_id=mine.appointment_id, start="2026-01-13T11:00")
    two.calendar.block(Interval(mine.start - HOUR, mine.start), CALENDARS[theirs])
    two.calendar.fail("put", TransientError("503"))
    with pytest.raises(TransientError):
        await two.send("reschedule", session="phone", link=link(mine, "move"), start="2026-01-13T09:00")
    await two.carry_out(own(two, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await two.appointment(mine.appointment_id)).state is AppointmentState.CONFIRMED


async def test_a_visit_dragged_into_a_colleagues_calendar_is_the_colleagues(two):
    """Until the records have followed, her hour is busy; then it is hers, and nobody was told of a cancellation."""
    mine = await two.appointment(await two.confirmed())
    other = next(name for name in CALENDARS if name != mine.resource)
    name = event_id(mine.appointment_id)
    two.calendar.events[CALENDARS[other]][name] = two.calendar.events[CALENDARS[mine.resource]].pop(name)
    refused = await two.create(session="another", contact="ola@example.com")
    assert refused.type == "error"

    await two.carry_out(own(two, "changed", "c1", appointment_id=mine.appointment_id))
    now = await two.appointment(mine.appointment_id)
    assert (now.state, now.resource, now.start) == (AppointmentState.CONFIRMED, other, mine.start)
    assert [len(two.calendar.events[one]) for one in (CALENDARS[other], CALENDARS[mine.resource])] == [1, 0]
    assert "notice.cancelled" not in two.told
    assert (await two.create(session="another", contact="ola@example.com")).type == "booking.pending"


async def test_a_right_code_gets_the_hour_with_a_colleague(two):
    """The owner filled one person's calendar; the other is free at that very time."""
    hold = await two.appointment(await two.held())
    two.calendar.block(Interval(hold.start, hold.end), CALENDARS[hold.resource])
    frame = await two.send("verify", appointment_id=hold.appointment_id, code=two.code(hold.appointment_id))
    assert (frame.type, frame.data.start) == ("booking.confirmed", hold.start)
    now = await two.appointment(hold.appointment_id)
    assert now.resource != hold.resource
    assert [seat for seat in two.appointments.seats if not seat[0].startswith("sends")] == []


async def test_a_proved_hold_moves_also_to_where_it_is(world):
    """Refused while the owner has the time, confirmed when it is free again."""
    hold = await world.appointment(await world.held())
    world.calendar.block(Interval(hold.start, hold.end))
    await world.send("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    stay = {"appointment_id": hold.appointment_id, "start": TUESDAY_TEN}
    assert (await world.send("reschedule", **stay)).type == "error"
    world.calendar.owners["calendar"].clear()
    assert (await world.send("reschedule", **stay)).type == "booking.confirmed"


async def test_no_letter_waits_for_the_calendar(world):
    """A calendar that is closed keeps the entry waiting, and nothing else."""
    held = await world.held()
    world.calendar.closed = PermanentError("calendar_access_revoked")
    with pytest.raises(PermanentError):
        await world.send("verify", appointment_id=held, code=world.code(held))
    assert world.told == ["notice.code", "notice.confirmed"]


async def test_old_ticks_are_not_made_up_for(world):
    """After a halt the latest does for all."""
    command = own(world, "tick", "t1")
    world.clock.turn(timedelta(minutes=3))
    await world.carry_out(command)
    assert world.commands.delivered == []
