"""Calendars of single resources: they occupy that resource only, and contain the events of its visits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.messages.errors import ErrorCode
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import Interval
from workers.booking.handler.calendar_event import write_to_calendars

HOUR = timedelta(hours=1)
RESOURCES = [{"id": "anna"}, {"id": "tom", "calendar_id": "tom"}]


@pytest.fixture
def world(new_world):
    world = new_world(resources=RESOURCES)
    world.calendar.events["tom"], world.calendar.owners["tom"] = {}, []
    return world


@pytest.fixture
async def ten(world):
    """Return the hour of the visit that the tests request."""
    appointment = await world.appointment(await world.held())
    await world.send("cancel", appointment_id=appointment.appointment_id)
    return Interval(appointment.start, appointment.end)


async def lane(world, number):
    contact = f"visitor{number}@example.com"
    appointment_id = await world.confirmed(session=str(number), contact=contact)
    return (await world.appointment(appointment_id, str(number))).resource


async def test_a_resources_calendar_occupies_that_resource(world, ten):
    """Tom is not available; Anna gets the visit, and there is no second one."""
    world.calendar.block(ten, "tom")
    assert await lane(world, 1) == "anna"
    refused = await world.create(session="2", contact="visitor2@example.com")
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert [len(world.calendar.events[name]) for name in ("calendar", "tom")] == [1, 0]


async def test_the_businesss_calendar_occupies_all_resources(world, ten):
    """A day off applies to all of them."""
    world.calendar.block(ten)
    assert (await world.create(session="1")).data.code == ErrorCode.SLOT_TAKEN


async def test_a_visits_event_is_in_its_resources_calendar(world, ten):
    """Two visits at the same time, each in its own calendar."""
    assert {await lane(world, 1), await lane(world, 2)} == {"anna", "tom"}
    assert [len(world.calendar.events[name]) for name in ("calendar", "tom")] == [1, 1]


@pytest.mark.parametrize("number", [10, 20, 30, 40])
async def test_a_visit_keeps_its_resource_if_possible(world, number):
    """Also a visit in the second lane, because the first one was occupied."""
    lanes = {str(one): await lane(world, one) for one in (number, number + 1)}
    for (appointment_id, session), start in zip(list(world.appointments.rows), ("13:00", "14:00"), strict=True):
        moved = await world.send(
            "reschedule", session=session, appointment_id=appointment_id, start=f"2026-01-13T{start}"
        )
        assert moved.type == "booking.rescheduled"
        assert (await world.appointment(appointment_id, session)).resource == lanes[session]


async def test_a_visit_that_changes_its_resource_changes_its_calendar(world, ten):
    """The event is in one calendar only, with what the owner wrote in it."""
    lanes = {await lane(world, number): str(number) for number in (1, 2)}
    session = lanes["tom"]
    mine = await world.appointments.find(next(one for one, who in world.appointments.rows if who == session))
    world.calendar.block(Interval(mine.start + 24 * HOUR, mine.end + 24 * HOUR), "tom")
    event_id = build_event_id(mine.appointment_id)
    event = world.calendar.events["tom"][event_id]
    world.calendar.events["tom"][event_id] = replace(event, summary="Jan, VIP")
    start = "2026-01-14T10:00"
    moved = await world.send("reschedule", session=session, appointment_id=mine.appointment_id, start=start)

    assert moved.type == "booking.rescheduled"
    assert (await world.appointment(mine.appointment_id, session)).resource == "anna"
    assert [len(world.calendar.events[name]) for name in ("calendar", "tom")] == [2, 0]
    written = world.calendar.events["calendar"][event_id]
    assert (written.summary, written.description) == ("Jan, VIP", event.description)


async def test_an_event_moved_by_half_its_length_occupies_all_of_its_new_time(world, ten):
    """For every lane: until the appointment has followed, its lane is unknown."""
    await lane(world, 1)
    [(name, event)] = [(name, one) for name, events in world.calendar.events.items() for one in events.values()]
    moved_event = replace(event, start=event.start + HOUR / 2, end=event.end + HOUR / 2)
    world.calendar.events["calendar"][event.event_id] = moved_event
    if name != "calendar":
        world.calendar.events[name].clear()
    refused = await world.create("2026-01-13T10:30", session="2", contact="visitor2@example.com")
    assert refused.data.code == ErrorCode.SLOT_TAKEN


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
async def test_an_event_that_is_to_follow_its_visit_keeps_no_time(new_world, change):
    """The visit has left its time, and its event is still there; other visitors get the time at once."""
    world = new_world()
    mine = await world.confirmed()
    before = dict(world.calendar.events["calendar"])
    more = {"start": "2026-01-13T14:00"} if change == "reschedule" else {}
    await world.send(change, appointment_id=mine, **more)
    world.calendar.events["calendar"] = before
    assert (await world.create(session="another", contact="ola@example.com")).type == "booking.pending"


async def test_an_event_that_the_owner_moved_keeps_its_new_time(new_world):
    """Until the visit has followed; the time is nobody else's."""
    world = new_world()
    mine = await world.appointment(await world.confirmed())
    later = Interval(mine.start + 3 * HOUR, mine.end + 3 * HOUR)
    world.calendar.owner_moves(mine.appointment_id, later)
    refused = await world.create("2026-01-13T13:00", session="another", contact="ola@example.com")
    assert refused.data.code == ErrorCode.SLOT_TAKEN


async def test_a_visit_comes_back_to_the_calendar_that_it_left(new_world, make_profile):
    """The business gave up the calendar that the visit had moved to; only of a cancelled visit is the version kept."""
    names = ("anna", "tom")
    world = new_world(resources=[{"id": name, "calendar_id": name} for name in names])
    for name in names:
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    appointment_id = await world.confirmed()
    first = await world.appointment(appointment_id)
    world.calendar.block(Interval(first.start + 4 * HOUR, first.end + 4 * HOUR), first.resource)
    moved = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    assert moved.type == "booking.rescheduled"
    appointment = await world.appointment(appointment_id)
    assert appointment.calendars[-1] not in {first.resource, None}
    assert world.calendar.events[first.resource] == {}

    resources = [{"id": name, "calendar_id": first.resource} for name in names]
    await write_to_calendars(world.ports, appointment, make_profile(resources=resources))
    assert [event.start for event in world.calendar.events[first.resource].values()] == [appointment.start]
