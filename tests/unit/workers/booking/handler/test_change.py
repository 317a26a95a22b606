"""A visitor cancels or reschedules an appointment."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from shared.messages.errors import ErrorCode
from workers.booking.domain.values import AppointmentState, Interval

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=30)


async def test_a_cancelled_appointment_is_removed_everywhere(world):
    """From the calendar and from the occupied times; the visitor of a confirmed appointment gets a notice."""
    appointment_id = await world.confirmed()
    frame = await world.send("cancel", appointment_id=appointment_id)

    assert (frame.type, frame.data.start, frame.data.service) == ("booking.cancelled", NINE_UTC, "massage")
    assert (await world.appointment(appointment_id)).state is AppointmentState.CANCELLED
    assert (world.events, world.appointments.buckets) == ([], {})
    assert world.notice_types == ["notice.code", "notice.confirmed", "notice.cancelled"]
    assert "STATUS:CANCELLED" in world.notices.delivered[-1].ics
    assert (await world.create(session="another")).type == "booking.pending"


async def test_cancelling_a_hold_sends_no_notice(world):
    """There was no confirmation, so there is no cancellation notice; the calendar has no event."""
    appointment_id = await world.held()
    calls = len(world.calendar.calls)

    assert (await world.send("cancel", appointment_id=appointment_id)).type == "booking.cancelled"
    assert world.appointments.buckets == {}
    assert world.notice_types == ["notice.code"]
    assert len(world.calendar.calls) == calls


async def test_an_expired_hold_frees_only_what_it_still_owns(world):
    """Another visitor has the time by now and keeps it."""
    appointment_id = await world.held()
    world.clock.advance(timedelta(minutes=15))
    others = await world.held(session="another")

    assert (await world.send("cancel", appointment_id=appointment_id)).type == "booking.cancelled"
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == {others}


async def test_a_repeated_cancellation_gets_the_same_answer_and_one_notice(world):
    """The second command finds the appointment cancelled."""
    appointment_id = await world.confirmed()
    first = await world.send("cancel", appointment_id=appointment_id)
    again = await world.send("cancel", appointment_id=appointment_id)

    assert again.data == first.data
    assert world.notice_types.count("notice.cancelled") == 1


@pytest.mark.parametrize("step", ["buckets", "commands", "notices", "frame"])
async def test_an_interrupted_cancellation_is_completed_by_the_retry(world, step):
    """The event is removed, one notice is sent, and one frame reports it."""
    appointment_id = await world.confirmed()
    command = world.command("cancel", appointment_id=appointment_id)
    steps = {
        "buckets": world.appointments.stuck,
        "commands": world.commands.errors,
        "notices": world.notices.errors,
        "frame": world.conversations.errors,
    }
    steps[step].append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(command)

    assert (await world.handle(command)).type == "booking.cancelled"
    assert (world.events, world.appointments.buckets) == ([], {})
    assert world.notice_types.count("notice.cancelled") == 1
    assert world.frames().count("booking.cancelled") == 1


@pytest.mark.parametrize(("kind", "data"), [("cancel", {}), ("reschedule", {"start": "2026-01-14T10:00"})])
async def test_a_visit_that_has_begun_is_kept(world, kind, data):
    """It can be neither cancelled nor moved; nothing is written."""
    appointment_id = await world.confirmed()
    writes = world.appointments.writes
    world.clock.set(NINE_UTC)

    refused = await world.send(kind, appointment_id=appointment_id, **data)

    assert refused.data.code == ErrorCode.INVALID_TIME
    assert (world.appointments.writes, len(world.events)) == (writes, 1)


async def test_an_appointment_moves_with_its_event(world):
    """The old time is free, the new one is occupied, and the visitor's calendar can follow."""
    appointment_id = await world.confirmed()
    frame = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-14T15:00")

    later = NINE_UTC + 29 * HOUR
    assert (frame.type, frame.data.appointment_id) == ("booking.rescheduled", appointment_id)
    assert (frame.data.start, frame.data.end) == (later, later + HOUR)
    assert [(event.start, event.end) for event in world.events] == [(later, later + HOUR)]
    assert min(start for *_, start in world.appointments.buckets) == later
    assert world.notice_types == ["notice.code", "notice.confirmed", "notice.rescheduled"]
    assert f"SEQUENCE:{(await world.appointment(appointment_id)).version}" in frame.data.ics
    assert (await world.create(session="another")).type == "booking.pending"


@pytest.mark.parametrize("start", ["2026-01-13T10:30", "2026-01-13T09:30"])
async def test_an_appointment_can_move_by_half_of_its_length(world, start):
    """Its own event, which overlaps the new time partly, does not block the move."""
    appointment_id = await world.confirmed()
    frame = await world.send("reschedule", appointment_id=appointment_id, start=start)

    assert frame.type == "booking.rescheduled"
    assert len(world.appointments.buckets) == 6
    assert {bucket.hold_until for bucket in world.appointments.buckets.values()} == {None}


