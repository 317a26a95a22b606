"""The owner changes the profile while visits are booked: there are no double bookings and no leftovers."""

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import TENANT

SENDERS = {"senders": {"email": "salon@example.com"}}
ANIA = [{"id": "ania"}]


def room(count):
    return [{"id": "room", "seats": count}]


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
async def test_a_visit_stays_booked_when_resources_change(new_world, make_profile, before, after, left):
    """A visit whose resource is no longer in the profile occupies all lanes."""
    world = new_world(resources=before)
    await world.confirmed()
    world.tenants.blocking.profiles[TENANT] = make_profile(resources=after, **SENDERS)
    frames = [await world.create(session=f"other{n}", contact=f"other{n}@example.com") for n in range(3)]
    assert [frame.type for frame in frames].count("booking.pending") == left


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
async def test_an_event_is_removed_from_the_calendar_that_it_was_written_to(new_world, make_profile, change):
    """Also if the business has another calendar by now."""
    world = new_world()
    world.calendar.events["new"], world.calendar.owners["new"] = {}, []
    mine = await world.confirmed()
    world.tenants.blocking.profiles[TENANT] = make_profile(calendar_id="new", **SENDERS)
    more = {"start": "2026-01-13T11:00"} if change == "reschedule" else {}
    await world.send(change, appointment_id=mine, **more)
    assert [len(world.calendar.events[name]) for name in ("calendar", "new")] == [0, int(change == "reschedule")]


async def test_a_move_is_completed_after_its_service_was_removed(world, make_profile):
    """It was stored before the worker was interrupted."""
    mine = await world.confirmed()
    command = world.command("reschedule", appointment_id=mine, start="2026-01-13T11:00")
    world.commands.errors.append(TransientError("503"))
    with pytest.raises(TransientError):
        await world.handle(command)
    others = [make_profile().services[1].model_dump()]
    world.tenants.blocking.profiles[TENANT] = make_profile(services=others, **SENDERS)
    assert (await world.handle(command)).type == "booking.rescheduled"
    assert len(world.events) == 1


async def test_a_visit_can_move_within_a_full_day(new_world):
    """The unit that it frees is enough."""
    world = new_world(max_visits_per_day=1)
    mine = await world.confirmed()
    await world.send("reschedule", appointment_id=mine, start="2026-01-13T11:00")
    refused = await world.send("reschedule", appointment_id=mine, start="2026-01-13T08:00")
    assert refused.data.code == ErrorCode.INVALID_TIME
    assert refused.data.alternatives[0].start.date().isoformat() == "2026-01-13"


async def test_a_request_that_waited_too_long_is_refused(world):
    """A hold that would expire before its visitor gets the code is useless."""
    request = world.create_command()
    world.clock.set(request.accepted_at.replace(minute=20))
    assert (await world.handle(request)).data.code == ErrorCode.CODE_EXPIRED
    assert (world.appointments.writes, world.appointments.units) == (0, {})


async def test_one_session_can_not_send_codes_to_many_strangers(world):
    """However many addresses it names: each newer request replaces the older one, and sent codes keep counting."""
    for number in range(20):
        await world.create(contact=f"victim{number}@example.com", source_ip="203.0.113.7")
    assert world.notice_types.count("notice.code") == 6


async def test_one_address_can_not_send_codes_to_many_strangers(world):
    """However many sessions it opens."""
    for number in range(60):
        frame = await world.create(session=f"s{number}", contact=f"v{number}@example.com", source_ip="203.0.113.7")
        if frame.type == "booking.pending":
            await world.send("cancel", session=f"s{number}", appointment_id=frame.data.appointment_id)
    assert world.notice_types.count("notice.code") == 30
