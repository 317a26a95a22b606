"""How a dead letter is processed: recorded first, its visitor notified second, deleted last, and never given up."""

import asyncio
from datetime import timedelta

import pytest

from shared.consumer.disposition import Abandon, Ack, RetryIn
from shared.consumer.handler import fingerprint_message
from shared.errors import PermanentError, TransientError
from shared.ledger.failures import FailureState
from shared.messages.server import SessionEnded
from tests.unit.workers.failures.conftest import DECODERS, LEASE, body_of, copy_attributes

NOTIFIED = [("error", "c1", "INTERNAL")]


async def take_claim(worker, body=None, fingerprint=None, lease=LEASE):
    command = DECODERS["booking"].decode(body or body_of())
    return await worker.claims.claim(
        command.claim_key, fingerprint=fingerprint or fingerprint_message(command), lease=lease
    )


async def test_a_copy_with_a_reason_is_recorded_and_the_visitor_is_not_notified_again(logs, worker):
    """The worker that made the copy notifies the visitor."""
    assert await worker.processor.process(await worker.receive_new(attributes=copy_attributes())) == Ack()
    [failure] = worker.failures.rows.values()
    assert (failure.state, failure.reason) == (FailureState.FAILED, "calendar_access_revoked")
    assert worker.errors() == []
    finished = next(line for line in logs if line["event"] == "delivery_finished")
    assert finished["disposition"] == "Ack"
    assert "anna@example.com" not in str(logs)


async def test_a_message_that_sqs_moved_is_recorded_and_its_visitor_is_notified(worker):
    """The visitor gets one durable error, however often the dead letter is delivered."""
    dead_letter = await worker.receive_new()
    for _ in range(2):
        assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == NOTIFIED
    assert len(worker.failures.rows) == 1
    assert worker.claims.records["k1"].done
    assert worker.poster.types("tab=") == ["error"]


async def test_a_dead_letter_of_an_ended_conversation_is_recorded_without_a_frame(worker):
    """Its visitor has had the conversation erased; the failure stays open for the operators."""
    await worker.conversations.end_conversation("s1", SessionEnded(re="e1"))
    assert await worker.processor.process(await worker.receive_new()) == Ack()
    assert worker.poster.posted == []
    assert len(worker.failures.rows) == 1
    assert worker.claims.records["k1"].done


async def test_an_internal_command_has_no_visitor_to_notify(worker):
    """It is recorded, and no claim is made."""
    assert await worker.processor.process(await worker.receive_new(body_of("calendar.tick"))) == Ack()
    assert len(worker.failures.rows) == 1
    assert worker.errors() == []
    assert worker.claims.records == {}


@pytest.mark.parametrize("kind", ["booking.slots", "booking.lookup"])
@pytest.mark.parametrize("attributes", [None, copy_attributes()], ids=["moved by SQS", "copied by a worker"])
async def test_a_failed_query_is_logged_and_leaves_nothing_to_replay(worker, logs, kind, attributes):
    """It changed nothing, and nobody waits for its answer any more."""
    assert await worker.processor.process(await worker.receive_new(body_of(kind), attributes=attributes)) == Ack()
    assert (worker.failures.rows, worker.errors(), worker.claims.records) == ({}, [], {})
    [line] = [line for line in logs if line["event"] == "query_failed"]
    assert (line["type"], line["reason"]) == (kind, (attributes or {"reason": "receives_exhausted"})["reason"])


@pytest.mark.parametrize("kind", ["booking.slots", "booking.lookup"])
async def test_a_replayed_query_that_fails_again_is_recorded(worker, kind):
    """The release before has recorded it, and the desk waits for the outcome of the replay."""
    assert await worker.processor.process(await worker.receive_new(body_of(kind, replay=1))) == Ack()
    [failure] = worker.failures.rows.values()
    assert failure.replays == 1


async def test_the_visitor_of_a_completed_command_is_not_notified(worker):
    """The worker that completed it sent the outcome."""
    await worker.claims.complete(await take_claim(worker))
    assert await worker.processor.process(await worker.receive_new()) == Ack()
    assert worker.errors() == []
    assert len(worker.failures.rows) == 1


