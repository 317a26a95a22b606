"""A visitor types a code, or asks for another one."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.messages.errors import ErrorCode
from workers.booking.domain.values import AppointmentState

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def wrong(code):
    """Return another code; it differs in its first digit from the code itself and from no other one known."""
    return f"{(int(code[0]) + 5) % 10}{code[1:]}"


async def test_the_right_code_makes_an_appointment(world):
    """It stands for good, in the calendar too, and a confirmation goes out with a file for the visitor's own."""
    appointment_id = await world.held(name="Jan", note="First visit")
    frame = await world.send("verify", appointment_id=appointment_id, code=f" {world.code(appointment_id)} ")

    assert (frame.type, frame.data.start, frame.data.service) == ("booking.confirmed", NINE_UTC, "massage")
    assert "STATUS:CONFIRMED" in frame.data.ics
    [event] = world.events
    assert (event.appointment_id, event.start, event.end) == (appointment_id, frame.data.start, frame.data.end)
    assert (event.summary, event.description) == ("Masaż: Jan", "Jan\njan@example.com\nFirst visit")
    appointment = await world.appointment(appointment_id)
    assert (appointment.state, appointment.hold_expires_at) == (AppointmentState.CONFIRMED, None)
    assert appointment.calendar_event_id == event.event_id
    assert {bucket.hold_until for bucket in world.appointments.buckets.values()} == {None}
    assert world.told == ["notice.code", "notice.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_a_confirmed_time_is_never_free_again(world):
    """Its hold would have run out long ago."""
    await world.confirmed()
    world.clock.turn(timedelta(hours=1))

    assert (await world.create(session="another")).data.code == ErrorCode.SLOT_TAKEN


async def test_a_wrong_code_is_counted_and_may_be_tried_again(world):
    """The hold stands; the right code still confirms it."""
    appointment_id = await world.held()
    code = world.code(appointment_id)
    refused = await world.send("verify", appointment_id=appointment_id, code=wrong(code))

    assert (refused.data.code, refused.data.retryable) == (ErrorCode.CODE_INVALID, True)
    assert (await world.appointment(appointment_id)).code_attempts == 1
    assert world.events == []
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


async def test_after_five_wrong_codes_the_right_one_comes_too_late(world):
    """Nobody guesses a code, and another one does not help."""
    appointment_id = await world.held()
    code = world.code(appointment_id)
    for _ in range(5):
        refused = await world.send("verify", appointment_id=appointment_id, code=wrong(code))
        assert refused.data.code == ErrorCode.CODE_INVALID
    writes = world.appointments.writes

    for kind, data in (("verify", {"code": code}), ("resend", {})):
        refused = await world.send(kind, appointment_id=appointment_id, **data)
        assert (refused.data.code, refused.data.retryable) == (ErrorCode.TOO_MANY_ATTEMPTS, False)
    assert world.appointments.writes == writes
    assert world.told == ["notice.code"]


async def test_a_wrong_code_whose_answer_was_cut_off_is_counted_once(world):
    """The next try finds its own count and only says the refusal."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=wrong(world.code(appointment_id)))
    world.conversations.trouble.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(command)

    assert (await world.handle(command)).data.code == ErrorCode.CODE_INVALID
    assert (await world.appointment(appointment_id)).code_attempts == 1


async def test_a_code_that_came_too_late_says_so(world):
    """The time may be somebody else's by now."""
    appointment_id = await world.held()
    writes = world.appointments.writes
    world.clock.turn(timedelta(minutes=15))
    refused = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))

    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert world.appointments.writes == writes


async def test_a_queues_delay_costs_nobody_their_hold(world):
    """What counts is when the ingress accepted the code."""
    appointment_id = await world.held()
    world.clock.turn(timedelta(minutes=14))
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.clock.turn(timedelta(minutes=30))

    assert (await world.handle(command)).type == "booking.confirmed"


