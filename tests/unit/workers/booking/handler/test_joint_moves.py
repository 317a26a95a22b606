"""The owner moves several visits onto each other's times: they move together, or wait for one another."""

from dataclasses import replace

import pytest

from shared.errors import PermanentError, TransientError
from tests.unit.workers.booking.handler.owner import (
    DAY,
    HOUR,
    NINE_UTC,
    TWO,
    alerts,
    changed,
    spend_minutes,
)
from workers.booking.domain.values import AppointmentState, Interval

AT = ("2026-01-13T10:00", "2026-01-13T11:00", "2026-01-13T14:00", "2026-01-13T15:00")


def hour(number):
    """Return the hour that starts so many hours after ten o'clock."""
    return Interval(NINE_UTC + number * HOUR, NINE_UTC + (number + 1) * HOUR)


@pytest.fixture
def booked(new_world):
    async def booked(*starts, **fields):
        """Return a business with visits, `world.visits`, of the sessions 0, 1 and so on."""
        world = new_world(**fields)
        world.visits = [
            await world.confirmed(start, session=str(number), contact=f"{number}@example.com")
            for number, start in enumerate(starts)
        ]
        return world

    return booked


async def follow(world, number, key="c"):
    return await world.carry_out(changed(world, world.visits[number], key, session=str(number)))


async def follow_queued(world):
    return [await world.carry_out(command) for command in world.commands.drain()]


async def times(world):
    """Return where the visits are, in the tables and in the calendar alike."""
    found = []
    for number, appointment_id in enumerate(world.visits):
        visit = await world.appointment(appointment_id, str(number))
        [event] = [event for event in world.events if event.appointment_id == appointment_id]
        assert (event.start, event.end, event.version) == (visit.start, visit.end, visit.version)
        found.append(Interval(visit.start, visit.end))
    return found


def moved_notices(world):
    return [one.data.contact for one in world.notices.delivered if one.type == "notice.rescheduled"]


@pytest.mark.parametrize("first", [0, 1])
async def test_two_visits_that_the_owner_swapped(booked, first):
    """Whichever is compared first, both stay where the owner put them; each visitor hears it once, without an alert."""
    world = await booked(*AT[:2])
    world.calendar.owner_moves(world.visits[0], hour(1))
    world.calendar.owner_moves(world.visits[1], hour(0))
    frame = await follow(world, first)
    assert (frame.type, frame.data.by) == ("booking.rescheduled", "business")
    assert [frame.type for frame in await follow_queued(world)] == ["booking.rescheduled"]
    assert await follow(world, 1 - first) is None
    assert await times(world) == [hour(1), hour(0)]
    assert sorted(moved_notices(world)) == ["0@example.com", "1@example.com"]
    assert alerts(world) == []
    moved = [one for one in world.notices.delivered if one.type == "notice.rescheduled"]
    assert {(one.previous_start, one.data.start) for one in moved} == {
        (hour(0).start, hour(1).start),
        (hour(1).start, hour(0).start),
    }
    assert sorted(one.at for one in world.schedules.planned.values()) == sorted(
        [hour(0).start - DAY, hour(0).start - 2 * HOUR, hour(1).start - DAY, hour(1).start - 2 * HOUR]
    )


async def test_a_visit_waits_for_the_one_that_is_in_its_way(booked):
    """The owner moves one at a time: the first waits until the second has moved, too."""
    world = await booked(*AT[:2])
    world.calendar.owner_moves(world.visits[0], hour(1))
    assert await follow(world, 0) is None
    assert await spend_minutes(world, 9) == [None] * 9
    world.calendar.owner_moves(world.visits[1], hour(0))
    assert [frame.type for frame in await spend_minutes(world, 1)] == ["booking.rescheduled"]
    await follow_queued(world)
    assert await times(world) == [hour(1), hour(0)]
    assert sorted(moved_notices(world)) == ["0@example.com", "1@example.com"]
    assert alerts(world) == []


async def test_a_visit_follows_when_the_other_has_left(booked):
    """The other visit moved to a free time, or was cancelled."""
    for leaving in ("owner", "visitor"):
        world = await booked(*AT[:2])
        world.calendar.owner_moves(world.visits[0], hour(1))
        await follow(world, 0)
        if leaving == "owner":
            world.calendar.owner_moves(world.visits[1], hour(8))
            assert (await follow(world, 1)).type == "booking.rescheduled"
        else:
            await world.send("cancel", session="1", appointment_id=world.visits[1])
        assert [frame.type for frame in await spend_minutes(world, 1)] == ["booking.rescheduled"]
        visit = await world.appointment(world.visits[0], "0")
        assert Interval(visit.start, visit.end) == hour(1)
        assert alerts(world) == []


