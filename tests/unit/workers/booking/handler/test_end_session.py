"""A visitor ends the session: the conversation is erased once and for all, and what was confirmed stays."""

from datetime import timedelta

import pytest

from shared.claims import Claim
from shared.errors import ConversationEndedError, TransientError
from shared.messages.server import SessionEnded
from tests.unit.workers.booking.handler.conftest import LEASE, replayed
from workers.booking.domain.values import AppointmentState
from workers.booking.facade import forecast_command


def end_command(world, client_id="e1"):
    return world.command("", client_id=client_id, envelope={"type": "session.end"})


async def run(world, command):
    """Handle a command that leaves no frame of its own."""
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    if not isinstance(claim, Claim):
        return
    try:
        await world.handler.handle(command, claim)
    except Exception:
        await world.claims.release(claim)
        raise
    await world.sync_events()


async def test_the_end_erases_the_conversation_and_frees_the_hold(world):
    """One frame is left, which says that it has ended; the hold's time is free, and its row names nobody."""
    appointment_id = await world.held(name="Jan", note="First visit")
    await run(world, end_command(world))

    assert world.conversations.list_frames("session") == [SessionEnded(re="e1", seq=2)]
    hold = await world.appointment(appointment_id)
    assert hold.state is AppointmentState.CANCELLED
    assert (hold.contact.address, hold.name, hold.note, hold.answers) == ("", "", "", ())
    assert world.appointments.buckets == {}
    assert world.tokens.rows["session"].is_revoked
    assert (await world.create(session="another")).type == "booking.pending"


async def test_every_tab_hears_of_the_end_and_is_disconnected(world):
    """Also one that has just connected; none is left, so that none gets a frame of the session."""
    world.connections.open("session", "young", at=world.clock.now())
    await run(world, end_command(world))

    for tab in ("tab", "young"):
        assert world.poster.frames(tab)[-1] == {"v": 1, "type": "session.ended", "re": "e1", "seq": 1, "data": {}}
    assert sorted(world.poster.closed) == ["tab", "young"]
    assert await world.connections.list_connections("session") == []


async def test_a_confirmed_visit_stays_and_can_still_be_changed(world):
    """With its event, its e-mails and its links; a change leaves no frame in the erased conversation."""
    appointment_id = await world.confirmed(name="Jan")
    await run(world, end_command(world))
    visit = await world.appointment(appointment_id)
    assert (visit.state, visit.name) == (AppointmentState.CONFIRMED, "Jan")
    assert len(world.events) == 1

    await run(world, world.command("cancel", appointment_id=appointment_id))
    assert (await world.appointment(appointment_id)).state is AppointmentState.CANCELLED
    assert world.notice_types[-1] == "notice.cancelled"
    assert [frame.type for frame in world.conversations.list_frames("session")] == ["session.ended"]


async def test_what_is_queued_behind_the_end_has_no_effect(world):
    """A tab that has not heard of it asks for a time: no hold, no code, no frame."""
    await run(world, end_command(world))
    with pytest.raises(ConversationEndedError):
        await run(world, world.create_command())

    assert (world.appointments.rows, world.notice_types) == ({}, [])
    assert [frame.type for frame in world.conversations.list_frames("session")] == ["session.ended"]


async def test_a_replay_after_the_end_has_no_effect(world):
    """An operator who replays a failed request of the session holds no time for somebody who wants to be forgotten."""
    failed = await world.failed(world.create_command())
    await run(world, end_command(world))
    with pytest.raises(ConversationEndedError):
        await run(world, replayed(failed))
    assert world.appointments.rows == {}


async def test_a_second_end_changes_nothing(world):
    """Under the same id, and under another one."""
    await world.held()
    await run(world, end_command(world))
    frames, rows = world.conversations.list_frames("session"), dict(world.appointments.rows)
    await run(world, end_command(world))
    await run(world, end_command(world, "e2"))
    assert (world.conversations.list_frames("session"), world.appointments.rows) == (frames, rows)


@pytest.mark.parametrize("step", ["tokens", "hold", "free", "end", "erase", "connections"])
async def test_an_end_that_was_interrupted_is_completed_by_the_next_attempt(world, step):
    """Whichever step failed: the hold is found in the frames, so these go last."""
    appointment_id = await world.held(name="Jan")
    broken = TransientError("down")
    match step:
        case "tokens":
            world.tokens.error = broken
        case "hold":
            world.appointments.fail(broken)
        case "free":
            world.appointments.stuck.append(broken)
        case "end":
            world.conversations.errors.append(broken)
        case "erase":
            world.conversations.errors += [None, broken]
        case "connections":
            world.connections.error = broken
    with pytest.raises(TransientError):
        await run(world, end_command(world))
    world.tokens.error = world.connections.error = None
    await run(world, end_command(world))

    assert [frame.type for frame in world.conversations.list_frames("session")] == ["session.ended"]
    hold = await world.appointment(appointment_id)
    assert (hold.state, hold.name, world.appointments.buckets) == (AppointmentState.CANCELLED, "", {})
    assert world.tokens.rows["session"].is_revoked
    assert world.poster.closed == ["tab"]


async def test_an_expired_hold_names_nobody_either(world):
    """Its row outlives its time; the next hold has replaced it in the conversation."""
    expired = await world.held(name="Jan")
    world.clock.advance(timedelta(hours=1))
    await run(world, end_command(world))
    assert (await world.appointment(expired)).name == ""


async def test_the_forecast_of_a_replay_says_that_it_would_be_done(world):
    """The desk can replay an end that failed."""
    assert (await forecast_command(world.ports, end_command(world))).kind == "would_be_done"


async def test_an_end_that_was_given_up_leaves_an_error(world):
    """The visitor hears that the conversation is still there."""
    command = end_command(world)
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.give_up(command, claim, "attempts_exhausted")
    (error,) = world.conversations.list_frames("session")
    assert (error.re, error.data.code) == ("e1", "INTERNAL")
