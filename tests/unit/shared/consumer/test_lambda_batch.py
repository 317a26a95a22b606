"""Under a Lambda event-source mapping: what is reported as failed, because Lambda deletes everything else."""

import asyncio
import time
from datetime import timedelta

import pytest

from shared.consumer.lambda_batch import LambdaBatch
from shared.errors import LeaseLostError, PermanentError, TransientError
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.memory_queue import MemoryQueue
from tests.unit.shared.consumer.leases import keeping, until


def batch_of(bench):
    return LambdaBatch(
        queue=bench.queue,
        processor=bench.processor,
        leases=bench.leases,
        settler=bench.settler,
        handler_timeout=timedelta(seconds=45),
    )


@pytest.fixture
def batch(bench):
    return batch_of(bench)


def record(delivery):
    attributes = {"ApproximateReceiveCount": str(delivery.receive_count)}
    if delivery.group:
        attributes["MessageGroupId"] = delivery.group
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }


async def invoke(bench, batch, *bodies, **more):
    """Run one event of (group, body) pairs; return the failed bodies and delete the rest, as Lambda does."""
    for group, text in bodies:
        bench.queue.send(text, group=group)
    deliveries = await bench.take()
    answer = await batch.run({"Records": [record(delivery) for delivery in deliveries]}, **more)
    failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    done = [delivery for delivery in deliveries if delivery.message_id not in failed]
    if done:
        await bench.queue.delete(done)
    return [delivery.body for delivery in deliveries if delivery.message_id in failed]


async def test_a_batch_that_worked_reports_nothing(bench, batch, body):
    """Lambda deletes every message: the worker itself deletes none."""
    assert await invoke(bench, batch, ("s1", body("k1")), ("s2", body("k2"))) == []
    assert bench.queue.bodies() == []
    assert bench.queue.calls["delete"] == 1


async def test_a_failure_keeps_its_group_and_no_other(bench, batch, body):
    """A message that is to be retried and its successors are reported; other groups are done."""
    bench.handler.errors = [TransientError("throttled", retry_after=timedelta(seconds=40))]
    failed = await invoke(bench, batch, ("s1", body("a1")), ("s1", body("a2")), ("s2", body("b1")), ("s1", body("a3")))
    assert failed == [body("a1"), body("a2"), body("a3")]
    assert bench.handler.handled == ["a1", "b1"]
    bench.clock.advance(timedelta(seconds=39))
    assert await bench.take() == []
    bench.clock.advance(timedelta(seconds=1))
    assert [delivery.body for delivery in await bench.take()] == failed


async def test_a_dead_letter_counts_as_done(bench, batch, body):
    """What was copied to the dead-letter queue is deleted, and its successor runs."""
    bench.handler.errors = [PermanentError("calendar_unknown")]
    assert await invoke(bench, batch, ("s1", body("a1")), ("s1", "no json"), ("s1", body("a3"))) == []
    assert [copy.reason for copy in bench.queue.dead_letters] == ["calendar_unknown", "not_json"]
    assert bench.handler.handled == ["a1", "a3"]


async def test_an_abandoned_message_is_not_deleted(bench, batch, body):
    """Work that another worker has taken over is reported, or Lambda would delete that worker's message."""
    bench.handler.errors = [LeaseLostError("a1")]
    assert await invoke(bench, batch, ("s1", body("a1"))) == [body("a1")]
    assert bench.queue.in_flight() == [body("a1")]


async def test_a_queue_without_groups_fails_message_by_message(make_bench, body):
    """On a standard queue only the message that failed is reported."""
    bench = make_bench(queue=MemoryQueue(name="notifications"))
    batch = batch_of(bench)
    bench.handler.errors = [TransientError("ses")]
    failed = await invoke(bench, batch, (None, body("n1")), (None, body("n2")), (None, body("n3")))
    assert failed == [body("n1")]
    assert bench.handler.handled == ["n1", "n2", "n3"]


async def test_groups_run_side_by_side(bench, batch, body):
    """Ten groups are handled at once: each of their handlers ends only when all have begun."""
    handle, all_have_begun = bench.handler.handle, asyncio.Barrier(10)

    async def handle_together(message, claim):
        await all_have_begun.wait()
        return await handle(message, claim)

    bench.handler.handle = handle_together
    async with asyncio.timeout(DEADLINE_SECONDS):
        await invoke(bench, batch, *((f"s{n}", body(f"k{n}")) for n in range(10)))
    assert len(bench.handler.handled) == 10


async def test_leases_are_kept_during_the_batch_and_no_longer(make_bench, body):
    """Waiting successors stay invisible while the first one runs; afterwards nothing is extended any more."""
    bench = make_bench(lease=timedelta(seconds=0.3), monotonic=time.monotonic)
    batch = batch_of(bench)
    bench.handler.delay_seconds = 0.3
    await bench.leases.start()
    try:
        await invoke(bench, batch, ("s1", body("a1")), ("s1", body("a2")))
        calls = bench.queue.calls["change_visibility"]
        assert calls
        await asyncio.sleep(0.3)
        assert bench.queue.calls["change_visibility"] == calls
    finally:
        await bench.leases.stop()


async def test_a_worker_that_dies_at_once_costs_one_lease(bench, batch, body):
    """The function's queue hides its messages for many times a lease, which is shortened before the first beat."""
    bench.leases.heartbeat.pause_seconds = 3600
    bench.handler.delay_seconds = 3600
    bench.queue.send(body("a1"), group="s1")
    deliveries = await bench.queue.receive(max_messages=10, wait_seconds=0, visibility_seconds=720)
    async with keeping(bench.leases):
        running = asyncio.create_task(batch.run({"Records": [record(delivery) for delivery in deliveries]}))
        await until(lambda: bench.queue.calls["change_visibility"])
    bench.clock.advance(bench.lease)
    assert [delivery.body for delivery in await bench.take()] == [body("a1")]
    running.cancel()
    await asyncio.wait([running])


async def test_what_the_time_does_not_suffice_for_is_handed_back(bench, batch, body):
    """The next of a group is not begun when the function would be cut off in its middle."""
    left = iter([44.0])
    failed = await invoke(bench, batch, ("s1", body("a1")), ("s1", body("a2")), seconds_left=lambda: next(left))
    assert failed == [body("a2")]
    assert bench.handler.handled == ["a1"]
