"""A visitor requests a time: alone, twice, or at the same moment as others."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from shared.ids import derive_id
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.conftest import WEEKDAYS
from tests.unit.workers.booking.handler.conftest import TENANT
from workers.booking.domain.explanation import Rule
from workers.booking.domain.values import AppointmentState, Interval, LastChange
from workers.booking.handler.explain import explain_time

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def test_a_free_time_is_held_and_a_code_is_sent(world):
    """The visitor gets the expiry and where the code was sent, and nothing of the code itself."""
    command = world.create_command(name="Jan", note="First visit")
    pending = await world.handle(command)

    assert (pending.type, pending.re) == ("booking.pending", command.client_id)
    data = pending.data
    assert data.appointment_id == derive_id(command.id, "appointment")
    assert (data.start, data.end) == (NINE_UTC, NINE_UTC + HOUR)
    assert data.start.utcoffset() == HOUR
    assert data.expires_at == world.clock.now() + timedelta(minutes=15)
    assert (data.contact, data.contact_kind) == ("j***@e***.com", "email")
    [notice] = world.notices.delivered
    assert (notice.type, notice.send_number, notice.expires_at) == ("notice.code", 1, data.expires_at)
    assert (notice.data.contact, notice.data.name, notice.locale) == ("jan@example.com", "Jan", "en")
    assert world.code(data.appointment_id) not in "".join(world.notices.bodies)
    assert world.metrics.total("AppointmentCreated") == 1
    assert world.events == []


async def test_a_hold_stores_what_the_visitor_wrote(world):
    """The owner can read it once it is confirmed."""
    command = world.create_command(name="Jan", note="First visit")
    appointment = await world.appointment((await world.handle(command)).data.appointment_id)

    assert (appointment.state, appointment.version) == (AppointmentState.HELD, 1)
    assert (appointment.name, appointment.note, appointment.contact.address) == (
        "Jan",
        "First visit",
        "jan@example.com",
    )
    assert (appointment.grid_minutes, appointment.last_change) == (
        10,
        LastChange(command.id, at=command.accepted_at),
    )
    assert len(world.appointments.buckets) == 6


async def test_the_loser_gets_alternatives(world):
    """At least three, near the requested time and in the tenant's zone; the first of them can be booked."""
    await world.held(session="winner")
    writes = world.appointments.writes
    refused = await world.create()

    data = refused.data
    assert (data.code, data.retryable) == (ErrorCode.SLOT_TAKEN, False)
    assert len(data.alternatives) >= 3
    starts = [slot.start for slot in data.alternatives]
    assert NINE_UTC not in starts
    assert {start.utcoffset() for start in starts} == {HOUR}
    assert {start.date().isoformat() for start in starts[:3]} == {"2026-01-13"}
    assert world.appointments.writes == writes
    assert world.notice_types == ["notice.code"]

    assert (await world.create(starts[0].isoformat())).type == "booking.pending"


async def test_of_many_concurrent_requests_one_gets_the_time(world):
    """The others are refused."""
    outcomes = await asyncio.gather(*(world.create(session=f"visitor{number}") for number in range(20)))

    assert sorted(outcome.type for outcome in outcomes) == ["booking.pending"] + ["error"] * 19
    assert len(world.appointments.rows) == 1
    assert len(world.notices.delivered) == 1


async def test_buffers_block_other_visits(world):
    """A consultation blocks ten minutes before and twenty after, so the next massage does not fit."""
    await world.held("2026-01-13T10:00", service="consultation", session="winner")

    assert (await world.create("2026-01-13T10:30")).data.code == ErrorCode.SLOT_TAKEN
    assert (await world.create("2026-01-13T11:00")).type == "booking.pending"


async def test_an_expired_hold_is_free_again(world):
    """From its last instant on, as of the time at which the command was accepted."""
    await world.held(session="slow")
    world.clock.advance(timedelta(minutes=15) - timedelta(milliseconds=1))
    assert (await world.create()).data.code == ErrorCode.SLOT_TAKEN
    world.clock.advance(timedelta(milliseconds=1))

    assert (await world.create()).type == "booking.pending"


