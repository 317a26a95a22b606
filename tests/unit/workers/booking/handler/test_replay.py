"""Replays of failed commands: in time they run, later the visitor is asked to choose again."""

from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import replayed
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.domain.values import AppointmentState

MOMENT = timedelta(seconds=1)


async def test_a_replayed_request_holds_from_now(world):
    """The visitor has a quarter of an hour for the code that they get now."""
    request = await world.failed(world.create_command())
    world.clock.advance(MAX_REPLAY_AGE)
    pending = await world.handle(replayed(request))
    assert pending.type == "booking.pending"
    assert pending.data.expires_at == world.clock.now() + timedelta(minutes=15)
    again = await world.handle(replayed(request, 2))
    assert (again.data.appointment_id, len(world.appointments.rows)) == (pending.data.appointment_id, 1)


async def test_a_request_of_yesterday_asks_to_choose_again(world):
    """Nothing is held; the same hour is among the alternatives if it is free, otherwise nearby times are."""
    request = await world.failed(world.create_command())
    world.clock.advance(MAX_REPLAY_AGE + MOMENT)
    refused = await world.handle(replayed(request))
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert len(refused.data.alternatives) == 5
    assert (world.appointments.rows, world.notices.bodies) == ({}, [])


async def test_an_original_is_never_too_late(world):
    """A queue that was stopped for a day loses no cancellation."""
    mine = await world.confirmed()
    late = world.command("cancel", appointment_id=mine, at=world.clock.now() - timedelta(days=1))
    assert (await world.handle(late)).type == "booking.cancelled"


async def test_a_verified_code_is_completed_at_any_age(world):
    """The visit was confirmed before the queue failed: only its event and its notice are missing."""
    held = await world.held()
    verify = world.command("verify", appointment_id=held, code=world.code(held))
    world.notices.errors.append(PermanentError("aws_denied"))
    with pytest.raises(PermanentError):
        await world.handle(verify)
    world.clock.advance(timedelta(hours=20))
    assert (await world.handle(replayed(verify))).type == "booking.confirmed"
    assert (len(world.events), world.notice_types) == (1, ["notice.code", "notice.confirmed"])
    await world.handle(replayed(verify, 2))
    assert (len(world.events), world.notice_types) == (1, ["notice.code", "notice.confirmed"])


@pytest.mark.parametrize("kind", ["verify", "cancel", "reschedule", "resend"])
async def test_a_command_without_effects_is_not_run_days_later(world, kind):
    """The visitor has probably done something else since."""
    held = await world.held()
    if kind in {"cancel", "reschedule"}:
        await world.send("verify", appointment_id=held, code=world.code(held))
    more = {"verify": {"code": world.code(held)}, "reschedule": {"start": "2026-01-15T10:00"}}.get(kind, {})
    command = replayed(world.command(kind, appointment_id=held, **more))
    before = await world.appointment(held)
    world.clock.advance(MAX_REPLAY_AGE + MOMENT)
    refused = await world.handle(command)
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert await world.appointment(held) == before
    assert before.state in {AppointmentState.HELD, AppointmentState.CONFIRMED}


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=1)])
async def test_a_request_that_was_confirmed_meanwhile_is_confirmed_again(world, after):
    """Its reply failed, and the visitor requested and confirmed it again: a replay must not ask them to book again."""
    request = world.create_command()
    world.conversations.errors = [TransientError("down")]
    with pytest.raises(TransientError):
        await world.handle(request)
    held = (await world.create()).data.appointment_id
    await world.send("verify", appointment_id=held, code=world.code(held))
    world.clock.advance(after)
    notice_types = list(world.notice_types)
    frame = await world.handle(replayed(request))
    assert (frame.type, frame.data.appointment_id, world.notice_types) == ("booking.confirmed", held, notice_types)


async def test_a_hold_that_expired_before_the_replay_offers_other_times(world):
    """The hold was written but its code was not sent: the visitor chooses again."""
    request = world.create_command()
    world.notices.errors = [PermanentError("aws_x")]
    with pytest.raises(PermanentError):
        await world.handle(request)
    world.clock.advance(timedelta(minutes=20))
    refused = await world.handle(replayed(request))
    assert (refused.data.code, len(refused.data.alternatives)) == (ErrorCode.CODE_EXPIRED, 5)
