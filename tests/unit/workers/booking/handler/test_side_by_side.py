"""Concurrent changes of one visit by links, owners and visitors: the calendar ends in the appointment's state."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.email_links import Links
from shared.errors import TransientError
from shared.messages.commands import BOOKING_COMMAND
from tests.unit.workers.booking.handler.conftest import KEY, TENANT, TUESDAY_TEN
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import AppointmentState, ChangeKind, Interval

HOUR = timedelta(hours=1)
RESOURCES = [{"id": "ania", "calendar_id": "a"}, {"id": "basia", "calendar_id": "b"}]
CALENDARS = {"ania": "a", "basia": "b"}


@pytest.fixture
def two(new_world):
    """Return a business of two resources, each with a calendar."""
    world = new_world(resources=RESOURCES)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    return world


def internal_command(world, kind, key, **data):
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


async def test_a_cancellation_by_link_during_a_move_leaves_no_event(world):
    """The move reads the appointment again and removes its late event."""
    mine = await world.appointment(await world.confirmed())
    reached, go_on, put = asyncio.Event(), asyncio.Event(), world.calendar.put

    async def slow(calendar_id, event, **options):
        reached.set()
        await go_on.wait()
        await put(calendar_id, event, **options)

    world.calendar.put = slow
    move = asyncio.create_task(world.send("reschedule", appointment_id=mine.appointment_id, start="2026-01-13T11:00"))
    await reached.wait()
    assert (await world.send("cancel", session="phone", link=link(mine, "cancel"))).type == "booking.cancelled"
    go_on.set()
    await move
    assert world.events == []


async def test_a_move_by_link_during_a_move_leaves_one_event(two):
    """The slower one neither deletes the newer event nor leaves its own."""
    mine = await two.appointment(await two.confirmed())
    ours, theirs = (mine.resource, *(name for name in CALENDARS if name != mine.resource))
    two.calendar.block(Interval(mine.start + HOUR, mine.end + HOUR), CALENDARS[ours])
    reached, go_on, put = asyncio.Event(), asyncio.Event(), two.calendar.put

    async def slow(calendar_id, event, **options):
        two.calendar.put = put
        reached.set()
        await go_on.wait()
        await put(calendar_id, event, **options)

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


async def test_a_deleted_old_event_cancels_nothing(two):
    """A visit that moved to a colleague and back is still confirmed, although its newest event is not written yet."""
    mine = await two.appointment(await two.confirmed())
    ours, theirs = (mine.resource, *(name for name in CALENDARS if name != mine.resource))
    two.calendar.block(Interval(mine.start + HOUR, mine.end + HOUR), CALENDARS[ours])
    await two.send("reschedule", appointment_id=mine.appointment_id, start="2026-01-13T11:00")
    two.calendar.block(Interval(mine.start - HOUR, mine.start), CALENDARS[theirs])
    two.calendar.fail("put", TransientError("503"))
    await two.send("reschedule", session="phone", link=link(mine, "move"), start="2026-01-13T09:00")
    await two.carry_out(internal_command(two, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await two.appointment(mine.appointment_id)).state is AppointmentState.CONFIRMED


async def test_a_visit_moved_into_a_colleagues_calendar_is_the_colleagues(two):
    """Until the appointment has followed, the colleague's hour is busy; then it has the visit; nothing is cancelled."""
    mine = await two.appointment(await two.confirmed())
    other = next(name for name in CALENDARS if name != mine.resource)
    name = build_event_id(mine.appointment_id)
    two.calendar.events[CALENDARS[other]][name] = two.calendar.events[CALENDARS[mine.resource]].pop(name)
    refused = await two.create(session="another", contact="ola@example.com")
    assert refused.type == "error"

    await two.carry_out(internal_command(two, "changed", "c1", appointment_id=mine.appointment_id))
    now = await two.appointment(mine.appointment_id)
    assert (now.state, now.resource, now.start) == (AppointmentState.CONFIRMED, other, mine.start)
    assert [len(two.calendar.events[one]) for one in (CALENDARS[other], CALENDARS[mine.resource])] == [1, 0]
    assert "notice.cancelled" not in two.notice_types
    assert (await two.create(session="another", contact="ola@example.com")).type == "booking.pending"


async def test_a_right_code_gets_the_hour_with_a_colleague(two):
    """The owner filled one resource's calendar; the other one is free at that time."""
    hold = await two.appointment(await two.held())
    two.calendar.block(Interval(hold.start, hold.end), CALENDARS[hold.resource])
    frame = await two.send("verify", appointment_id=hold.appointment_id, code=two.code(hold.appointment_id))
    assert (frame.type, frame.data.start) == ("booking.confirmed", hold.start)
    now = await two.appointment(hold.appointment_id)
    assert now.resource != hold.resource
    assert [unit for unit in two.appointments.units if not unit[0].startswith(("sends", "visits"))] == []


