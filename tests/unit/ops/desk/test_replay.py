"""One failure is put back on its queue: once, in its group, and on record."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from ops.desk.domain.values import Discarded, NotPossible, NotPossibleReason, Operator, Replayed
from shared.errors import PermanentError, TransientError
from shared.ledger.audit_details import NotSent
from shared.ledger.failures import FailureState
from tests.fakes.desk import ANNA
from tests.fakes.failures import FakeReplayOutcomes

MOMENT = timedelta(seconds=1)


async def test_a_replay_is_the_same_command_with_a_number(world):
    """The payload goes back to its queue in its group, everything but the replay's number as it was."""
    one = await world.failed()
    before = json.loads(world.kept(one).payload)
    assert await world.desk.replay(ANNA, one) == Replayed(one, 1)
    [(queue, group, body)] = world.replays.sent
    assert (queue, group) == ("booking", "s1")
    assert json.loads(body) == {**before, "replay": 1}


async def test_a_replay_is_on_record_before_the_queue_has_it(world):
    """When the process dies in between, the ledger says so, and nobody takes it for untouched."""
    one = await world.failed()
    seen = []
    world.replays.before = lambda _: seen.append(world.kept(one).state)
    await world.desk.replay(ANNA, one)
    kept = world.kept(one)
    assert seen == [FailureState.REPLAYING]
    assert [(entry.by, entry.action, entry.note) for entry in kept.audit_trail] == [
        ("ledger", "failed", "calendar_access_revoked"),
        ("anna", "replayed", "replay 1"),
    ]
    assert kept.audit_trail[-1].at == world.clock.now()


async def test_two_people_replay_at_the_same_moment(world):
    """One replay is made, and the other hears that it is under way."""
    one = await world.failed()
    outcomes = await asyncio.gather(*(world.desk.replay(Operator(name), one) for name in ("anna", "bob", "eve")))
    assert sum(isinstance(outcome, Replayed) for outcome in outcomes) == 1
    assert len(world.replays.sent) == 1


async def test_a_replay_under_way_is_left_alone_until_it_counts_as_lost(world):
    """After that time another replay, with a number and so a claim of its own, may be made."""
    one = await world.failed()
    began = world.clock.now()
    await world.desk.replay(ANNA, one)
    world.clock.turn(REPLAY_TIMEOUT - MOMENT)
    assert await world.desk.replay(ANNA, one) == NotPossible(
        NotPossibleReason.REPLAYING, again_at=began + REPLAY_TIMEOUT
    )
    world.clock.turn(MOMENT)
    assert await world.desk.replay(ANNA, one) == Replayed(one, 2)
    assert [json.loads(body)["replay"] for _, _, body in world.replays.sent] == [1, 2]


async def test_what_failed_again_is_replayed_again(world):
    """Each replay has the next number."""
    one = await world.failed()
    await world.desk.replay(ANNA, one)
    failed = world.kept(one)
    world.clock.turn(timedelta(minutes=1))
    await world.ledger.record(_again(failed, world.clock.now()))
    assert world.kept(one).state is FailureState.FAILED_AGAIN
    assert await world.desk.replay(ANNA, one) == Replayed(one, 2)


@pytest.mark.parametrize("end", ["resolved", "discarded"])
async def test_what_has_ended_is_replayed_only_when_that_is_meant(world, end):
    """Nobody books for a visitor a second time by a slip of the hand."""
    one = await world.failed()
    if end == "resolved":
        await world.desk.replay(ANNA, one)
        await FakeReplayOutcomes(world.ledger, queue="booking").record_resolved("k1", replay=1, at=world.clock.now())
    else:
        await world.desk.discard(ANNA, one, "the visitor called")
    sent = len(world.replays.sent)
    assert await world.desk.replay(ANNA, one) == NotPossible(NotPossibleReason.ENDED)
    assert len(world.replays.sent) == sent
    assert isinstance(await world.desk.replay(ANNA, one, again=True), Replayed)


async def test_a_queue_that_refuses_leaves_the_failure_as_it_was(world):
    """The story says what was tried; it may be tried again at once."""
    one = await world.failed()
    world.replays.error = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    outcome = await world.desk.replay(ANNA, one)
    assert (outcome.why, outcome.again_at) == (NotPossibleReason.NOT_SENT, None)
    kept = world.kept(one)
    assert (kept.state, kept.audit_trail[-1].note) == (FailureState.FAILED, "not sent: aws_AccessDenied")
    assert kept.audit_trail[-1].detail == NotSent("aws_AccessDenied")
    world.replays.error = None
    assert await world.desk.replay(ANNA, one) == Replayed(one, 2)