async def test_a_command_that_waited_too_long_sends_no_code(world):
    """The hold counts from when the ingress accepted it; if that is over, the visitor is asked to book again."""
    command = world.create_command()
    world.clock.advance(timedelta(minutes=16))

    assert (await world.handle(command)).data.code == ErrorCode.CODE_EXPIRED
    assert world.notice_types == []


async def test_an_event_in_the_calendar_occupies_its_time(world):
    """The owner's own events count and are read afresh; nothing of ours is written."""
    world.calendar.block(Interval(NINE_UTC + HOUR / 2, NINE_UTC + HOUR))
    refused = await world.create()

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) >= 3
    overlapping = [slot for slot in refused.data.alternatives if NINE_UTC - HOUR / 2 < slot.start < NINE_UTC + HOUR]
    assert overlapping == []
    assert world.calendar.fresh_reads[0] is True
    assert (world.appointments.writes, world.notices.bodies) == (0, [])


async def test_an_adjacent_event_does_not_block(world):
    """The owner may be busy until the minute at which the visit begins."""
    world.calendar.block(Interval(NINE_UTC - HOUR, NINE_UTC))
    world.calendar.block(Interval(NINE_UTC + HOUR, NINE_UTC + 2 * HOUR))

    assert (await world.create()).type == "booking.pending"


async def test_a_failing_calendar_only_costs_the_alternatives(world):
    """The refusal itself is certain."""
    await world.held(session="winner")
    world.calendar.fail("find_busy_times", TransientError("quota"))
    refused = await world.create()

    assert (refused.data.code, refused.data.alternatives) == (ErrorCode.SLOT_TAKEN, ())


async def test_nothing_is_held_if_the_calendar_can_not_be_read(world):
    """The command is retried; until then no time is held that may not be free."""
    command = world.create_command()
    world.calendar.fail("find_busy_times", TransientError("quota"))
    with pytest.raises(TransientError):
        await world.handle(command)
    assert world.appointments.writes == 0

    assert (await world.handle(command)).type == "booking.pending"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"service": "haircut"}, ErrorCode.UNKNOWN_SERVICE),
        ({"start": "tomorrow"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-13"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-02-30T10:00"}, ErrorCode.INVALID_TIME),
        ({"start": "9999-12-31T10:00"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-13T10:10"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-13T08:30"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-13T11:30"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-17T10:00"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-09T10:00"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-03-02T10:00"}, ErrorCode.INVALID_TIME),
        ({"start": "2026-01-13T10:00Z", "service": "consultation", "contact": "jan"}, ErrorCode.INVALID_CONTACT),
        ({"contact": "+48 600 100 200"}, ErrorCode.INVALID_CONTACT),
        ({"contact": "jan@localhost"}, ErrorCode.INVALID_CONTACT),
        ({"contact": "Jan <jan@example.com>"}, ErrorCode.INVALID_CONTACT),
        ({"contact": "jan@example.com\nBcc: all@example.com"}, ErrorCode.INVALID_CONTACT),
    ],
)
async def test_an_impossible_request_is_refused_and_nothing_is_written(world, fields, code):
    """One durable error ends the command; no hold, no notice, no fresh read of the calendar."""
    refused = await world.create(**fields)

    assert (refused.type, refused.data.code) == ("error", code)
    assert (world.appointments.rows, world.appointments.buckets, world.notices.bodies) == ({}, {}, [])
    assert True not in world.calendar.fresh_reads
    assert world.frames() == ["error"]


@pytest.mark.parametrize("start", ["2026-01-13T10:10", "2026-01-13T08:30", "2026-01-17T10:00", "2026-03-02T10:00"])
async def test_a_time_that_is_not_offered_gets_alternatives(world, start):
    """Like an occupied time."""
    refused = await world.create(start)

    assert refused.data.code == ErrorCode.INVALID_TIME
    assert len(refused.data.alternatives) == 5
    assert (await world.create(refused.data.alternatives[0].start.isoformat())).type == "booking.pending"