async def test_a_time_that_somebody_took_meanwhile_is_not_confirmed(world):
    """The code was accepted in time but waited in the queue, and another visitor was quicker after the end."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.clock.turn(timedelta(minutes=15))
    await world.held(session="quicker")

    refused = await world.handle(command)

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) >= 3
    assert world.events == []
    assert world.metrics.total("AppointmentVerified") == 0
    assert (await world.appointment(appointment_id)).state is AppointmentState.HELD


@pytest.mark.parametrize("kind", ["verify", "resend", "cancel", "reschedule"])
async def test_anothers_appointment_is_as_good_as_none(world, kind):
    """Even who knows its id and its code cannot tell that it exists."""
    appointment_id = await world.held(session="owner")
    writes = world.appointments.writes
    data = {"verify": {"code": world.code(appointment_id)}, "reschedule": {"start": "2026-01-13T11:00"}}.get(kind, {})

    foreign = await world.send(kind, appointment_id=appointment_id, **data)
    nobodys = await world.send(kind, appointment_id="0" * 32, **data)

    assert foreign.data == nobodys.data
    assert foreign.data.code == ErrorCode.UNKNOWN_APPOINTMENT
    assert world.appointments.writes == writes
    assert world.told == ["notice.code"]


@pytest.mark.parametrize("place", ["calendar", "notices", "frame"])
async def test_a_confirmation_that_was_cut_off_is_finished_by_the_next_try(world, place):
    """Wherever it broke: one event, one notice, one frame, one count."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    trouble = TransientError("throttled")
    if place == "calendar":
        world.calendar.fail("put", trouble, trouble)
    else:
        {"notices": world.notices, "frame": world.conversations}[place].trouble += [trouble, trouble]
    for _ in range(2):
        with pytest.raises(TransientError):
            await world.handle(command)
        assert (await world.appointment(appointment_id)).state is AppointmentState.CONFIRMED

    await world.handle(command)

    assert len(world.events) == 1
    assert world.told == ["notice.code", "notice.confirmed"]
    assert world.frames() == ["booking.pending", "booking.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_a_calendar_that_is_closed_to_us_leaves_the_appointment_standing(world):
    """The visitor keeps it; the owner shares the calendar again and replays the command."""
    appointment_id = await world.held()
    data = {"appointment_id": appointment_id, "code": world.code(appointment_id)}
    world.calendar.fail("put", PermanentError("calendar_access_revoked"))
    with pytest.raises(PermanentError, match="calendar_access_revoked"):
        await world.handle(world.command("verify", client_id="v1", **data))
    assert world.events == []

    frame = await world.handle(world.command("verify", client_id="v1", replay=1, **data))
    assert frame.type == "booking.confirmed"
    assert len(world.events) == 1


async def test_a_code_for_a_confirmed_appointment_confirms_it_again(world):
    """Whatever it says, and with no second effect: the predecessor's page may send it twice."""
    appointment_id = await world.confirmed()
    writes = world.appointments.writes
    again = await world.send("verify", appointment_id=appointment_id, code="000000")

    assert (again.type, again.data.appointment_id) == ("booking.confirmed", appointment_id)
    assert world.appointments.writes == writes
    assert world.calendar.calls.count("put") == 1
    assert world.told == ["notice.code", "notice.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_who_lost_the_command_confirms_nothing(world):
    """No appointment, no event, no mail."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handler.handle(command, claim)

    assert (await world.appointment(appointment_id)).state is AppointmentState.HELD
    assert (world.events, world.told) == ([], ["notice.code"])


async def test_another_code_goes_out_for_the_same_hold(world):
    """Its number counts up, the hold is not prolonged, and the new code confirms."""
    appointment_id = await world.held()
    until = (await world.appointment(appointment_id)).hold_expires_at
    world.clock.turn(timedelta(minutes=5))
    pending = await world.send("resend", appointment_id=appointment_id)

    assert (pending.type, pending.data.expires_at) == ("booking.pending", until)
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2]
    code = world.code(appointment_id, number=2)
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


async def test_a_mailbox_cannot_be_flooded(world):
    """Three codes a hold; the oldest does not count any more."""
    appointment_id = await world.held()
    for _ in range(2):
        assert (await world.send("resend", appointment_id=appointment_id)).type == "booking.pending"

    refused = await world.send("resend", appointment_id=appointment_id)

    assert (refused.data.code, refused.data.retryable) == (ErrorCode.RATE_LIMITED, False)
    assert refused.data.message == "We send no further code for this time. The latest one still counts."
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2, 3]
    oldest = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id, 1))
    assert oldest.data.code == ErrorCode.CODE_INVALID


async def test_a_resend_that_was_cut_off_is_counted_once(world):
    """The next try sends the same number again, which is the same notice."""
    appointment_id = await world.held()
    command = world.command("resend", appointment_id=appointment_id)
    for trouble in (world.notices.trouble, world.conversations.trouble):
        trouble.append(TransientError("throttled"))
        with pytest.raises(TransientError):
            await world.handle(command)

    assert (await world.handle(command)).type == "booking.pending"
    assert (await world.appointment(appointment_id)).code_sends == 2
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2]


async def test_a_resend_for_a_confirmed_appointment_says_that_it_stands(world):
    """No code goes out for it."""
    appointment_id = await world.confirmed()

    assert (await world.send("resend", appointment_id=appointment_id)).type == "booking.confirmed"
    assert world.told == ["notice.code", "notice.confirmed"]
