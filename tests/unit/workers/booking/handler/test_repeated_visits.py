"""The owner has repeated a visit's event: one instance is the visit, and the others are the owner's."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from tests.unit.workers.booking.handler.owner import (
    HOUR,
    LATER,
    MINUTE,
    NINE_UTC,
    TWO,
    alerts,
    follow,
    spend_minutes,
    stands_at,
)
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import AppointmentState, Interval

WEEK = timedelta(weeks=1)
THAT_DAY = Interval(NINE_UTC, NINE_UTC + HOUR)


@pytest.fixture
async def repeated(visited):
    """Return a business with one visit, whose event takes place in three weeks."""
    visited.calendar.owner_repeats(visited.appointment_id, 3)
    return visited


async def is_free(world, start, session):
    frame = await world.create(start, session=session, contact=f"{session}@example.com")
    return frame.type == "booking.pending"


async def test_the_owner_moves_the_instance_that_is_the_visit(repeated):
    """The visit moves and its visitor hears it, once; the other instances stay where they are."""
    repeated.calendar.owner_changes_instance(repeated.appointment_id, 0, LATER)
    frame = await follow(repeated)
    assert (frame.type, frame.data.by, frame.data.start) == ("booking.rescheduled", "business", LATER.start)
    assert await stands_at(repeated) == LATER
    assert await follow(repeated, 2) is None
    assert repeated.notice_types.count("notice.rescheduled") == 1
    assert not await is_free(repeated, "2026-01-20T10:00", "another")
    assert await is_free(repeated, "2026-01-13T10:00", "third")


@pytest.mark.parametrize("how", ["instance", "series", "cut off"])
async def test_the_owner_removes_the_instance_that_is_the_visit(repeated, how):
    """Alone, with the series, or with its beginning: the visit is cancelled, and what is left of the series is busy."""
    match how:
        case "instance":
            repeated.calendar.owner_changes_instance(repeated.appointment_id, 0, None)
        case "series":
            repeated.calendar.owner_deletes(repeated.appointment_id)
        case _:
            repeated.calendar.owner_cuts_off(repeated.appointment_id, 0)
    frame = await follow(repeated)
    assert (frame.type, frame.data.by) == ("booking.cancelled", "business")
    assert await is_free(repeated, "2026-01-13T10:00", "another")
    assert await is_free(repeated, "2026-01-20T10:00", "third") == (how != "instance")


@pytest.mark.parametrize("how", ["moved", "cancelled", "cut off"])
async def test_the_owner_touches_another_instance(repeated, how):
    """The visitor hears nothing, and only the time of that instance changes."""
    notices, frames = list(repeated.notice_types), repeated.frames()
    next_week = Interval(LATER.start + WEEK, LATER.end + WEEK)
    if how == "cut off":
        repeated.calendar.owner_cuts_off(repeated.appointment_id, 1)
    else:
        repeated.calendar.owner_changes_instance(repeated.appointment_id, 1, next_week if how == "moved" else None)
    before = await repeated.appointment(repeated.appointment_id)
    assert await follow(repeated) is None
    assert (await repeated.appointment(repeated.appointment_id), repeated.notice_types) == (before, notices)
    assert repeated.frames() == frames
    assert await stands_at(repeated) == THAT_DAY
    assert await is_free(repeated, "2026-01-20T10:00", "another")
    assert await is_free(repeated, "2026-01-20T13:00", "third") == (how != "moved")


async def test_a_cancelled_instance_that_is_restored_reinstates_the_visit(repeated):
    """As any deleted event does."""
    repeated.calendar.owner_changes_instance(repeated.appointment_id, 0, None)
    await follow(repeated)
    repeated.clock.advance(MINUTE)
    repeated.calendar.owner_restores(repeated.appointment_id)
    assert (await follow(repeated, 2)).type == "booking.confirmed"
    assert await stands_at(repeated) == THAT_DAY
    assert not await is_free(repeated, "2026-01-20T10:00", "another")


async def test_a_visitor_changes_a_visit_that_is_repeated(repeated):
    """A move and a cancellation concern the visit alone: the other weeks stay the owner's."""
    moved = await repeated.send("reschedule", appointment_id=repeated.appointment_id, start="2026-01-14T10:00")
    assert moved.type == "booking.rescheduled"
    assert await is_free(repeated, "2026-01-13T10:00", "another")
    assert not await is_free(repeated, "2026-01-20T10:00", "third")
    cancelled = await repeated.send("cancel", appointment_id=repeated.appointment_id)
    assert cancelled.type == "booking.cancelled"
    assert await is_free(repeated, "2026-01-14T10:00", "fourth")
    assert not await is_free(repeated, "2026-01-20T10:00", "fifth")


@pytest.mark.parametrize("by", ["visitor", "owner"])
async def test_a_series_that_moves_after_its_visit_was_moved(repeated, by):
    """What its visitor has chosen stays, and is written again; a time that the owner has chosen follows the series."""
    moved = Interval(NINE_UTC + 4 * HOUR, NINE_UTC + 5 * HOUR)
    if by == "visitor":
        await repeated.send("reschedule", appointment_id=repeated.appointment_id, start="2026-01-13T14:00")
    else:
        repeated.calendar.owner_changes_instance(repeated.appointment_id, 0, moved)
        await follow(repeated)
    assert await stands_at(repeated) == moved
    repeated.calendar.owner_moves(repeated.appointment_id, LATER)
    assert await follow(repeated, 2) is None
    frame = await follow(repeated, 3)
    assert (frame and frame.type) == (None if by == "visitor" else "booking.rescheduled")
    assert await stands_at(repeated) == (moved if by == "visitor" else LATER)


async def test_a_series_that_can_not_go_to_another_calendar(new_world):
    """The colleague is busy: the visit stays, alone, even if the deletion is read before its event is restored."""
    world = new_world(resources=[one | {"calendar_id": one["id"]} for one in TWO])
    for name in ("anna", "ola"):
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    world.appointment_id = await world.confirmed()
    await world.confirmed(session="another", contact="another@example.com")
    own = (await world.appointment(world.appointment_id)).resource
    other = "ola" if own == "anna" else "anna"
    event = world.calendar.events[own][build_event_id(world.appointment_id)]
    world.calendar.owner_repeats(world.appointment_id, 3, own)
    world.calendar.owner_deletes(world.appointment_id, own)
    world.calendar.events[other][event.event_id] = event
    assert await follow(world) is None
    world.calendar.fail("put", TransientError("503"))
    await spend_minutes(world)
    assert alerts(world) == ["calendar_move_refused"]
    assert event.event_id not in world.calendar.events[own]
    assert await follow(world, 2) is None
    await world.sync_events()
    assert (await world.appointment(world.appointment_id)).state is AppointmentState.CONFIRMED
    assert world.calendar.events[own][event.event_id].start == NINE_UTC
    assert event.event_id not in world.calendar.events[other]
