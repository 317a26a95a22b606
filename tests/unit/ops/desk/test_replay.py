"""A failure is put back on its queue: once, in its message group, and recorded."""

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
    """The payload goes to its queue in its message group, unchanged but for number and time of the replay."""
    one = await world.failed()
    before = json.loads(world.kept(one).payload)
    assert await world.desk.replay_failure(ANNA, one) == Replayed(one, 1)
    [(queue, group, body)] = world.replays.sent
    assert (queue, group) == ("booking", "s1")
    assert json.loads(body) == {**before, "replay": 1, "replayed_at": world.clock.now().isoformat()}


async def test_a_replay_is_recorded_before_it_is_sent(world):
    """After a crash in between, the ledger shows that a replay was started."""
    one = await world.failed()
    states = []
    world.replays.before = lambda _: states.append(world.kept(one).state)
    await world.desk.replay_failure(ANNA, one)
    kept = world.kept(one)
    assert states == [FailureState.REPLAYING]
    assert [(entry.by, entry.action, entry.note) for entry in kept.audit_trail] == [
        ("ledger", "failed", "calendar_access_revoked"),
        ("anna", "replayed", "replay 1"),
    ]
    assert kept.audit_trail[-1].at == world.clock.now()


async def test_concurrent_replays_send_once(world):
    """One operator replays; the others get the result that a replay is running."""
    one = await world.failed()
    outcomes = await asyncio.gather(
        *(world.desk.replay_failure(Operator(name), one) for name in ("anna", "bob", "eve"))
    )
    assert sum(isinstance(outcome, Replayed) for outcome in outcomes) == 1
    assert len(world.replays.sent) == 1


async def test_a_running_replay_blocks_another_until_it_is_lost(world):
    """After the timeout another replay is allowed, with its own number and so its own claim."""
    one = await world.failed()
    started_at = world.clock.now()
    await world.desk.replay_failure(ANNA, one)
    world.clock.advance(REPLAY_TIMEOUT - MOMENT)
    assert await world.desk.replay_failure(ANNA, one) == NotPossible(
        NotPossibleReason.REPLAYING, again_at=started_at + REPLAY_TIMEOUT
    )
    world.clock.advance(MOMENT)
    assert await world.desk.replay_failure(ANNA, one) == Replayed(one, 2)
    assert [json.loads(body)["replay"] for _, _, body in world.replays.sent] == [1, 2]


async def test_each_replay_has_the_next_number(world):
    """A failure that failed again can be replayed again."""
    one = await world.failed()
    await world.desk.replay_failure(ANNA, one)
    failed = world.kept(one)
    world.clock.advance(timedelta(minutes=1))
    await world.ledger.record(_failed_again(failed, world.clock.now()))
    assert world.kept(one).state is FailureState.FAILED_AGAIN
    assert await world.desk.replay_failure(ANNA, one) == Replayed(one, 2)


@pytest.mark.parametrize("end", ["resolved", "discarded"])
async def test_an_ended_failure_needs_again(world, end):
    """A visit is not booked a second time by mistake."""
    one = await world.failed()
    if end == "resolved":
        await world.desk.replay_failure(ANNA, one)
        await FakeReplayOutcomes(world.ledger, queue="booking").record_resolved("k1", replay=1, at=world.clock.now())
    else:
        await world.desk.discard_failure(ANNA, one, "the visitor called")
    sent = len(world.replays.sent)
    assert await world.desk.replay_failure(ANNA, one) == NotPossible(NotPossibleReason.ENDED)
    assert len(world.replays.sent) == sent
    assert isinstance(await world.desk.replay_failure(ANNA, one, again=True), Replayed)


async def test_a_rejected_replay_restores_the_state(world):
    """The audit trail has the attempt, and the failure can be replayed at once."""
    one = await world.failed()
    world.replays.error = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    outcome = await world.desk.replay_failure(ANNA, one)
    assert (outcome.why, outcome.again_at) == (NotPossibleReason.NOT_SENT, None)
    kept = world.kept(one)
    assert (kept.state, kept.audit_trail[-1].note) == (FailureState.FAILED, "not sent: aws_AccessDenied")
    assert kept.audit_trail[-1].detail == NotSent("aws_AccessDenied")
    world.replays.error = None
    assert await world.desk.replay_failure(ANNA, one) == Replayed(one, 2)


