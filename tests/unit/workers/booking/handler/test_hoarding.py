"""Strangers who hold a calendar without a code: how much they get, and what is left for others."""

import asyncio

import pytest

from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import LEASE
from workers.booking.domain.hold import HOLD_MINUTES

TIMES = [f"{hour:02}:{minute:02}" for hour in (9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)]
DAYS = [f"2026-01-{day}" for day in (13, 14, 15, 16)]


async def hoard(world, *, days=DAYS, networks=("203.0.113", "198.51.100", "192.0.2")):
    """Request every time from 97 addresses, each with a session and contact of its own; return how many were held."""
    held = 0
    for number, (day, time) in enumerate((day, time) for day in days for time in TIMES):
        address = f"{networks[number % len(networks)]}.{number % 97}"
        fields = {"session": f"bot-{number}", "contact": f"bot{number}@example.com", "source_ip": address}
        held += (await world.create(f"{day}T{time}", **fields)).type == "booking.pending"
    return held


def held_minutes(world, day):
    """Return how many minutes of a day are held."""
    spans = [
        bucket.ends - start for (_, _, start), bucket in world.appointments.buckets.items() if str(start.date()) == day
    ]
    return sum(span.total_seconds() for span in spans) / 60


async def test_strangers_hold_no_more_than_the_share(new_world):
    """Half of the seven hours of each day, from whatever addresses."""
    world = new_world(held_share_percent=50)
    assert await hoard(world) > 0
    for day in DAYS:
        assert 0 < held_minutes(world, day) <= 210


async def test_without_the_share_they_hold_everything(new_world):
    """What the share is for."""
    world = new_world(held_share_percent=100)
    await hoard(world)
    assert all(held_minutes(world, day) == 420 for day in DAYS)


async def test_a_visitor_of_another_network_books_the_day(new_world):
    """While strangers of one network try to hold all of it."""
    world = new_world(held_share_percent=50)
    await hoard(world, networks=["203.0.113"])
    free = (await world.ask("slots", service="massage", days=2))["data"]["slots"]
    start = next(slot["start"] for slot in free if slot["start"].startswith(DAYS[0]))
    assert (await world.create(start, session="honest", source_ip="198.51.100.9")).type == "booking.pending"


async def test_a_day_that_is_held_is_refused_with_other_days(new_world):
    """And with the telephone number of the business; the visitor may book another day at once."""
    world = new_world(held_share_percent=50, phone="+48 22 555 01 02")
    await hoard(world, days=DAYS[:1])
    refused = await world.create("2026-01-13T16:00", session="honest", source_ip="203.0.113.9")
    assert refused.data.code == ErrorCode.RATE_LIMITED
    assert "+48 22 555 01 02" in refused.data.message
    assert 0 < refused.data.retry_after_ms <= HOLD_MINUTES * 60_000
    days = {slot.start.date().isoformat() for slot in refused.data.alternatives}
    assert days
    assert DAYS[0] not in days
    another = refused.data.alternatives[0].start.isoformat()
    assert (await world.create(another, session="honest", source_ip="203.0.113.9")).type == "booking.pending"


async def test_a_confirmed_visit_is_not_held(new_world):
    """Visitors who confirm take nothing of the share for long."""
    world = new_world(held_share_percent=50)
    for number, hour in enumerate((9, 10, 11, 13, 14, 15)):
        fields = {"contact": f"v{number}@example.com", "source_ip": "203.0.113.9"}
        await world.confirmed(f"2026-01-13T{hour:02}:00", session=f"v{number}", **fields)


async def test_holds_of_other_days_do_not_fill_a_day_by_moves(new_world):
    """A hold that moves takes a unit of its new day."""
    world = new_world(held_share_percent=50)
    moved = 0
    for number, hour in enumerate((9, 10, 11, 13, 14, 15)):
        other_day = f"2026-01-{14 + number % 3}T{9 + number // 3}:00"
        fields = {"session": f"bot-{number}", "source_ip": f"203.0.{number}.9"}
        held = await world.held(other_day, contact=f"bot{number}@example.com", **fields)
        answer = await world.send("reschedule", appointment_id=held, start=f"2026-01-13T{hour:02}:00", **fields)
        moved += answer.type == "booking.pending"
    assert moved > 0
    assert held_minutes(world, DAYS[0]) <= 210


