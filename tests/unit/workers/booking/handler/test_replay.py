"""A failed command that the business replays: in time it is carried out, later the visitor is asked to choose again."""

from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import replayed
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.domain.values import AppointmentState

MOMENT = timedelta(seconds=1)


async def test_a_replayed_wish_holds_from_now_on(world):
    """The visitor has a quarter of an hour for the code that they get now."""
    wish = await world.failed(world.create_command())
    world.clock.turn(MAX_REPLAY_AGE)
    pending = await world.handle(replayed(wish))
    assert pending.type == "booking.pending"
    assert pending.data.expires_at == world.clock.now() + timedelta(minutes=15)
    again = await world.handle(replayed(wish, 2))
    assert (again.data.appointment_id, len(world.appointments.rows)) == (pending.data.appointment_id, 1)


async def test_a_wish_of_yesterday_asks_to_choose_again(world):
    """Nothing is held; the same hour is among what is offered if it is free, or its neighbours are."""
    wish = await world.failed(world.create_command())
    world.clock.turn(MAX_REPLAY_AGE + MOMENT)
    refused = await world.handle(replayed(wish))
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert len(refused.data.alternatives) == 5
    assert (world.appointments.rows, world.notices.bodies) == ({}, [])


async def test_an_original_is_never_too_late(world):
    """A queue that stood still for a day loses nobody's cancellation."""
    mine = await world.confirmed()
    late = world.command("cancel", appointment_id=mine, at=world.clock.now() - timedelta(days=1))
    assert (await world.handle(late)).type == "booking.cancelled"


async def test_a_code_that_was_right_is_finished_at_any_age(world):
    """The visit was confirmed before the calendar failed: only its entry and its letter are missing."""
    held = await world.held()
    verify = await world.failed(world.command("verify", appointment_id=held, code=world.code(held)))
    world.clock.turn(timedelta(hours=20))
    assert (await world.handle(replayed(verify))).type == "booking.confirmed"
    assert (len(world.events), world.told) == (1, ["notice.code", "notice.confirmed"])
    await world.handle(replayed(verify, 2))
    assert (len(world.events), world.told) == (1, ["notice.code", "notice.confirmed"])


@pytest.mark.parametrize("kind", ["verify", "cancel", "reschedule", "resend"])
async def test_what_was_never_done_is_not_done_days_later(world, kind):
    """The visitor has long done something else."""
    held = await world.held()
    if kind in {"cancel", "reschedule"}:
        await world.send("verify", appointment_id=held, code=world.code(held))
    more = {"verify": {"code": world.code(held)}, "reschedule": {"start": "2026-01-15T10:00"}}.get(kind, {})
    command = replayed(world.command(kind, appointment_id=held, **more))
    before = await world.appointment(held)
    world.clock.turn(MAX_REPLAY_AGE + MOMENT)
    refused = await world.handle(command)
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert await world.appointment(held) == before
    assert before.state in {AppointmentState.HELD, AppointmentState.CONFIRMED}


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=1)])
async def test_a_wish_that_was_confirmed_meanwhile_is_confirmed_again(world, after):
    """Its reply failed, the visitor asked again and typed the code: a replay must not send them to book once more."""
    wish = world.create_command()
    world.conversations.trouble = [TransientError("down")]
    with pytest.raises(TransientError):
        await world.handle(wish)
    held = (await world.create()).data.appointment_id
    await world.send("verify", appointment_id=held, code=world.code(held))
    world.clock.turn(after)
    told = list(world.told)
    frame = await world.handle(replayed(wish))
    assert (frame.type, frame.data.appointment_id, world.told) == ("booking.confirmed", held, told)


async def test_a_hold_that_ran_out_before_the_replay_offers_other_times(world):
    """It was written and its letter was not: the visitor chooses again."""
    wish = world.create_command()
    world.notices.trouble = [PermanentError("aws_x")]
    with pytest.raises(PermanentError):
        await world.handle(wish)
    world.clock.turn(timedelta(minutes=20))
    refused = await world.handle(replayed(wish))
    assert (refused.data.code, len(refused.data.alternatives)) == (ErrorCode.CODE_EXPIRED, 5)