async def test_a_visit_that_waited_in_vain_is_put_back(booked):
    """After ten minutes, with an alert; its visitor hears nothing."""
    world = await booked(*AT[:2])
    world.calendar.owner_moves(world.visits[0], hour(1))
    assert await follow(world, 0) is None
    assert await spend_minutes(world, 9) == [None] * 9
    assert alerts(world) == []
    [event] = [event for event in world.events if event.appointment_id == world.visits[0]]
    assert event.start == hour(1).start
    assert await spend_minutes(world, 1) == [None]
    assert alerts(world) == ["calendar_move_refused"]
    assert await times(world) == [hour(0), hour(1)]
    assert moved_notices(world) == []
    assert await spend_minutes(world, 5) == []


async def test_another_move_waits_anew(booked):
    """The owner moves the waiting visit onto a third one: it gets ten minutes for that."""
    world = await booked(*AT[:3])
    world.calendar.owner_moves(world.visits[0], hour(1))
    await follow(world, 0)
    await spend_minutes(world, 8)
    world.calendar.owner_moves(world.visits[0], hour(4))
    await spend_minutes(world, 9)
    assert alerts(world) == []
    await spend_minutes(world, 2)
    assert alerts(world) == ["calendar_move_refused"]
    assert await times(world) == [hour(0), hour(1), hour(4)]


async def test_a_wait_that_can_not_be_scheduled_ends_at_once(booked):
    """The scheduler refuses it permanently, so the event is put back; after a passing error the command is retried."""
    world = await booked(*AT[:2])
    world.calendar.owner_moves(world.visits[0], hour(1))
    world.schedules.errors.append(TransientError("scheduler"))
    with pytest.raises(TransientError):
        await follow(world, 0)
    world.schedules.errors.append(PermanentError("scheduler"))
    assert await follow(world, 0) is None
    assert alerts(world) == ["calendar_move_refused"]
    assert await times(world) == [hour(0), hour(1)]


async def test_a_visit_keeps_its_unit_of_a_day_that_another_exceeds(booked):
    """Two of a full day and a third one that the owner moves there: the day stays full for visitors."""
    world = await booked("2026-01-13T10:00", "2026-01-14T10:00", "2026-01-14T14:00", max_visits_per_day=2)
    world.calendar.owner_moves(world.visits[0], hour(24))
    world.calendar.owner_moves(world.visits[1], hour(29))
    assert (await follow(world, 0)).type == "booking.rescheduled"
    await follow_queued(world)
    assert await times(world) == [hour(24), hour(29), hour(28)]
    assert (await world.create("2026-01-14T11:00", session="another")).data.code == "SLOT_TAKEN"


@pytest.mark.parametrize("step", ["before", "after", "queue", "notices"])
async def test_an_interrupted_joint_move_is_completed(booked, step):
    """Both visits move, and both visitors hear it once, wherever the first command is interrupted."""
    world = await booked(*AT[:2])
    world.calendar.owner_moves(world.visits[0], hour(1))
    world.calendar.owner_moves(world.visits[1], hour(0))
    error = TransientError("cut off")
    match step:
        case "before":
            world.appointments.fail(error)
        case "after":
            world.schedules.errors += [None] * 2  # What can't be deleted has no effect.
            world.notices.errors.append(error)
        case "queue":
            world.commands.errors.append(error)
        case "notices":
            world.notices.errors.append(error)
    with pytest.raises(TransientError):
        await follow(world, 0)
    await follow(world, 0)
    await follow_queued(world)
    assert await times(world) == [hour(1), hour(0)]
    assert sorted(moved_notices(world)) == ["0@example.com", "1@example.com"]
    assert [world.frames(str(number)).count("booking.rescheduled") for number in (0, 1)] == [1, 1]


async def test_a_move_after_the_move_is_followed(booked):
    """The owner moves the event again before our version is written to it: that move is not overwritten."""
    world = await booked(AT[0])
    world.calendar.owner_moves(world.visits[0], hour(1))
    world.calendar.fail("put", TransientError("503"))
    await follow(world, 0)
    world.calendar.owner_moves(world.visits[0], hour(3))
    await world.sync_events()
    assert (await follow(world, 0, "d")).type == "booking.rescheduled"
    assert await times(world) == [hour(3)]
    assert alerts(world) == []