async def test_a_hold_may_move_within_its_day(new_world):
    """It is the same unit."""
    world = new_world(held_share_percent=1)
    held = await world.held("2026-01-13T10:00", source_ip="203.0.113.9")
    for hour in (11, 14):
        start = f"2026-01-13T{hour}:00"
        answer = await world.send("reschedule", appointment_id=held, start=start, source_ip="203.0.113.9")
        assert answer.type == "booking.pending"
    assert [key for key, _ in world.appointments.units if key.startswith("held#")] == [
        "held#salon-ania#2026-01-13#default"
    ]


@pytest.mark.parametrize("share", [50, 100])
async def test_a_crowd_hears_that_the_time_is_occupied(new_world, share):
    """Not that a limit is reached, which those whose holds are being written have reached only for a moment."""
    world = new_world(held_share_percent=share)
    visitors = [
        world.create_command(session=f"v{number}", contact=f"v{number}@example.com", source_ip="203.0.113.9")
        for number in range(12)
    ]
    answers = await asyncio.gather(*map(world.handle, visitors))
    losers = [answer.data for answer in answers if answer.type == "error"]
    assert [loser.code for loser in losers] == [ErrorCode.SLOT_TAKEN] * 11
    assert all(loser.alternatives for loser in losers)


async def test_a_crowd_for_two_chairs_fills_both(new_world):
    """The time is taken when every chair is."""
    world = new_world(held_share_percent=20, resources=[{"id": "a"}, {"id": "b"}])
    answers = await asyncio.gather(
        *(
            world.create(session=f"v{number}", contact=f"v{number}@example.com", source_ip=f"203.{number}.113.9")
            for number in range(6)
        )
    )
    assert sorted(answer.type if answer.type != "error" else answer.data.code for answer in answers) == [
        *[ErrorCode.SLOT_TAKEN] * 4,
        *["booking.pending"] * 2,
    ]


async def test_a_crowd_of_one_office_hears_that_the_time_is_occupied(new_world):
    """Five of its holds are being written: they have their units, and not yet the time."""
    world = new_world(held_share_percent=90, resources=[{"id": "room", "seats": 3}])
    for number in range(5):
        await world.held(session=f"v{number}", contact=f"v{number}@example.com", source_ip="203.0.113.9")
        world.appointments.buckets.clear()
        world.appointments.rows.clear()
    refused = await world.create(session="late", contact="late@example.com", source_ip="203.0.113.9")
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    other = await world.create("2026-01-13T14:00", session="late", contact="late@example.com", source_ip="203.0.113.9")
    assert other.data.code == ErrorCode.RATE_LIMITED


async def book_with_todays_widget(world, start, *, session, source_ip, **fields):
    """Request a time, and solve the challenge if one comes; return the last frame."""
    world.connections.open(session, "tab", capabilities=["challenge"])
    fields |= {"session": session, "contact": f"{session}@example.com", "client_id": "b-1", "source_ip": source_ip}
    proof = None
    while True:
        command = world.create_command(start, envelope={"takes_proof": True, "proof": proof}, **fields)
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        await world.handler.handle(command, claim)
        frame = world.conversations.list_frames(session)[-1]
        if proof or frame.type != "error" or frame.data.challenge is None:
            return frame
        proof = world.challenges.solve(frame.data.challenge)


NETWORKS = {
    "of one network": ["203.0.113"],
    "of three networks": ["203.0.113", "198.51.100", "192.0.2"],
    "of many networks": [f"{first}.7.1" for first in range(60, 157)],
}


@pytest.mark.parametrize("networks", NETWORKS.values(), ids=NETWORKS)
async def test_an_honest_visitor_with_todays_widget_books_each_day(new_world, networks):
    """Whatever strangers without proofs hold, also those in the visitor's own network."""
    world = new_world(held_share_percent=50)
    await hoard(world, days=DAYS[:2], networks=networks)
    for number, day in enumerate(DAYS[:2]):
        assert held_minutes(world, day) <= 210
        free = (await world.ask("slots", service="massage", days=1, **{"from": day}))["data"]["slots"]
        visitor = {"session": f"honest-{number}", "source_ip": f"{networks[0]}.200"}
        assert (await book_with_todays_widget(world, free[0]["start"], **visitor)).type == "booking.pending"


async def test_strangers_with_proofs_hold_no_more_than_their_share(new_world):
    """Eight tenths of a day, whatever they compute."""
    world = new_world(held_share_percent=50)
    for number, time in enumerate(TIMES):
        bot = {"session": f"bot-{number}", "source_ip": f"{60 + number}.7.1.9"}
        await book_with_todays_widget(world, f"{DAYS[0]}T{time}", **bot)
    assert 210 < held_minutes(world, DAYS[0]) <= 336