async def test_a_verified_hold_can_move_to_its_own_time(world):
    """It is refused while the owner has the time, and confirmed when it is free again."""
    hold = await world.appointment(await world.held())
    world.calendar.block(Interval(hold.start, hold.end))
    await world.send("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    stay = {"appointment_id": hold.appointment_id, "start": TUESDAY_TEN}
    assert (await world.send("reschedule", **stay)).type == "error"
    world.calendar.owners["calendar"].clear()
    assert (await world.send("reschedule", **stay)).type == "booking.confirmed"


async def test_old_ticks_are_skipped(world):
    """After an outage the latest tick is enough."""
    command = internal_command(world, "tick", "t1")
    world.clock.advance(timedelta(minutes=3))
    await world.carry_out(command)
    assert world.commands.delivered == []


async def move_to_colleague(world, mine):
    """Let the owner move a visit into the colleague's calendar; return the colleague."""
    other = next(name for name in CALENDARS if name != mine.resource)
    name = build_event_id(mine.appointment_id)
    world.calendar.events[CALENDARS[other]][name] = world.calendar.events[CALENDARS[mine.resource]].pop(name)
    return other


@pytest.mark.parametrize("cut_off", [None, "commands", "put", "remove"])
async def test_an_impossible_handover_is_undone(two, cut_off):
    """The colleague is busy: the event is restored in its own calendar only, and the visitor is not notified."""
    mine = await two.appointment(await two.confirmed())
    await two.confirmed(session="another", contact="ola@example.com")
    other = await move_to_colleague(two, mine)
    wait = {"version": mine.version, "start": mine.start, "end": mine.end, "until": two.clock.now()}
    last = {"appointment_id": mine.appointment_id, "wait": wait}
    if cut_off == "commands":
        two.commands.errors.append(TransientError("503"))
        with pytest.raises(TransientError):
            await two.carry_out(internal_command(two, "changed", "c1", **last))
    elif cut_off:
        two.calendar.fail(cut_off, TransientError("503"))
    for key in ("c1", "c2"):
        assert await two.carry_out(internal_command(two, "changed", key, **last)) is None
    now, name = await two.appointment(mine.appointment_id), build_event_id(mine.appointment_id)
    assert (now.state, now.resource, now.start) == (AppointmentState.CONFIRMED, mine.resource, mine.start)
    assert (now.last_change.kind, now.last_change.at) == (ChangeKind.HANDOVER_REFUSED, mine.last_change.at)
    assert name in two.calendar.events[CALENDARS[mine.resource]]
    assert name not in two.calendar.events[CALENDARS[other]]
    assert {"notice.cancelled", "notice.rescheduled"}.isdisjoint(two.notice_types)
    assert "notice.alert" in two.notice_types


async def test_a_handed_over_visit_keeps_its_unit_of_the_day(new_world):
    """Another lane is the same day."""
    world = new_world(resources=RESOURCES, max_visits_per_day=1)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    mine = await world.appointment(await world.confirmed())
    await move_to_colleague(world, mine)
    await world.carry_out(internal_command(world, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await world.create("2026-01-13T15:00", session="another", contact="b@example.com")).type == "error"


async def test_a_visit_is_not_handed_over_to_a_resource_without_its_service(new_world):
    """Whichever calendar it is moved into."""
    services = [{"id": "massage", "name": {"en": "M"}, "duration_minutes": 60, "resources": ["ania"]}]
    world = new_world(resources=RESOURCES, services=services)
    for name in CALENDARS.values():
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    mine = await world.appointment(await world.confirmed())
    await move_to_colleague(world, mine)
    await world.carry_out(internal_command(world, "changed", "c1", appointment_id=mine.appointment_id))
    assert (await world.appointment(mine.appointment_id)).resource == "ania"


@pytest.mark.parametrize("how", ["begun", "cancelled", "older"])
async def test_a_visit_that_is_over_is_not_handed_over(two, how):
    """It has begun, is cancelled, or its event in the other calendar has an older version: nothing changes."""
    mine = await two.appointment(await two.confirmed())
    other = await move_to_colleague(two, mine)
    name = build_event_id(mine.appointment_id)
    match how:
        case "begun":
            two.clock.set(mine.start)
        case "cancelled":
            await two.send("cancel", appointment_id=mine.appointment_id)
        case "older":
            entry = two.calendar.events[CALENDARS[other]][name]
            two.calendar.events[CALENDARS[other]][name] = replace(entry, version=entry.version - 1)
    before = await two.appointment(mine.appointment_id)
    frame = await two.carry_out(internal_command(two, "changed", "c1", appointment_id=mine.appointment_id))
    after = await two.appointment(mine.appointment_id)
    if how == "older":
        # It was deleted from its own calendar, and the event in the other one is not its event.
        assert (frame.type, after.state) == ("booking.cancelled", AppointmentState.CANCELLED)
    else:
        assert (frame, after) == (None, before)


async def test_a_code_for_a_lost_time_is_refused(world):
    """The hold had expired for a request that was accepted later: the tables, not the calendar, decide."""
    held = await world.held()
    accepted_at = world.clock.now()
    world.clock.advance(timedelta(minutes=16))
    assert (await world.create(session="another", contact="ola@example.com")).type == "booking.pending"
    late = world.command("verify", appointment_id=held, code=world.code(held), at=accepted_at)
    refused = await world.handle(late)
    assert (refused.data.code, refused.data.appointment_id) == ("SLOT_TAKEN", None)
    assert len(refused.data.alternatives) == 5


async def test_a_code_whose_time_is_lost_concurrently_confirms_nothing(world):
    """The calendar was free, but the transaction failed: the visitor chooses again."""
    held = await world.held()
    world.appointments.buckets.clear()
    refused = await world.send("verify", appointment_id=held, code=world.code(held))
    assert (refused.data.code, refused.data.appointment_id) == ("SLOT_TAKEN", None)
    assert (await world.appointment(held)).state is AppointmentState.HELD
    assert (world.events, world.notice_types) == ([], ["notice.code"])