async def test_visits_swap_calendars(booked):
    """The owner exchanges the visits of two colleagues, whose calendars are their own."""
    world = await booked(resources=[{"id": name, "calendar_id": name} for name in ("anna", "ola")])
    for name in ("anna", "ola"):
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    world.visits = [await world.confirmed(session=str(number), contact=f"{number}@e.com") for number in (0, 1)]
    before = [await world.appointment(visit, str(number)) for number, visit in enumerate(world.visits)]
    assert {visit.resource for visit in before} == {"anna", "ola"}
    for visit in before:
        event = world.calendar.events[visit.resource].pop(visit.calendar_event_id)
        other = "ola" if visit.resource == "anna" else "anna"
        world.calendar.events[other][event.event_id] = event
    assert (await follow(world, 0)).type == "booking.rescheduled"
    await follow_queued(world)
    after = [await world.appointment(visit, str(number)) for number, visit in enumerate(world.visits)]
    assert [visit.resource for visit in after] == [visit.resource for visit in reversed(before)]
    assert [list(world.calendar.events[name]) for name in ("anna", "ola")] == [
        [visit.calendar_event_id for visit in after if visit.resource == name] for name in ("anna", "ola")
    ]
    assert alerts(world) == []


async def test_a_visit_stays_with_its_resource_if_it_can(booked):
    """Two resources have one calendar: a swap within one of them is no reason to change to the other."""
    world = await booked(AT[0], AT[0], AT[1], AT[1], resources=TWO)
    visits = [await world.appointment(visit, str(number)) for number, visit in enumerate(world.visits)]
    [one, other] = [number for number, visit in enumerate(visits) if visit.resource == "anna"]
    await world.send("cancel", session=str(5 - other), appointment_id=world.visits[5 - other])
    world.calendar.owner_moves(world.visits[one], hour(1))
    world.calendar.owner_moves(world.visits[other], hour(0))
    await follow(world, one)
    await follow_queued(world)
    after = [await world.appointment(world.visits[number], str(number)) for number in (one, other)]
    assert [(visit.resource, visit.start) for visit in after] == [("anna", hour(1).start), ("anna", hour(0).start)]


async def test_an_owners_visit_wins_over_a_strangers_hold(booked):
    """Who holds the time without a proved contact is offered other times, and needs no other code for one of them."""
    world = await booked(AT[0])
    held = await world.held(AT[2], session="stranger", contact="stranger@example.com")
    world.calendar.owner_moves(world.visits[0], hour(4))
    assert (await follow(world, 0)).type == "booking.rescheduled"
    assert await times(world) == [hour(4)]
    refused = await world.send("verify", session="stranger", appointment_id=held, code=world.code(held))
    assert (refused.data.code, refused.data.appointment_id) == ("SLOT_TAKEN", held)
    other = refused.data.alternatives[0]
    chosen = await world.send("reschedule", session="stranger", appointment_id=held, start=other.start.isoformat())
    assert chosen.type == "booking.confirmed"
    assert await times(world) == [hour(4)]
    assert alerts(world) == []


async def test_a_hold_between_two_visits_does_not_stop_a_joint_move(booked):
    """The visits are shifted by an hour, the last of them onto a hold."""
    world = await booked(*AT[2:])
    held = await world.held("2026-01-13T16:00", session="stranger", contact="stranger@example.com")
    world.calendar.owner_moves(world.visits[0], hour(5))
    world.calendar.owner_moves(world.visits[1], hour(6))
    assert (await follow(world, 0)).type == "booking.rescheduled"
    await follow_queued(world)
    assert await times(world) == [hour(5), hour(6)]
    assert (await world.appointment(held, "stranger")).state is AppointmentState.HELD


async def test_full_days_are_exchanged(booked):
    """Visits of two days with one visit each swap: both days stay full for visitors."""
    world = await booked(AT[0], "2026-01-14T10:00", max_visits_per_day=1)
    tomorrow = replace(hour(0), start=NINE_UTC + DAY, end=NINE_UTC + DAY + HOUR)
    world.calendar.owner_moves(world.visits[0], tomorrow)
    world.calendar.owner_moves(world.visits[1], hour(0))
    await follow(world, 1)
    await follow_queued(world)
    assert await times(world) == [tomorrow, hour(0)]
    for start in ("2026-01-13T14:00", "2026-01-14T14:00"):
        assert (await world.create(start, session="third", contact="3@example.com")).type == "error"
