"""A visitor asks for the conversation by e-mail: only to an address that was proved in it, and seldom."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.suppressions import Suppression
from tests.unit.workers.booking.handler.conftest import CONTACT
from workers.booking.facade import forecast_command

HOUR = timedelta(hours=1)


async def ask(world, client_id="t1", **fields):
    return await world.handle(request(world, client_id, **fields))


def request(world, client_id="t1", *, session="session"):
    return world.command("", session=session, client_id=client_id, envelope={"type": "transcript.request"})


def transcripts(world):
    return [notice for notice in world.notices.put_in_all if notice.type == "notice.transcript"]


async def test_the_conversation_goes_to_the_address_that_a_code_has_confirmed(world):
    """The notice says where the conversation ends, and none of it; the frame masks the address."""
    await world.confirmed()
    frame = await ask(world)

    assert (frame.type, frame.re, frame.data.announces) == ("chat.final", "t1", "transcript_sent")
    assert "j…@e….com" in frame.data.text
    assert CONTACT not in frame.data.text
    (notice,) = transcripts(world)
    assert (notice.data.contact, notice.data.until_seq, notice.session_id) == (CONTACT, frame.seq - 1, "session")
    assert set(notice.data.model_dump()) == {"contact", "contact_kind", "until_seq"}


@pytest.mark.parametrize("state", ["nothing", "held", "another"])
async def test_an_address_that_is_not_proved_gets_nothing(world, state):
    """No visit, a hold, and a visit of another conversation prove no address; the error says what helps."""
    match state:
        case "held":
            await world.held()
        case "another":
            await world.confirmed(session="another")
    frame = await ask(world)
    assert (frame.type, frame.data.code, frame.data.retryable) == ("error", ErrorCode.INVALID_CONTACT, False)
    assert "confirmed in it" in frame.data.message
    assert transcripts(world) == []


async def test_a_conversation_is_sent_once_an_hour(world):
    """The refusal says when; another conversation has an hour of its own."""
    await world.confirmed()
    await ask(world)
    world.clock.advance(timedelta(minutes=20))
    refused = await ask(world, "t2")
    assert (refused.data.code, refused.data.retry_after_ms) == (ErrorCode.RATE_LIMITED, 40 * 60 * 1000)
    assert refused.data.retryable

    world.clock.advance(timedelta(minutes=40))
    assert (await ask(world, "t3")).data.announces == "transcript_sent"
    assert len(transcripts(world)) == 2


async def test_a_refusal_does_not_prolong_the_hour(world):
    """Only what was sent counts."""
    await ask(world)
    await world.confirmed()
    assert (await ask(world, "t2")).data.announces == "transcript_sent"


async def test_an_address_that_gets_no_e_mail_is_refused_at_once(world):
    """The visitor hears it in the chat, where the failed notice would say nothing."""
    await world.confirmed()
    await world.suppressions.add(CONTACT, Suppression("complained", world.clock.now()))
    frame = await ask(world)
    assert frame.data.code == ErrorCode.INVALID_CONTACT
    assert transcripts(world) == []


async def test_an_attempt_after_a_crash_sends_one_notice(world):
    """The notice derives from the command, so that the worker for notices sends it once."""
    await world.confirmed()
    world.conversations.errors.append(TransientError("down"))
    with pytest.raises(TransientError):
        await ask(world)
    await ask(world)
    assert len({notice.id for notice in transcripts(world)}) == 1


async def test_a_cancelled_visit_proves_its_address(world):
    """The code was right, whatever became of the visit."""
    appointment_id = await world.confirmed()
    await world.send("cancel", appointment_id=appointment_id)
    assert (await ask(world)).data.announces == "transcript_sent"


async def test_the_forecast_of_a_replay_says_that_it_would_be_done(world):
    """The desk can replay a request that failed."""
    assert (await forecast_command(world.ports, request(world))).kind == "would_be_done"
