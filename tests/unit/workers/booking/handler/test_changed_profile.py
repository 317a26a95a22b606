"""What the owner changes in the profile while visits stand: nobody is booked twice, nothing is left behind."""

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import TENANT

SENDERS = {"senders": {"email": "salon@example.com"}}
ANIA = [{"id": "ania"}]


def room(seats):
    return [{"id": "room", "seats": seats}]


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ([], ANIA, 0),
        (ANIA, [], 0),
        (ANIA, [{"id": "ola"}], 0),
        (ANIA, [*ANIA, {"id": "ola"}], 1),
        (room(1), room(2), 1),
        (room(2), room(1), 0),
        (room(3), room(3), 2),
    ],
)
async def test_a_visit_stands_whatever_becomes_of_the_resources(new_world, make_profile, before, after, left):
    """Where nobody can say whose time it needs, it needs everybody's."""
    world = new_world(resources=before)
    await world.confirmed()
    world.tenants.blocking.profiles[TENANT] = make_profile(resources=after, **SENDERS)
    frames = [await world.create(session=f"other{n}", contact=f"other{n}@example.com") for n in range(3)]
    assert [frame.type for frame in frames].count("booking.pending") == left


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
async def test_a_visit_leaves_the_calendar_that_it_was_entered_into(new_world, make_profile, change):
    """Also where the business has another one by now."""
    world = new_world()
    world.calendar.events["new"], world.calendar.owners["new"] = {}, []
    mine = await world.confirmed()
    world.tenants.blocking.profiles[TENANT] = make_profile(calendar_id="new", **SENDERS)
    more = {"start": "2026-01-13T11:00"} if change == "reschedule" else {}
    await world.send(change, appointment_id=mine, **more)
    assert [len(world.calendar.events[name]) for name in ("calendar", "new")] == [0, int(change == "reschedule")]


async def test_a_move_is_finished_though_its_service_is_gone(world, make_profile):
    """It was made before the worker was cut off."""
    mine = await world.confirmed()
    command = world.command("reschedule", appointment_id=mine, start="2026-01-13T11:00")
    world.calendar.fail("put", TransientError("503"))
    with pytest.raises(TransientError):
        await world.handle(command)
    others = [make_profile().services[1].model_dump()]
    world.tenants.blocking.profiles[TENANT] = make_profile(services=others, **SENDERS)
    assert (await world.handle(command)).type == "booking.rescheduled"
    assert len(world.events) == 1


async def test_a_full_day_of_ones_own_can_be_moved_within(new_world):
    """What the visitor would give up leaves room."""
    world = new_world(max_visits_per_day=1)
    mine = await world.confirmed()
    await world.send("reschedule", appointment_id=mine, start="2026-01-13T11:00")
    refused = await world.send("reschedule", appointment_id=mine, start="2026-01-13T08:00")
    assert refused.data.code == ErrorCode.INVALID_TIME
    assert refused.data.alternatives[0].start.date().isoformat() == "2026-01-13"


async def test_a_wish_that_waited_too_long_is_refused_before_it_holds(world):
    """A hold that would be over before its visitor hears of it helps nobody."""
    wish = world.create_command()
    world.clock.set(wish.accepted_at.replace(minute=20))
    assert (await world.handle(wish)).data.code == ErrorCode.CODE_EXPIRED
    assert (world.appointments.writes, world.appointments.units) == (0, {})


async def test_one_browser_has_no_strangers_written_to(world):
    """However many addresses it makes up: each newer wish replaces the older, and its code stays sent."""
    for number in range(20):
        await world.create(contact=f"victim{number}@example.com", source_ip="203.0.113.7")
    assert world.told.count("notice.code") == 6


async def test_one_address_has_no_strangers_written_to(world):
    """However many sessions it opens."""
    for number in range(60):
        frame = await world.create(session=f"s{number}", contact=f"v{number}@example.com", source_ip="203.0.113.7")
        if frame.type == "booking.pending":
            await world.send("cancel", session=f"s{number}", appointment_id=frame.data.appointment_id)
    assert world.told.count("notice.code") == 30
