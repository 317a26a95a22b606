"""Links, owners and visitors at the same visit at the same time: the calendar ends as the record does."""

import asyncio
from dataclasses import replace
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
    assert [unit for unit in two.appointments.units if not unit[0].startswith("sends")] == []


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


async def dragged(world, mine):
    """Let the owner drag a visit into the colleague's calendar; return the colleague."""
    other = next(name for name in CALENDARS if name != mine.resource)
    name = event_id(mine.appointment_id)
    world.calendar.events[CALENDARS[other]][name] = world.calendar.events[CALENDARS[mine.resource]].pop(name)
    return other


@pytest.mark.parametrize("cut_off", [None, "put", "remove"])
async def test_a_hand_over_that_cannot_be_goes_back(two, cut_off):
    """She has a visit then: it stands where it was, in its own calendar alone, and its visitor hears nothing."""
    mine = await two.appointment(await two.confirmed())
    await two.confirmed(session="another", contact="ola@example.com")
    other = await dragged(two, mine)
    if cut_off:
        two.calendar.fail(cut_off, TransientError("503"))
        with pytest.raises(TransientError):
            await two.carry_out(own(two, "changed", "c1", appointment_id=mine.appointment_id))
    for key in ("c1", "c2"):
        assert await two.carry_out(own(two, "changed", key, appointment_id=mine.appointment_id)) is None
    now, name = await two.appointment(mine.appointment_id), event_id(mine.appointment_id)
    assert (now.state, now.resource, now.start) == (AppointmentState.CONFIRMED, mine.resource, mine.start)
    assert name in two.calendar.events[CALENDARS[mine.resource]]
    assert name not in two.calendar.events[CALENDARS[other]]
    assert {"notice.cancelled", "notice.rescheduled"}.isdisjoint(two.told)
    assert "notice.alert" in two.told


async def test_a_visit_that_was_handed_over_keeps_its_place_in_the_day(new_world):
    """Another lane is the same day."""
    world = new_world(resources=RESOURCES, max_visits_per_day=1)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    mine = await world.appointment(await world.confirmed())
    await dragged(world, mine)
    await world.carry_out(own(world, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await world.create("2026-01-13T15:00", session="another", contact="b@example.com")).type == "error"


async def test_a_visit_goes_to_nobody_who_does_not_do_it(new_world):
    """Whatever calendar it is dragged into."""
    services = [{"id": "massage", "name": {"en": "M"}, "duration_minutes": 60, "resources": ["ania"]}]
    world = new_world(resources=RESOURCES, services=services)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    mine = await world.appointment(await world.confirmed())
    await dragged(world, mine)
    await world.carry_out(own(world, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await world.appointment(mine.appointment_id)).resource == "ania"


@pytest.mark.parametrize("how", ["begun", "cancelled", "older"])
async def test_a_visit_that_is_over_is_nobodys_to_hand_over(two, how):
    """Begun or cancelled, or with an entry of an earlier version in the other calendar: nothing changes."""
    mine = await two.appointment(await two.confirmed())
    other = await dragged(two, mine)
    name = event_id(mine.appointment_id)
    match how:
        case "begun":
            two.clock.set(mine.start)
        case "cancelled":
            await two.send("cancel", appointment_id=mine.appointment_id)
        case "older":
            entry = two.calendar.events[CALENDARS[other]][name]
            two.calendar.events[CALENDARS[other]][name] = replace(entry, version=entry.version - 1)
    before = await two.appointment(mine.appointment_id)
    frame = await two.carry_out(own(two, "changed", "c1", appointment_id=mine.appointment_id))
    after = await two.appointment(mine.appointment_id)
    if how == "older":
        # In its own calendar it was deleted, and what stands in the other one is not its entry.
        assert (frame.type, after.state) == ("booking.cancelled", AppointmentState.CANCELLED)
    else:
        assert (frame, after) == (None, before)


async def test_a_code_whose_time_has_gone_to_another_is_told_so(world):
    """The hold had run out for one who was accepted later: the record, not the calendar, decides."""
    held = await world.held()
    accepted_at = world.clock.now()
    world.clock.turn(timedelta(minutes=16))
    assert (await world.create(session="another", contact="ola@example.com")).type == "booking.pending"
    late = world.command("verify", appointment_id=held, code=world.code(held), at=accepted_at)
    refused = await world.handle(late)
    assert (refused.data.code, refused.data.appointment_id) == ("SLOT_TAKEN", None)
    assert len(refused.data.alternatives) == 5


async def test_a_code_whose_time_went_at_the_same_moment_confirms_nothing(world):
    """The look found it free, and the transaction did not: the visitor chooses again."""
    held = await world.held()
    world.appointments.buckets.clear()
    refused = await world.send("verify", appointment_id=held, code=world.code(held))
    assert (refused.data.code, refused.data.appointment_id) == ("SLOT_TAKEN", None)
    assert (await world.appointment(held)).state is AppointmentState.HELD
    assert (world.events, world.told) == ([], ["notice.code"])
