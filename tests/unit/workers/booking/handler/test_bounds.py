"""What one visitor may hold, how many codes go to one contact, and what they hear beyond it."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from workers.booking.domain.quotas import session_key
from workers.booking.domain.values import AppointmentState

FULL = ErrorCode.RATE_LIMITED
TIMES = [f"2026-01-1{day}T{hour}:00" for day in (3, 4, 5) for hour in (10, 14)]


def hours(number):
    return TIMES[number]


async def test_a_session_holds_one_time(world):
    """Its newer wish takes the place of the older one, wherever that was."""
    first = await world.held("2026-01-13T10:00")
    second = await world.held("2026-01-14T15:00")

    assert (await world.appointment(first)).state is AppointmentState.CANCELLED
    assert (await world.appointment(second)).state is AppointmentState.HELD
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == {second}
    bounds = [key.partition("#")[0] for key, _ in world.appointments.units]
    assert sorted(bounds) == ["contact", "sends", "sends", "sends-session", "sends-session", "session"]
    assert (await world.create("2026-01-13T10:00", session="another")).type == "booking.pending"


async def test_a_confirmed_appointment_is_no_hold(world):
    """A visitor may book again."""
    first = await world.confirmed("2026-01-13T10:00")
    await world.held("2026-01-14T10:00")
    assert (await world.appointment(first)).state is AppointmentState.CONFIRMED


async def test_a_contact_holds_two_times(world):
    """Under whatever sessions; told when to come back, with nothing written."""
    for number in range(2):
        await world.held(hours(number), session=str(number))
    world.clock.turn(timedelta(minutes=5))
    writes = world.appointments.writes
    refused = await world.create(hours(2), session="third", contact="Jan+more@example.com")

    assert (refused.data.code, refused.data.retryable) == (FULL, True)
    assert refused.data.retry_after_ms == 10 * 60 * 1000
    assert world.appointments.writes == writes
    world.clock.turn(timedelta(minutes=10))
    assert (await world.create(hours(2), session="third")).type == "booking.pending"


async def test_an_address_holds_five_times(world):
    """However many contacts and sessions it makes up; a verified one counts no more."""
    for number in range(5):
        held = await world.create(
            hours(number), session=str(number), contact=f"v{number}@example.com", source_ip="192.0.2.7"
        )
        assert held.type == "booking.pending"
    more = {"session": "sixth", "contact": "v6@example.com"}
    assert (await world.create(hours(5), source_ip="192.0.2.7", **more)).data.code == FULL
    assert (await world.create(hours(5), source_ip="192.0.2.8", **more)).type == "booking.pending"
    known = held.data.appointment_id
    await world.send("verify", session="4", appointment_id=known, code=world.code(known))
    seventh = {"session": "seventh", "contact": "v7@example.com"}
    assert (await world.create("2026-01-16T10:00", source_ip="192.0.2.7", **seventh)).type == "booking.pending"


async def test_a_contact_gets_three_codes_an_hour(world):
    """First ones and repeated ones together; the hold stands, and its code goes on working."""
    first = await world.held(hours(0))
    await world.send("resend", appointment_id=first)
    await world.send("resend", appointment_id=first)
    await world.send("cancel", appointment_id=first)

    refused = await world.create(hours(1), session="another")
    assert (refused.data.code, refused.data.retry_after_ms) == (FULL, 60 * 60 * 1000)
    assert world.told.count("notice.code") == 3
    world.clock.turn(timedelta(hours=1))
    assert (await world.create(hours(1), session="another")).type == "booking.pending"


async def test_a_resend_counts_too(world):
    """The fourth code within the hour is not sent, whichever hold it is for."""
    for number in range(2):
        await world.held(hours(number), session=str(number))
    appointment_id = await held_by(world, "1")
    assert (await world.send("resend", session="1", appointment_id=appointment_id)).type == "booking.pending"
    refused = await world.send("resend", session="1", appointment_id=appointment_id)

    assert refused.data.code == FULL
    assert (await world.appointment(appointment_id, "1")).code_sends == 2
    code = world.code(appointment_id, 2)
    answer = await world.send("verify", session="1", appointment_id=appointment_id, code=code)
    assert answer.type == "booking.confirmed"


async def held_by(world, session):
    return await world.appointments.find_session_hold(session, at=world.clock.now())


async def test_a_day_is_full(new_world):
    """The cap of a day is a taken time, with times of other days to take instead."""
    world = new_world(max_visits_per_day=1)
    await world.held(hours(0))
    refused = await world.create(hours(1), session="another")

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) == 5
    assert "2026-01-13" not in {offer.start.date().isoformat() for offer in refused.data.alternatives}
    listed = await slots(world)
    assert "2026-01-13" not in {start[:10] for start in listed}
    assert (await world.create(hours(2), session="another")).type == "booking.pending"


async def test_an_appointment_takes_its_place_in_the_new_day(new_world):
    """And leaves its old one; within a day it keeps it."""
    world = new_world(max_visits_per_day=1)
    mine = await world.confirmed(hours(0))
    await world.confirmed(hours(2), session="another")
    assert (await world.send("reschedule", appointment_id=mine, start=hours(1))).type == "booking.rescheduled"
    full = await world.send("reschedule", appointment_id=mine, start=hours(3))
    assert full.data.code == ErrorCode.SLOT_TAKEN
    assert (await world.send("reschedule", appointment_id=mine, start=hours(4))).type == "booking.rescheduled"
    assert (await world.create(hours(0), session="third", contact="c@example.com")).type == "booking.pending"


async def slots(world):
    frame = await world.ask("slots", service="massage", days=5)
    return [slot["start"] for slot in frame["data"]["slots"]]


async def test_a_hold_that_another_worker_placed_meanwhile_is_looked_at_again(world):
    """Two commands of one session at once, which queues do not do, are not told that it was too much."""
    held = await world.held(hours(0))
    holder = world.appointments.units[session_key("session"), 0]
    world.appointments.find_session_hold = nobody
    with pytest.raises(TransientError):
        await world.create(hours(1))
    assert world.appointments.units[session_key("session"), 0] == holder
    assert (await world.appointment(held)).state is AppointmentState.HELD


async def nobody(session_id, *, at):
    return None


async def test_what_a_death_left_behind_is_no_place_in_the_day(new_world):
    """A worker died between confirming and giving the hold's seats back: its own seat is free, the day's is not."""
    world = new_world(max_visits_per_day=1)
    held = await world.held()
    units = dict(world.appointments.units)
    await world.send("verify", appointment_id=held, code=world.code(held))
    world.appointments.units = units | world.appointments.units
    assert (await world.create("2026-01-13T15:00")).data.code == ErrorCode.SLOT_TAKEN
    assert (await world.create("2026-01-14T15:00")).type == "booking.pending"


async def test_a_hold_that_wrong_codes_closed_can_be_booked_anew(world):
    """The same wish gets a hold and a code of its own."""
    held = await world.held()
    for _ in range(5):
        await world.send("verify", appointment_id=held, code="000000")
    again = await world.create()
    assert again.type == "booking.pending"
    assert again.data.appointment_id != held
