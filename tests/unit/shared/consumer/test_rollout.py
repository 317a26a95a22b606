"""A message of a newer release waits for a worker that can read it, and not for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Ack, DeadLetter, RetryIn
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.rollout import ROLLOUT_WAIT, wait_for_newer_worker
from shared.dead_letter_reasons import DeadLetterReason
from shared.messages.commands import ENVELOPE_VERSION
from shared.settings import PoolSettings
from tests.infra.template import load, of_type

SENT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def retry(*, after, receives=1, reason=DeadLetterReason.NEWER_VERSION, sent=SENT, random=0.0):
    delivery = Delivery("m1", "r1", "", receive_count=receives, sent_at=sent and sent.timestamp())
    return wait_for_newer_worker(delivery, reason, now=SENT + timedelta(seconds=after), random_source=lambda: random)


@pytest.mark.parametrize(
    ("receives", "lower", "upper"),
    [(1, 2.5, 5), (2, 5, 10), (3, 10, 20), (5, 40, 80), (6, 60, 120), (40, 60, 120)],
)
def test_the_pauses_grow_to_two_minutes(receives, lower, upper):
    """An update takes minutes: the message is neither received all the time nor late by more than a pause."""
    assert retry(after=1, receives=receives) == RetryIn(timedelta(seconds=lower), reason="newer_version")
    assert retry(after=1, receives=receives, random=1.0).delay == timedelta(seconds=upper)


@pytest.mark.parametrize("reason", [DeadLetterReason.NEWER_VERSION, DeadLetterReason.UNKNOWN_TYPE])
def test_the_wait_ends_half_an_hour_after_the_message_was_sent(reason):
    """The last retry is at the end of the wait; what is still unreadable then is dead-lettered."""
    end = ROLLOUT_WAIT.total_seconds()
    assert end == 30 * 60
    assert retry(after=end - 10, receives=20, reason=reason) == RetryIn(timedelta(seconds=10), reason=reason)
    assert retry(after=end - 0.1, receives=20, reason=reason).delay == timedelta(seconds=1)
    assert retry(after=end, reason=reason) is None


@pytest.mark.parametrize("reason", sorted(set(DeadLetterReason) - {"newer_version", "unknown_type"}))
def test_what_no_release_can_read_does_not_wait(reason):
    """A later release reads no older messages either."""
    assert retry(after=1, reason=reason) is None


def test_a_message_without_a_time_does_not_wait():
    """It could wait for ever."""
    assert retry(after=1, sent=None) is None


def test_sqs_dead_letters_no_message_that_waits():
    """Even the shortest pauses of the longest wait need fewer receives than every queue allows."""
    [limit] = [
        constraint.le
        for constraint in PoolSettings.model_fields["rollout_wait_seconds"].metadata
        if hasattr(constraint, "le")
    ]
    delivery, waited = Delivery("m1", "r1", "", sent_at=SENT.timestamp()), 0.0
    while pause := wait_for_newer_worker(
        delivery,
        DeadLetterReason.NEWER_VERSION,
        now=SENT + timedelta(seconds=waited),
        limit=timedelta(seconds=limit),
        random_source=lambda: 0.0,
    ):
        waited += pause.delay.total_seconds()
        delivery.receive_count += 1
    allowed = [
        each["Properties"]["RedrivePolicy"]["maxReceiveCount"]
        for each in of_type(load(), "AWS::SQS::Queue").values()
        if "RedrivePolicy" in each["Properties"]
    ]
    assert delivery.receive_count < min(allowed) - 20


async def receive(bench):
    """Return what the group's first message becomes, with a pool's way to settle it."""
    (delivery,) = await bench.take(1)
    disposition = await bench.processor.process(delivery)
    await bench.settler.settle(delivery, disposition)
    return disposition


async def test_the_group_waits_and_is_processed_in_order_by_the_newer_worker(bench, body):
    """The old worker leaves the message on the queue, with what the visitor sent after it."""
    bench.queue.send(body("k1", version=ENVELOPE_VERSION + 1), group="s1")
    bench.queue.send(body("k2"), group="s1")
    for _ in range(3):
        assert isinstance(await receive(bench), RetryIn)
        assert await bench.take() == []
        bench.clock.advance(timedelta(minutes=2))
    assert (bench.queue.dead_letters, bench.claims.records) == ([], {})

    bench.processor._decoder._version = ENVELOPE_VERSION + 1
    bench.processor._decoder._adapter = AnyVersion(bench.processor._decoder._adapter)
    assert [await receive(bench), await receive(bench)] == [Ack(), Ack()]
    assert bench.handler.handled == ["k1", "k2"]


class AnyVersion:
    """The newer worker, whose messages have another version and are otherwise the same."""

    def __init__(self, adapter):
        self.adapter = adapter

    def validate_json(self, body):
        return self.adapter.validate_json(body.replace(f'"version": {ENVELOPE_VERSION + 1}', '"version": 1'))


async def test_after_the_wait_it_is_dead_lettered_and_the_group_goes_on(bench, body):
    """The visitor's later messages are processed."""
    bench.queue.send(body("k1", type="chat.later"), group="s1")
    bench.queue.send(body("k2"), group="s1")
    dispositions = []
    while not dispositions or isinstance(dispositions[-1], RetryIn):
        dispositions.append(await receive(bench))
        if isinstance(dispositions[-1], RetryIn):
            bench.clock.advance(dispositions[-1].delay + timedelta(seconds=0.5))  # SQS counts whole seconds
    assert isinstance(dispositions[-1], DeadLetter)
    [copy] = bench.queue.dead_letters
    assert (copy.reason, copy.attempts) == ("unknown_type", 0)
    assert 0 <= bench.clock.now().timestamp() - copy.delivery.sent_at - ROLLOUT_WAIT.total_seconds() < 3
    assert await receive(bench) == Ack()


async def test_on_lambda_the_message_and_its_successors_are_reported_as_failed(bench, body):
    """Lambda deletes neither of them, and the queue hides the first for the pause."""
    batch = LambdaBatch(
        queue=bench.queue,
        processor=bench.processor,
        leases=bench.leases,
        settler=bench.settler,
        handler_timeout=timedelta(seconds=45),
    )
    bench.queue.send(body("k1", version=ENVELOPE_VERSION + 1), group="s1")
    bench.queue.send(body("k2"), group="s1")
    records = [
        {
            "messageId": each.message_id,
            "receiptHandle": each.receipt,
            "body": each.body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "MessageGroupId": "s1",
                "SentTimestamp": str(int(each.sent_at * 1000)),
            },
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:memory.fifo",
        }
        for each in await bench.take()
    ]
    answer = await batch.run({"Records": records})
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [each["messageId"] for each in records]
    assert (await bench.take(), bench.queue.dead_letters) == ([], [])
    bench.clock.advance(timedelta(seconds=5))
    assert [each.body for each in await bench.take()] == [each["body"] for each in records]
