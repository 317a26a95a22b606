"""The end of a replay is noted before its message goes; nothing else is."""

import pytest

from shared.consumer.decode import Decoder
from shared.consumer.disposition import Ack, DeadLetter, RetryIn
from shared.consumer.handler import fingerprint_message
from shared.errors import DeploymentError, PermanentError, TransientError
from shared.ids import derive_failure_id
from shared.ledger.failures import Failure, FailureState
from shared.messages.commands import CHAT_COMMAND
from tests.fakes.clock import NOON
from tests.fakes.envelopes import command_body
from tests.fakes.failures import FakeFailures, FakeReplayOutcomes

REPLAY = command_body(replay=1)


@pytest.fixture
def failures():
    ledger = FakeFailures()
    failure = Failure(
        failure_id=derive_failure_id("chat", "k1"),
        queue="chat",
        group="s1",
        payload=command_body(),
        reason="timeout",
        error="",
        attempts=1,
        first_at=NOON,
        last_at=NOON,
        state=FailureState.REPLAYING,
        command_id="k1",
        replays=1,
    )
    ledger.rows[failure.failure_id] = failure
    return ledger


@pytest.fixture
def noting(bench, failures):
    bench.processor._outcomes = FakeReplayOutcomes(failures, queue="chat")
    return bench


def state(failures):
    [failure] = failures.rows.values()
    return failure.state


async def test_a_replay_that_went_well_is_noted(noting, failures):
    """The audit trail says who did it."""
    assert await noting.processor.process(await noting.deliver(REPLAY)) == Ack()
    assert state(failures) is FailureState.RESOLVED
    [failure] = failures.rows.values()
    assert [(entry.action, entry.by) for entry in failure.audit_trail] == [("resolved", "chat")]


async def test_an_original_is_nobodys_replay(noting, failures):
    """The ledger is not asked for the usual message."""
    failures.error = AssertionError("asked")
    assert await noting.processor.process(await noting.deliver()) == Ack()


@pytest.mark.parametrize("error", [TransientError("dynamodb"), DeploymentError("aws_AccessDenied"), OSError("bug")])
async def test_a_note_that_can_not_be_written_is_written_later(noting, failures, error):
    """The message stays until it is; the command is not carried out twice."""
    failures.error = error
    for _ in range(10):
        assert isinstance(await noting.processor.process(await noting.deliver(REPLAY)), RetryIn)
        noting.queue.invalidate(REPLAY)
    assert noting.handler.handled == ["k1"]
    failures.error = None
    assert await noting.processor.process(await noting.deliver(REPLAY)) == Ack()
    assert noting.handler.handled == ["k1"]
    assert state(failures) is FailureState.RESOLVED


async def test_a_replay_that_was_done_before_is_noted_when_it_comes_again(noting, failures):
    """The worker died between the command's end and the record of its outcome."""
    claim = await noting.claim("k1#r1", fingerprint=_fingerprint(REPLAY))
    await noting.claims.complete(claim)
    assert await noting.processor.process(await noting.deliver(REPLAY)) == Ack()
    assert noting.handler.repeated == [("k1", None)]
    assert state(failures) is FailureState.RESOLVED


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_no_is_no_success(noting, failures, is_done):
    """Who replays many has to see which visitors have what they asked for; also of one that was done before."""
    noting.handler.code = "SLOT_TAKEN"
    if is_done:
        await noting.claims.complete(await noting.claim("k1#r1", fingerprint=_fingerprint(REPLAY)))
    assert await noting.processor.process(await noting.deliver(REPLAY)) == Ack()
    [failure] = failures.rows.values()
    assert failure.state is FailureState.REFUSED
    assert [(entry.action, entry.by, entry.note) for entry in failure.audit_trail] == [
        ("refused", "chat", "SLOT_TAKEN")
    ]


async def test_a_replay_that_failed_is_not_noted_here(noting, failures):
    """Its dead letter reports it, through the dead-letter queue."""
    noting.handler.errors = [PermanentError("calendar_unknown")]
    assert isinstance(await noting.processor.process(await noting.deliver(REPLAY)), DeadLetter)
    assert state(failures) is FailureState.REPLAYING


async def test_a_replay_that_is_not_done_yet_is_not_noted(noting, failures):
    """Another try may come."""
    noting.handler.errors = [TransientError("throttled")]
    assert isinstance(await noting.processor.process(await noting.deliver(REPLAY)), RetryIn)
    assert state(failures) is FailureState.REPLAYING


def _fingerprint(body):
    return fingerprint_message(Decoder(CHAT_COMMAND).decode(body))