async def test_a_replay_that_is_lost_waits_for_nobody_who_can_answer(world):
    """The one before it never came back, and this one was never sent: somebody has to look at it again."""
    one = await world.failed()
    await world.desk.replay(ANNA, one)
    world.clock.turn(REPLAY_TIMEOUT)
    world.replays.error = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    await world.desk.replay(ANNA, one)
    assert world.kept(one).state is FailureState.FAILED_AGAIN


@pytest.mark.parametrize("again", [False, True])
async def test_what_no_key_opens_is_not_touched(world, again):
    """Neither replayed nor edited: what is stored may be read by a desk with the key. It may be put aside."""
    one = await world.failed(payload="")
    before = dict(world.ledger.rows)
    unreadable = NotPossible(NotPossibleReason.PAYLOAD_UNREADABLE)
    assert await world.desk.replay(ANNA, one, again=again) == unreadable
    assert await world.desk.edit(ANNA, one, {"start": "2026-01-14T10:00"}) == unreadable
    assert (await world.desk.show(ANNA, one)).blocked == unreadable
    assert (world.ledger.rows, world.replays.sent) == (before, [])
    assert isinstance(await world.desk.discard(ANNA, one, "the key is lost"), Discarded)


async def test_a_stop_waits_for_the_replay_that_is_under_way(world):
    """Otherwise the ledger would say `replaying` of a message that no queue has."""
    one, put, reached = await world.failed(), world.replays.put, asyncio.Event()

    async def slow(failure):
        reached.set()
        await asyncio.sleep(0.05)
        await put(failure)

    world.replays.put = slow
    replaying = asyncio.create_task(world.desk.replay(ANNA, one))
    await reached.wait()
    replaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replaying
    assert world.kept(one).state is FailureState.REPLAYING
    assert len(world.replays.sent) == 1


async def test_a_queue_that_does_not_answer_may_have_it(world):
    """Nobody can say, so its outcome is awaited like that of any replay."""
    one = await world.failed()
    world.replays.error = TransientError("sqs.replay: timeout")
    outcome = await world.desk.replay(ANNA, one)
    assert (outcome.why, outcome.again_at) == (NotPossibleReason.NOT_SENT, world.clock.now() + REPLAY_TIMEOUT)
    assert world.kept(one).state is FailureState.REPLAYING


@pytest.mark.parametrize("payload", ["not JSON", '["a"]', "\ud800", "{" * 100_000, "{}", '{"id": ""}'])
async def test_what_says_no_id_can_not_be_replayed(world, payload):
    """It would only come back, as another failure."""
    one = await world.failed(payload=payload)
    assert await world.desk.replay(ANNA, one) == NotPossible(NotPossibleReason.UNREADABLE)
    assert world.replays.sent == []
    assert world.kept(one).state is FailureState.FAILED


async def test_a_newer_envelope_is_replayed_as_it_is(world):
    """Another release may read what this one can't."""
    one = await world.failed(payload='{"version": 99, "id": "k1", "who": "ż", "replay": 0}')
    assert isinstance(await world.desk.replay(ANNA, one), Replayed)
    [(_, _, body)] = world.replays.sent
    assert json.loads(body) == {"version": 99, "id": "k1", "who": "ż", "replay": 1}


async def test_an_unreachable_ledger_does_nothing(world):
    """The trouble is said, and no message is sent that the ledger does not know of."""
    one = await world.failed()
    world.ledger.trouble = TransientError("failures.get: timeout")
    with pytest.raises(TransientError):
        await world.desk.replay(ANNA, one)
    assert world.replays.sent == []


async def test_a_write_whose_answer_got_lost_counts(world):
    """A client that sends a write again is told that the version no longer stands, and it is its own."""
    one = await world.failed()
    change = world.ledger.change

    async def forgetful(failure):
        await change(failure)
        return False

    world.ledger.change = forgetful
    assert await world.desk.replay(ANNA, one) == Replayed(one, 1)
    assert len(world.replays.sent) == 1


def _again(failure, at):
    return replace(failure, last_at=at, attempts=5, audit_trail=(), reason="attempts_exhausted")
