"""A visitor enters a code, or requests another one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from tests.unit.workers.booking.handler.conftest import replayed
from workers.booking.domain.values import AppointmentState
from workers.booking.facade import forecast_command

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def wrong(code):
    """Return another code; it differs from the right code in its first digit and equals no other code of the test."""
    return f"{(int(code[0]) + 5) % 10}{code[1:]}"


async def test_the_right_code_confirms_the_appointment(world):
    """It is permanent, has an event in the calendar, and a confirmation with a calendar file is queued."""
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
    assert world.notice_types == ["notice.code", "notice.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_a_confirmed_visit_counts_on_the_day_of_its_code(world):
    """For the cost of a booking: where the business is, once, and not while it is only held."""
    appointment_id = await world.held()
    assert world.appointments.confirmed == {}
    world.clock.set(datetime(2026, 1, 12, 23, 5, tzinfo=UTC) - timedelta(minutes=1440))
    for _ in range(2):
        await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))

    assert [*world.appointments.confirmed.items()] == [(("salon-ania", date(2026, 1, 12)), {appointment_id})]


async def test_a_confirmed_time_never_expires(world):
    """Its hold would have expired long ago."""
    await world.confirmed()
    world.clock.advance(timedelta(hours=1))

    assert (await world.create(session="another")).data.code == ErrorCode.SLOT_TAKEN


async def test_a_wrong_code_is_counted_and_the_visitor_may_retry(world):
    """The hold stays; the right code still confirms it."""
    appointment_id = await world.held()
    code = world.code(appointment_id)
    refused = await world.send("verify", appointment_id=appointment_id, code=wrong(code))

    assert (refused.data.code, refused.data.retryable) == (ErrorCode.CODE_INVALID, True)
    assert (await world.appointment(appointment_id)).code_attempts == 1
    assert world.events == []
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


@pytest.mark.parametrize("typed", ["yes", "12345", "1234567", "12 34 5", "٠٠٠٠٠", "123456,654321"])
async def test_a_text_that_holds_no_code_costs_no_attempt(world, typed):
    """Nothing is written, and the refusal asks for the six digits."""
    appointment_id = await world.held()
    before = await world.appointment(appointment_id)
    for _ in range(7):
        refused = await world.send("verify", appointment_id=appointment_id, code=typed)
        assert (refused.data.code, refused.data.retryable) == (ErrorCode.CODE_INVALID, True)
        assert refused.data.message == render_refusal(ErrorCode.CODE_INVALID, "en", "no_code")
    assert await world.appointment(appointment_id) == before
    code = "".join(chr(ord("０") + int(digit)) for digit in world.code(appointment_id))
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


async def test_after_five_wrong_codes_the_right_one_is_refused(world):
    """Guessing is impossible, and another code does not help."""
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
    assert world.notice_types == ["notice.code"]


async def test_an_interrupted_wrong_code_is_counted_once(world):
    """The retry finds its own count and only sends the refusal."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=wrong(world.code(appointment_id)))
    world.conversations.errors.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(command)

    assert (await world.handle(command)).data.code == ErrorCode.CODE_INVALID
    assert (await world.appointment(appointment_id)).code_attempts == 1


async def test_a_late_code_has_expired(world):
    """The time may be another visitor's by now."""
    appointment_id = await world.held()
    writes = world.appointments.writes
    world.clock.advance(timedelta(minutes=15))
    refused = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))

    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert world.appointments.writes == writes


async def test_a_delay_in_the_queue_does_not_expire_a_hold(world):
    """The time at which the ingress accepted the code counts."""
    appointment_id = await world.held()
    world.clock.advance(timedelta(minutes=14))
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.clock.advance(timedelta(minutes=30))

    assert (await world.handle(command)).type == "booking.confirmed"


async def test_a_time_that_was_lost_meanwhile_is_not_confirmed(world):
    """The code was accepted in time but waited in the queue, and another visitor booked after the expiry."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.clock.advance(timedelta(minutes=15))
    await world.held(session="quicker")

    refused = await world.handle(command)

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) >= 3
    assert world.events == []
    assert world.metrics.total("AppointmentVerified") == 0
    assert (await world.appointment(appointment_id)).state is AppointmentState.HELD


@pytest.mark.parametrize("kind", ["verify", "resend", "cancel", "reschedule"])
async def test_another_sessions_appointment_is_unknown(world, kind):
    """Even with its id and its code a visitor can't find out that it exists."""
    appointment_id = await world.held(session="owner")
    writes = world.appointments.writes
    data = {"verify": {"code": world.code(appointment_id)}, "reschedule": {"start": "2026-01-13T11:00"}}.get(kind, {})

    foreign = await world.send(kind, appointment_id=appointment_id, **data)
    nobodys = await world.send(kind, appointment_id="0" * 32, **data)

    assert foreign.data == nobodys.data
    assert foreign.data.code == ErrorCode.UNKNOWN_APPOINTMENT
    assert world.appointments.writes == writes
    assert world.notice_types == ["notice.code"]