async def test_a_dead_letter_is_retried_while_another_worker_holds_the_command(worker):
    """That worker may succeed: the failure is recorded now, and the dead letter is retried after the lease."""
    claim = await take_claim(worker)
    dead_letter = await worker.receive_new()
    assert await worker.processor.process(dead_letter) == RetryIn(LEASE, reason="TransientError")
    assert (worker.errors(), len(worker.failures.rows)) == ([], 1)
    await worker.claims.complete(claim)
    assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == []


async def test_the_retry_waits_no_longer_than_our_own_lease(worker):
    """The other worker may finish long before its lease ends."""
    await take_claim(worker, lease=LEASE * 20)
    assert await worker.processor.process(await worker.receive_new()) == RetryIn(LEASE, reason="TransientError")


async def test_another_command_with_the_same_id_is_not_notified(worker):
    """It was refused when it was sent, and the outcome belongs to the first command."""
    await take_claim(worker, fingerprint="another payload")
    assert await worker.processor.process(await worker.receive_new()) == Ack()
    assert worker.errors() == []


async def test_a_replay_that_sqs_moved_is_notified_too(worker):
    """It has an outcome of its own: the visitor gets a second frame for the same command."""
    assert await worker.processor.process(await worker.receive_new()) == Ack()
    assert await worker.processor.process(await worker.receive_new(body_of(replay=1), group="s2")) == Ack()
    assert worker.errors() == NOTIFIED * 2
    [failure] = worker.failures.rows.values()
    assert (failure.state, failure.replays) == (FailureState.FAILED_AGAIN, 1)


@pytest.mark.parametrize("error", [TransientError("dynamodb"), PermanentError("aws_AccessDenied"), ValueError("bug")])
@pytest.mark.parametrize("receives", [1, 1_000])
async def test_a_dead_letter_stays_on_its_queue_while_the_ledger_fails(worker, error, receives):
    """It is retried without limit, and no visitor is notified before the failure is recorded."""
    worker.failures.error = error
    dead_letter = await worker.receive_new()
    dead_letter.receive_count = receives
    disposition = await worker.processor.process(dead_letter)
    assert isinstance(disposition, RetryIn)
    assert disposition.delay <= timedelta(minutes=2)
    await worker.settler.settle(dead_letter, disposition)
    assert worker.queue.bodies() == [dead_letter.body]
    assert worker.errors() == []
    worker.failures.error = None
    assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == NOTIFIED


async def test_a_visitor_is_notified_later_when_the_conversation_store_fails(worker):
    """The claim is released at once, so the next attempt need not wait for the lease."""
    worker.conversations.errors = [TransientError("dynamodb")]
    dead_letter = await worker.receive_new()
    assert isinstance(await worker.processor.process(dead_letter), RetryIn)
    assert worker.claims.records["k1"].owner is None
    assert worker.claims.records["k1"].attempts == 0
    assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == NOTIFIED


async def test_a_cancelled_worker_releases_the_claim(worker):
    """The next worker need not wait for the lease."""
    reached = asyncio.Event()

    async def hang(_session_id, **_options):
        reached.set()
        await asyncio.Event().wait()

    worker.connections.list_connections = hang
    working = asyncio.create_task(worker.processor.process(await worker.receive_new()))
    await reached.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert worker.claims.records["k1"].owner is None


async def test_a_dead_letter_whose_lease_was_lost_is_abandoned(worker):
    """It waited longer than its lease could be extended."""
    dead_letter = await worker.receive_new()
    worker.leases.track(dead_letter)
    worker.clock.advance(LEASE * 2)
    await worker.leases.heartbeat.beat(worker.queue, worker.claims)
    assert await worker.processor.process(dead_letter) == Abandon()
    assert worker.failures.rows == {}


UNREADABLE_REASONS = ["not_json", "newer_version", "older_version", "unknown_type", "invalid"]


@pytest.mark.parametrize("reason", UNREADABLE_REASONS)
async def test_the_visitor_of_an_unreadable_message_is_notified_once(worker, reason):
    """No handler ran, so no worker notified the visitor; this release can decode the message."""
    dead_letter = await worker.receive_new(attributes=copy_attributes(reason=reason))
    for _ in range(2):
        assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == NOTIFIED
    [failure] = worker.failures.rows.values()
    assert failure.reason == reason
    assert worker.claims.records["k1"].done