async def test_a_rejected_replay_after_a_lost_one_is_open(world):
    """The earlier replay has no outcome and this one was not sent, so the failure needs action."""
    one = await world.failed()
    await world.desk.replay_failure(ANNA, one)
    world.clock.advance(REPLAY_TIMEOUT)
    world.replays.error = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    await world.desk.replay_failure(ANNA, one)
    assert world.kept(one).state is FailureState.FAILED_AGAIN


@pytest.mark.parametrize("again", [False, True])
async def test_an_undecryptable_failure_is_not_changed(world, again):
    """It is neither replayed nor edited, because a desk with the key can decrypt it. It may be discarded."""
    one = await world.failed(payload="")
    before = dict(world.ledger.rows)
    unreadable = NotPossible(NotPossibleReason.PAYLOAD_UNREADABLE)
    assert await world.desk.replay_failure(ANNA, one, again=again) == unreadable
    assert await world.desk.edit_failure(ANNA, one, {"start": "2026-01-14T10:00"}) == unreadable
    assert (await world.desk.show_failure(ANNA, one)).blocked == unreadable
    assert (world.ledger.rows, world.replays.sent) == (before, [])
    assert isinstance(await world.desk.discard_failure(ANNA, one, "the key is lost"), Discarded)


async def test_a_stop_waits_for_a_running_replay(world):
    """Otherwise the ledger would say `replaying` although no queue has the message."""
    one, put, reached = await world.failed(), world.replays.send_replay, asyncio.Event()

    async def put_slowly(failure):
        reached.set()
        await asyncio.sleep(0.05)
        await put(failure)

    world.replays.send_replay = put_slowly
    replaying = asyncio.create_task(world.desk.replay_failure(ANNA, one))
    await reached.wait()
    replaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replaying
    assert world.kept(one).state is FailureState.REPLAYING
    assert len(world.replays.sent) == 1


async def test_a_replay_without_a_response_is_awaited(world):
    """The message may be on the queue, so its outcome is awaited."""
    one = await world.failed()
    world.replays.error = TransientError("sqs.replay: timeout")
    outcome = await world.desk.replay_failure(ANNA, one)
    assert (outcome.why, outcome.again_at) == (NotPossibleReason.NOT_SENT, world.clock.now() + REPLAY_TIMEOUT)
    assert world.kept(one).state is FailureState.REPLAYING


@pytest.mark.parametrize("payload", ["not JSON", '["a"]', "\ud800", "{" * 100_000, "{}", '{"id": ""}'])
async def test_a_payload_without_an_id_is_not_replayed(world, payload):
    """It would only become another failure."""
    one = await world.failed(payload=payload)
    assert await world.desk.replay_failure(ANNA, one) == NotPossible(NotPossibleReason.UNREADABLE)
    assert world.replays.sent == []
    assert world.kept(one).state is FailureState.FAILED


async def test_a_newer_envelope_is_replayed_as_it_is(world):
    """Another release may decode it."""
    one = await world.failed(payload='{"version": 99, "id": "k1", "who": "ż", "replay": 0}')
    assert isinstance(await world.desk.replay_failure(ANNA, one), Replayed)
    [(_, _, body)] = world.replays.sent
    replayed_at = world.clock.now().isoformat()
    assert json.loads(body) == {"version": 99, "id": "k1", "who": "ż", "replay": 1, "replayed_at": replayed_at}


async def test_an_unreachable_ledger_prevents_a_replay(world):
    """The error is raised, and no message is sent that the ledger does not have."""
    one = await world.failed()
    world.ledger.error = TransientError("failures.get: timeout")
    with pytest.raises(TransientError):
        await world.desk.replay_failure(ANNA, one)
    assert world.replays.sent == []


async def test_a_write_with_a_lost_response_counts(world):
    """The client repeats the write, which fails because its own first write changed the version."""
    one = await world.failed()
    change = world.ledger.change

    async def change_without_response(failure):
        await change(failure)
        return False

    world.ledger.change = change_without_response
    assert await world.desk.replay_failure(ANNA, one) == Replayed(one, 1)
    assert len(world.replays.sent) == 1


def _failed_again(failure, at):
    return replace(failure, last_at=at, attempts=5, audit_trail=(), reason="attempts_exhausted")
