"""Until when a visitor waits for an answer, and what a message gets that nobody waits for any more."""

import asyncio
from datetime import timedelta

import pytest

from shared.conversations.takeover import Takeover
from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from shared.messages.server import BookingCancelled, ChatFinal, ChatFinalData, Error
from tests.fakes.clock import NOON
from tests.fakes.model import Pause
from tests.fakes.turned_loop import run_turned
from workers.chat.domain.deadline import Deadline, find_start, set_deadline

ANSWER = ChatFinalData(text="An answer")


def seconds(number):
    return timedelta(seconds=number)


def test_the_time_of_an_answer():
    """From the later of the acceptance, the end of the message before and the replay; clocks may differ."""
    for accepted, previous, replayed, now, left in [
        (0, None, None, 0, 45),
        (0, None, None, 40, 5),
        (0, None, None, 60, -15),
        (0, 30, None, 31, 44),
        (0, -30, None, 31, 14),
        (0, None, 3600, 3601, 44),
        (0, 3605, 3600, 3606, 44),
        (0, 3590, 3600, 3606, 39),
        (10, None, None, 0, 45),
        (0, 20, None, 10, 45),
    ]:
        moments = [None if at is None else NOON + seconds(at) for at in (previous, replayed)]
        started_at = find_start(NOON + seconds(accepted), previous_end=moments[0], replayed_at=moments[1])
        deadline = set_deadline(started_at=started_at, now=NOON + seconds(now), loop_time=100, timeout=seconds(45))
        assert deadline == Deadline(100 + left), (accepted, previous, replayed, now)
        assert deadline.remaining(100) == max(0, left)


def test_an_answer_ends_before_its_handler_is_cancelled():
    """Where the time-out of the handler is the shorter one."""
    for handler, left in [(100, 45), (50, 45), (20, 18)]:
        deadline = set_deadline(
            started_at=NOON, now=NOON, loop_time=100, timeout=seconds(45), handler_timeout=seconds(handler)
        )
        assert deadline.at - 100 == left


async def handle_late(world, by, **fields):
    command = world.command().model_copy(update=fields)
    world.clock.advance(seconds(by))
    return command, await world.handle(command)


async def test_a_message_that_waited_too_long_is_not_answered(world_of):
    """It is kept, and can be replayed; its visitor gets an apology. Nobody pays for an answer that nobody reads."""
    world = world_of()
    with pytest.raises(PermanentError) as caught:
        await handle_late(world, 44.5)
    assert caught.value.reason == "too_late"
    assert world.model.prompts == []
    assert [frame.type for frame in world.stored] == ["chat.sent"]

    command = world.command()
    world.claims.records[command.claim_key].owner = None
    await world.handler.give_up(command, await world.claim(command), "too_late")
    error = world.stored[-1]
    assert (error.data.code, error.data.retryable) == (ErrorCode.TIMEOUT, True)
    assert error.data.message.startswith("Sorry")


async def test_a_message_is_not_late_as_long_as_it_is_answered_in_time(world_of, make_profile):
    """The business can give more time, and whoever reads instead of the model has all of it."""
    assert (await handle_late(world_of(), 43.9))[1][-1].type == "chat.final"
    generous = world_of()
    generous.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"answer_seconds": 90})
    assert (await handle_late(generous, 88))[1][-1].type == "chat.final"
    assert generous.model.prompts


async def test_a_replay_has_the_time_of_a_new_message(world_of):
    """One of a release that does not say when it was requested is late."""
    world = world_of()
    replayed_at = world.clock.now() + seconds(3600)
    _, stored = await handle_late(world, 3601, replay=1, replayed_at=replayed_at)
    assert stored[-1].type == "chat.final"
    with pytest.raises(PermanentError):
        await handle_late(world_of(), 3601, replay=1)


async def test_a_message_behind_a_slow_answer_is_not_late(world_of):
    """Its time runs from the end of the message before, answered or refused; a booking is no message."""
    for outcome, is_answered in [
        (ChatFinal(re="b0", data=ANSWER), True),
        (Error(re="b0", data={"code": "TIMEOUT", "retryable": True, "message": "m"}), True),
        (Error(re="b1", data={"code": "TIMEOUT", "retryable": True, "message": "m"}), False),
        (ChatFinal(data=ANSWER), False),
        (BookingCancelled(re="b0", data={"appointment_id": "a" * 8, "start": NOON, "service": "massage"}), False),
    ]:
        world = world_of()
        command = world.command()
        await world.store_history("Before")
        world.clock.advance(seconds(60))
        claim = await world.claims.claim("b0", fingerprint="f", lease=seconds(30))
        await world.conversations.append("session", outcome, claim=claim, marker="outcome")
        world.clock.advance(seconds(30))
        if is_answered:
            assert (await world.handle(command))[-1].type == "chat.final", outcome
        else:
            with pytest.raises(PermanentError, match="nobody waits"):
                await world.handle(command)


async def test_staff_get_a_message_however_late_it_is(world_of):
    """They answer when they have read it."""
    world = world_of()
    world.conversations.takeovers["session"] = Takeover("Ola", world.clock.now() + timedelta(hours=1))
    assert (await handle_late(world, 600))[1][-1].data.announces == "is_read"


def test_the_deadline_of_an_answer_counts_from_the_acceptance(world_of):
    """What a message has waited is missing at the end."""

    async def answer_late():
        world = world_of(["word ", *[Pause(5), "word "] * 20])
        loop = asyncio.get_running_loop()
        began = loop.time()
        _, stored = await handle_late(world, 30)
        assert loop.time() - began == 15
        assert stored[-1].data.text == "word word word"

    run_turned(answer_late())


async def test_a_busy_model_says_when_to_try_again(world_of):
    """Between ten and twenty seconds, so that not everybody does at once; other refusals do not."""
    for reason, wait in [("model_busy", 10_000), ("model_quota", 10_000), ("timeout", None), ("too_late", None)]:
        world = world_of([TransientError("429", reason="model_busy")])
        command = world.command()
        await world.handler.give_up(command, await world.claim(command), reason)
        assert world.stored[-1].data.retry_after_ms == wait, reason