@pytest.mark.parametrize("step", ["commands", "notices", "frame"])
async def test_an_interrupted_confirmation_is_completed_by_the_retry(world, step):
    """Wherever it failed: one event, one notice, one frame, one count."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    error = TransientError("throttled")
    ports = {"commands": world.commands, "notices": world.notices, "frame": world.conversations}
    ports[step].errors += [error, error]
    for _ in range(2):
        with pytest.raises(TransientError):
            await world.handle(command)
        assert (await world.appointment(appointment_id)).state is AppointmentState.CONFIRMED

    await world.handle(command)

    assert len(world.events) == 1
    assert world.notice_types == ["notice.code", "notice.confirmed"]
    assert world.frames() == ["booking.pending", "booking.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_any_code_for_a_confirmed_appointment_confirms_it_again(world):
    """There is no second effect: the predecessor's page may send the code twice."""
    appointment_id = await world.confirmed()
    writes = world.appointments.writes
    again = await world.send("verify", appointment_id=appointment_id, code="000000")

    assert (again.type, again.data.appointment_id) == ("booking.confirmed", appointment_id)
    assert world.appointments.writes == writes
    assert world.calendar.calls.count("put") == 1
    assert world.notice_types == ["notice.code", "notice.confirmed"]
    assert world.metrics.total("AppointmentVerified") == 1


async def test_a_lost_claim_confirms_nothing(world):
    """No appointment, no event, no notice."""
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handler.handle(command, claim)

    assert (await world.appointment(appointment_id)).state is AppointmentState.HELD
    assert (world.events, world.notice_types) == ([], ["notice.code"])


async def test_another_code_is_sent_for_the_same_hold(world):
    """Its number increases, the hold is not extended, and the new code confirms."""
    appointment_id = await world.held()
    until = (await world.appointment(appointment_id)).hold_expires_at
    world.clock.advance(timedelta(minutes=5))
    pending = await world.send("resend", appointment_id=appointment_id)

    assert (pending.type, pending.data.expires_at) == ("booking.pending", until)
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2]
    code = world.code(appointment_id, number=2)
    assert (await world.send("verify", appointment_id=appointment_id, code=code)).type == "booking.confirmed"


async def test_a_mailbox_cannot_be_flooded(world):
    """Three codes per hold; the oldest is no longer valid."""
    appointment_id = await world.held()
    for _ in range(2):
        assert (await world.send("resend", appointment_id=appointment_id)).type == "booking.pending"

    refused = await world.send("resend", appointment_id=appointment_id)

    assert (refused.data.code, refused.data.retryable) == (ErrorCode.RATE_LIMITED, False)
    assert refused.data.message == "We cannot send another code for this time. The latest one still works."
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2, 3]
    oldest = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id, 1))
    assert oldest.data.code == ErrorCode.CODE_INVALID


async def test_an_interrupted_resend_is_counted_once(world):
    """The retry sends the same number again, which is the same notice."""
    appointment_id = await world.held()
    command = world.command("resend", appointment_id=appointment_id)
    for error in (world.notices.errors, world.conversations.errors):
        error.append(TransientError("throttled"))
        with pytest.raises(TransientError):
            await world.handle(command)

    assert (await world.handle(command)).type == "booking.pending"
    assert (await world.appointment(appointment_id)).code_sends == 2
    assert [notice.send_number for notice in world.notices.delivered] == [1, 2]


async def test_a_resend_for_a_confirmed_appointment_confirms_it_again(world):
    """No code is sent for it."""
    appointment_id = await world.confirmed()

    assert (await world.send("resend", appointment_id=appointment_id)).type == "booking.confirmed"
    assert world.notice_types == ["notice.code", "notice.confirmed"]


@pytest.mark.parametrize("how", ["code", "wrong code", "resend", "replay"])
async def test_a_time_that_has_begun_is_not_confirmed(new_world, how):
    """The visitor booked it minutes before: the code came too late, and other times are offered."""
    world = new_world(minimum_notice_minutes=0)
    world.clock.set(NINE_UTC - timedelta(minutes=5))
    appointment_id = await world.held()
    code = world.code(appointment_id)
    typed = wrong(code) if how == "wrong code" else code
    verify = world.command("verify", appointment_id=appointment_id, code=typed)
    world.clock.set(NINE_UTC)
    before = await world.appointment(appointment_id)
    match how:
        case "resend":
            command = world.command("resend", appointment_id=appointment_id)
        case "replay":
            command = replayed(verify)
        case _:
            command = verify.model_copy(update={"accepted_at": NINE_UTC})
    refused = await world.handle(command)
    assert (refused.data.code, len(refused.data.alternatives)) == (ErrorCode.INVALID_TIME, 5)
    assert refused.data.message == render_refusal(ErrorCode.INVALID_TIME, "en", "time_begun")
    assert await world.appointment(appointment_id) == before
    forecast = await forecast_command(world.ports, replayed(command, 5))
    assert (forecast.kind, forecast.code, len(forecast.alternatives)) == ("past", "INVALID_TIME", 5)


async def test_a_code_that_waited_in_the_queue_confirms(new_world):
    """It was typed before the start, and nobody but the queue was late."""
    world = new_world(minimum_notice_minutes=0)
    world.clock.set(NINE_UTC - timedelta(minutes=5))
    appointment_id = await world.held()
    command = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.clock.set(NINE_UTC + timedelta(minutes=1))
    assert (await world.handle(command)).type == "booking.confirmed"
