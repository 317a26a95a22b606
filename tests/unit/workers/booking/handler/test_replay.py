"""Replays of failed commands: in time they run, later the visitor is asked to choose again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from tests.unit.workers.booking.handler.conftest import replayed
from tests.unit.workers.booking.handler.owner import LATER, changed
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


COMMANDS = {"cancel": {}, "reschedule": {"start": "2026-01-15T10:00"}, "resend": {}}


async def change_later(world, how, visit):
    """Change the visit as its visitor or its owner may while an earlier command of the visitor waits at the desk."""
    if how == "owner":
        world.calendar.owner_moves(visit, LATER)
        await world.carry_out(changed(world, visit))
    elif how == "code":
        await world.send("resend", appointment_id=visit)
    else:
        await world.send("reschedule", appointment_id=visit, start="2026-01-14T10:00")


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("cancel", "visitor"),
        ("reschedule", "visitor"),
        ("cancel", "owner"),
        ("reschedule", "owner"),
        ("resend", "code"),
    ],
)
async def test_a_replay_does_not_undo_what_came_after_its_command(world, kind, how):
    """The visitor did something else meanwhile, or has heard of the owner's change: they are asked again."""
    visit = await (world.held() if kind == "resend" else world.confirmed())
    failed = world.command(kind, appointment_id=visit, **COMMANDS[kind])
    world.clock.advance(MOMENT)
    await change_later(world, how, visit)
    before, sent = await world.appointment(visit), len(world.notices.bodies)
    world.clock.advance(timedelta(minutes=5))
    for number in (1, 2):
        refused = await world.handle(replayed(failed, number))
        assert (refused.data.code, refused.data.message) == (
            ErrorCode.CODE_EXPIRED,
            render_refusal(ErrorCode.CODE_EXPIRED, "en", "overtaken"),
        )
    assert (await world.appointment(visit), len(world.notices.bodies)) == (before, sent)


async def test_failed_commands_are_replayed_in_any_order(world):
    """What the visitor asked for last decides, also if it is replayed first; what is done already stays so."""
    visit = await world.confirmed()
    cancel = world.command("cancel", appointment_id=visit)
    world.clock.advance(MOMENT)
    move = world.command("reschedule", appointment_id=visit, start="2026-01-15T10:00")
    world.clock.advance(timedelta(minutes=30))
    assert (await world.handle(replayed(move))).type == "booking.rescheduled"
    assert (await world.handle(replayed(cancel))).data.code == ErrorCode.CODE_EXPIRED
    assert (await world.handle(replayed(move, 2))).type == "booking.rescheduled"


async def test_a_change_before_the_command_does_not_stop_its_replay(world):
    """The visitor knew of it; and a retry by the queue is no replay."""
    visit = await world.confirmed()
    await change_later(world, "visitor", visit)
    failed = world.command("cancel", appointment_id=visit)
    retried = world.command("reschedule", appointment_id=visit, at=world.clock.now() - MOMENT, start="2026-01-15T10:00")
    assert (await world.handle(retried)).type == "booking.rescheduled"
    world.clock.advance(MOMENT)
    assert (await world.handle(replayed(failed))).type == "booking.cancelled"


async def test_a_visit_of_the_release_before_is_changed_by_a_replay(world):
    """Its row does not say when it was changed."""
    visit = await world.confirmed()
    failed = world.command("cancel", appointment_id=visit)
    world.clock.advance(MOMENT)
    await change_later(world, "visitor", visit)
    [(key, stored)] = world.appointments.rows.items()
    world.appointments.rows[key] = replace(stored, last_change=replace(stored.last_change, at=None))
    assert (await world.handle(replayed(failed))).type == "booking.cancelled"