async def test_an_event_adjacent_to_the_own_one_still_blocks(world):
    """The calendar returns two adjacent events as one."""
    appointment_id = await world.confirmed()
    world.calendar.block(Interval(NINE_UTC + HOUR, NINE_UTC + 2 * HOUR))

    refused = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T10:30")
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert (await world.appointment(appointment_id)).start == NINE_UTC


async def test_a_hold_moves_and_keeps_its_code_and_its_expiry(world):
    """It still has to be verified."""
    appointment_id = await world.held()
    until = (await world.appointment(appointment_id)).hold_expires_at
    pending = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")

    assert (pending.type, pending.data.expires_at) == ("booking.pending", until)
    assert world.events == []
    confirmed = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    assert (confirmed.type, confirmed.data.start) == ("booking.confirmed", NINE_UTC + 4 * HOUR)


@pytest.mark.parametrize("obstacle", ["another visitor", "the owner"])
async def test_if_the_new_time_is_occupied_the_old_one_stays(world, obstacle):
    """The refusal has alternatives, and nothing is freed."""
    appointment_id = await world.confirmed()
    if obstacle == "another visitor":
        await world.held("2026-01-13T14:00", session="another")
    else:
        world.calendar.block(Interval(NINE_UTC + 4 * HOUR, NINE_UTC + 5 * HOUR))
    writes = world.appointments.writes

    refused = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) >= 3
    assert world.appointments.writes == writes
    assert (await world.appointment(appointment_id)).start == NINE_UTC
    assert [event.start for event in world.events] == [NINE_UTC]


@pytest.mark.parametrize("start", ["nonsense", "2026-01-13T10:10", "2026-01-17T10:00", "2026-01-10T10:00"])
async def test_an_appointment_moves_only_to_a_time_that_is_offered(world, start):
    """The rules for new appointments apply to moves, too."""
    appointment_id = await world.confirmed()
    writes = world.appointments.writes

    refused = await world.send("reschedule", appointment_id=appointment_id, start=start)
    assert (refused.data.code, world.appointments.writes) == (ErrorCode.INVALID_TIME, writes)


async def test_an_appointment_of_a_removed_service_can_not_move(world, make_profile):
    """Its duration is unknown."""
    appointment_id = await world.confirmed()
    services = [{"id": "haircut", "name": {"en": "Haircut"}, "duration_minutes": 30}]
    world.tenants.blocking.profiles["salon-ania"] = make_profile(services=services)

    refused = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    assert refused.data.code == ErrorCode.UNKNOWN_SERVICE
    assert (await world.send("cancel", appointment_id=appointment_id)).type == "booking.cancelled"


@pytest.mark.parametrize("step", ["commands", "notices", "frame"])
async def test_an_interrupted_move_is_completed_by_the_retry(world, step):
    """The retry finds the appointment moved and completes the effects."""
    appointment_id = await world.confirmed()
    command = world.command("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    ports = {"commands": world.commands, "notices": world.notices, "frame": world.conversations}
    ports[step].errors.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(command)

    assert (await world.handle(command)).type == "booking.rescheduled"
    assert [event.start for event in world.events] == [NINE_UTC + 4 * HOUR]
    assert world.notice_types.count("notice.rescheduled") == 1
    assert world.frames().count("booking.rescheduled") == 1
    assert (await world.appointment(appointment_id)).version == 3


async def test_moving_away_and_back_sends_a_notice_each_time(world):
    """Three moves are three notices, each with its own number."""
    appointment_id = await world.confirmed()
    for start in ("2026-01-13T14:00", "2026-01-13T10:00", "2026-01-13T14:00"):
        await world.send("reschedule", appointment_id=appointment_id, start=start)

    assert world.notice_types.count("notice.rescheduled") == 3


@pytest.mark.parametrize(("kind", "data"), [("cancel", {}), ("reschedule", {"start": "2026-01-13T14:00"})])
async def test_a_lost_claim_changes_nothing(world, kind, data):
    """The appointment stays as it was."""
    appointment_id = await world.confirmed()
    command = world.command(kind, appointment_id=appointment_id, **data)
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    world.claims.steal(claim)
    before = await world.appointment(appointment_id), dict(world.appointments.buckets), world.events

    with pytest.raises(LeaseLostError):
        await world.handler.handle(command, claim)

    assert (await world.appointment(appointment_id), world.appointments.buckets, world.events) == before


async def test_a_move_that_needs_too_many_buckets_is_refused(world):
    """The visit stays where it was, and may be moved to one of the alternatives."""
    appointment_id = await world.confirmed()
    world.appointments.is_grid_too_fine = True
    refused = await world.send("reschedule", appointment_id=appointment_id, start="2026-01-14T10:00")
    assert (refused.data.code, refused.data.appointment_id) == (ErrorCode.SLOT_TAKEN, appointment_id)
    assert refused.data.alternatives
    assert (await world.appointment(appointment_id)).start == NINE_UTC