@pytest.mark.parametrize("version", [0, 9])
@pytest.mark.parametrize("kind", ["chat.send", "booking.create", "booking.verify"])
async def test_the_visitor_of_a_message_of_another_version_is_notified_once(make_worker, kind, version):
    """During a rollout this release can't process the message, but finds its visitor and its tenant."""
    worker = make_worker(queue="chat" if kind == "chat.send" else "booking")
    reason = "newer_version" if version else "older_version"
    body = body_of(kind, version=version)
    for _ in range(2):
        assert (
            await worker.processor.process(await worker.receive_new(body, attributes=copy_attributes(reason=reason)))
            == Ack()
        )
        worker.clock.advance(timedelta(minutes=10))
    assert worker.errors() == NOTIFIED
    [failure] = worker.failures.rows.values()
    assert (failure.tenant, failure.session_id, failure.type, failure.payload) == ("salon", "s1", kind, body)


async def test_a_message_of_another_version_that_sqs_moved_is_notified_too(worker):
    """Workers of that version received it, and none completed it."""
    assert await worker.processor.process(await worker.receive_new(body_of(version=9))) == Ack()
    assert worker.errors() == NOTIFIED


async def test_a_message_of_another_version_that_a_worker_gave_up_is_not_notified_again(worker):
    """The newer release's worker decoded it and notified the visitor."""
    assert (
        await worker.processor.process(await worker.receive_new(body_of(version=9), attributes=copy_attributes()))
        == Ack()
    )
    assert worker.errors() == []


@pytest.mark.parametrize(
    "body",
    [
        body_of("booking.slots", version=9),
        body_of("calendar.tick", version=9),
        body_of(version=9, data={"when": "tomorrow"}),
        body_of(version=9, type="booking.of_tomorrow"),
        body_of(version=9, session_id="a b"),
    ],
    ids=["query", "internal command", "other data", "another type", "no session"],
)
async def test_a_message_of_another_version_is_notified_only_if_this_release_decodes_it(worker, body):
    """It is recorded in either case; without a visitor to notify no claim is made."""
    dead_letter = await worker.receive_new(body, attributes=copy_attributes(reason="newer_version"))
    assert await worker.processor.process(dead_letter) == Ack()
    assert len(worker.failures.rows) == 1
    assert worker.errors() == []
    assert worker.claims.records == {}


@pytest.mark.exhaustive
async def test_a_dead_letter_at_the_depth_limit_of_the_parser_is_recorded(worker):
    """Whatever its depth: a body that can be parsed can also be converted to this version."""
    for depth in range(800, 1001):
        body = f'{{"version": 9, "id": "k{depth}", "data": {"[" * depth}{"]" * depth}}}'
        assert await worker.processor.process(await worker.receive_new(body, group=f"s{depth}")) == Ack()


async def test_a_message_of_another_version_that_a_newer_worker_processes_is_retried(worker):
    """The copy was made, then the newer release received the original: its outcome is the one that counts."""
    claim = await take_claim(worker)
    dead_letter = await worker.receive_new(body_of(version=9), attributes=copy_attributes(reason="newer_version"))
    assert await worker.processor.process(dead_letter) == RetryIn(LEASE, reason="TransientError")
    await worker.claims.complete(claim)
    assert await worker.processor.process(dead_letter) == Ack()
    assert worker.errors() == []


HOSTILE = [
    "no json",
    "null",
    "[" * 100_000,
    '{"version":9}',
    "{}",
    "\x00\x1b[31m \u202e \ud800",
    "x" * 1_000_000,
    body_of(tenant="salon\n"),
    body_of(session_id="s" * 101),
    body_of(key=""),
    body_of("booking.create", replay=-1),
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:12])
@pytest.mark.parametrize("queue", ["chat", "booking", "notifications"])
async def test_a_hostile_body_is_recorded_unchanged(make_worker, queue, body, logs):
    """Invalid fields are dropped, the body is in no log, and no visitor is notified."""
    worker = make_worker(queue=queue)
    attributes = copy_attributes(reason="not_json", error="the body is not a JSON object")
    assert await worker.processor.process(await worker.receive_new(body, attributes=attributes)) == Ack()
    [failure] = worker.failures.rows.values()
    assert (failure.payload, failure.reason, failure.queue) == (body, "not_json", queue)
    assert failure.tenant in {None, "salon"}
    assert worker.errors() == []
    assert worker.claims.records == {}
    assert body[:30] == "{}" or body[:30] not in str(logs)