@pytest.mark.parametrize("fields", [{"email_enabled": False}, {"senders": {}}])
async def test_without_a_sender_no_contact_can_be_verified(new_world, fields):
    """Neither if the installation sends no e-mail nor if the business has no sender."""
    world = new_world(**fields)

    assert (await world.create()).data.code == ErrorCode.INVALID_CONTACT
    assert world.appointments.writes == 0


@pytest.mark.parametrize(
    "start", ["2026-01-13 10:00", "2026-01-13T09:00Z", "2026-01-13T10:00:00+01:00", " 2026-01-13T4:00-05:00"]
)
async def test_a_time_without_an_offset_is_in_the_businesss_zone(world, start):
    """A time with an offset is that instant."""
    assert (await world.create(start)).data.start == NINE_UTC


async def test_a_lost_claim_holds_nothing(world):
    """The store checks the claim's owner in the same transaction."""
    command = world.create_command()
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=timedelta(seconds=30))
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handler.handle(command, claim)

    assert (world.appointments.rows, world.appointments.buckets, world.frames()) == ({}, {}, [])
    assert world.notice_types == []


async def test_a_visit_that_needs_too_many_buckets_is_offered_another_time(world):
    """The day's buckets are smaller than one transaction allows: nobody can book the visit on that day."""
    world.appointments.is_grid_too_fine = True
    refused = await world.create()
    assert (refused.type, refused.data.code) == ("error", ErrorCode.SLOT_TAKEN)
    assert refused.data.alternatives
    assert (world.appointments.rows, world.notices.delivered) == ({}, [])


async def test_a_visit_gets_a_resource_that_is_there(new_world):
    """A resource with hours of its own is not booked outside of them, even if it is free and nobody else is."""
    away = {"id": "tom", "opening_hours": {"tuesday": ["14:00-17:00"]}}
    world = new_world(resources=[away, {"id": "anna"}])

    held = await world.held("2026-01-13T10:00", service="massage")
    refused = await world.create("2026-01-13T10:00", service="massage", session="another")
    late = await world.held("2026-01-13T14:00", service="massage", session="third")
    later = await world.held("2026-01-13T14:00", service="massage", session="fourth", contact="ewa@example.com")

    assert (await world.appointment(held)).resource == "anna"
    assert refused.data.code == "SLOT_TAKEN"
    assert "2026-01-13T14:00:00+01:00" in [slot.start.isoformat() for slot in refused.data.alternatives]
    resources = [(await world.appointment(late, "third")).resource, (await world.appointment(later, "fourth")).resource]
    assert sorted(resources) == ["anna", "tom"]


async def test_a_day_whose_grid_is_too_fine_offers_no_long_visit(new_world):
    """The list, the request and the explanation agree: the owner has made the profile's steps coarser since."""
    services = [{"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 480}]
    world = new_world(services=services, opening_hours={key: ["09:00-17:00"] for key in WEEKDAYS})
    world.appointments.day_grids[TENANT, date(2026, 1, 13)] = 5
    listed = await world.ask("slots", service="massage")
    assert "2026-01-13" not in {slot["start"][:10] for slot in listed["data"]["slots"]}
    start = next(slot["start"] for slot in listed["data"]["slots"] if slot["start"].startswith("2026-01-14"))
    refused = await world.create(start.replace("2026-01-14", "2026-01-13"))
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert {slot.start.day for slot in refused.data.alternatives}.isdisjoint({13})
    profile = await world.tenants.get_profile(TENANT)
    at = datetime.fromisoformat(start.replace("2026-01-14", "2026-01-13")).astimezone(UTC)
    explained = await explain_time(world.ports, TENANT, profile, profile.services[0], at, now=world.clock.now())
    assert [block.rule for block in explained.blocks] == [Rule.GRID]
    assert (await world.create(start)).type == "booking.pending"
