"""The pool: bounded concurrency, order within a group, and failures of its queue."""

import asyncio
import time
from datetime import timedelta

import pytest

from shared.consumer.settle import Settler
from shared.consumer.stop import Stop
from shared.errors import PermanentError, TransientError
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.memory_queue import MemoryQueue
from tests.unit.shared.consumer.pools import is_empty_a_second_later, pool_of, running, send, until


class Counting:
    """Counts how many handlers run at once."""

    def __init__(self, claims):
        self.claims = claims
        self.now = self.maximum = 0
        self.done = []

    async def handle(self, message, claim):
        self.now += 1
        self.maximum = max(self.maximum, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        self.done.append(message.id)
        await self.claims.complete(claim)


async def test_no_more_run_at_once_than_allowed(make_bench, body):
    """Thirty messages of thirty groups are worked on, three at a time and never more."""
    bench = make_bench(handler=Counting)
    send(bench, body, 30)
    async with running(bench, concurrency=3):
        await until(lambda: not bench.queue.bodies())
    assert bench.handler.maximum == 3
    assert len(bench.handler.done) == 30


async def test_nothing_is_fetched_that_cannot_be_worked_on(bench, body):
    """While every permit is in use the rest stays on the queue, for other workers to take."""
    bench.handler.delay_seconds = 0.3
    send(bench, body, 10)
    async with running(bench, concurrency=4):
        await until(lambda: len(bench.handler.handled) == 4)
        await asyncio.sleep(0.05)
        assert len(bench.queue.in_flight()) == 4


async def test_a_running_pool_reports_what_is_in_flight(bench, body):
    """What it has received and not settled; without a pool nobody knows, and nothing is published."""
    pool = pool_of(bench)
    assert bench.telemetry.in_flight is None
    bench.handler.delay_seconds = 0.3
    send(bench, body, 2)
    stop = Stop()
    run = asyncio.create_task(pool.run(stop))
    await until(lambda: len(bench.handler.handled) == 2)
    assert bench.telemetry.in_flight() == 2
    stop.request()
    await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert bench.telemetry.in_flight() == 0


async def test_permits_come_back(bench, body):
    """Each message returns its permit, however it went: after many of all kinds the pool still has them all."""
    bench.handler.errors = [PermanentError("calendar_unknown"), ValueError("bug"), PermanentError("calendar_unknown")]
    send(bench, body, 12, groups=3)
    bench.queue.send("no json", group="g0")
    async with running(bench, concurrency=2):
        await until(lambda: is_empty_a_second_later(bench))
        bench.handler.delay_seconds = 0.1
        bench.handler.handled.clear()
        bench.queue.send(body("x1"), group="x1")
        bench.queue.send(body("x2"), group="x2")
        await until(lambda: len(bench.handler.handled) == 2)
    assert len(bench.queue.dead_letters) == 3


async def test_a_group_that_waits_for_its_retry_is_not_overtaken(bench, body):
    """The successors of a message that failed are handed back and come after it."""
    bench.handler.errors = [TransientError("throttled", retry_after=timedelta(seconds=20))]
    send(bench, body, 3, groups=1)
    async with running(bench):
        await until(lambda: len(bench.queue.in_flight()) == 1)
        await asyncio.sleep(0.03)
        assert bench.handler.handled == ["k0"]
        await until(lambda: is_empty_a_second_later(bench))
    assert bench.handler.handled == ["k0", "k0", "k1", "k2"]


@pytest.mark.parametrize("error", [TransientError("sqs"), PermanentError("aws_AccessDenied")])
async def test_a_pool_lives_through_a_receive_that_fails(bench, body, error):
    """A queue that can't be reached is asked again a second later, with every permit at hand."""
    receive = bench.queue.receive
    failures = [error]

    async def fail_once(**arguments):
        if failures:
            raise failures.pop()
        return await receive(**arguments)

    bench.queue.receive = fail_once
    send(bench, body, 5)
    async with running(bench):
        await until(lambda: not bench.queue.bodies())
    assert len(bench.handler.handled) == 5


async def test_waiting_messages_stay_ours(make_bench, body):
    """A message that waits for its turn in a group is kept invisible like the one that runs."""
    bench = make_bench(lease=timedelta(seconds=0.6), monotonic=time.monotonic)
    bench.handler.delay_seconds = 1.5
    send(bench, body, 3, groups=1)
    extended = set()
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        extended.update(change.delivery.body for change in changes)
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    async with running(bench, drain=timedelta(seconds=0.05)):
        await until(lambda: len(bench.handler.handled) == 1)
        await until(lambda: len(extended) == 3)
        assert bench.handler.handled == ["k0"]


async def test_a_line_that_breaks_is_handed_back(bench, body):
    """A bug between two messages of a group must not keep the rest invisible for as long as the pool lives."""

    async def broken(*_arguments):
        raise RuntimeError("no such thing")

    send(bench, body, 3, groups=1)
    pool = pool_of(bench)
    pool._processor.process = broken
    stop = Stop()
    run = asyncio.create_task(pool.run(stop))
    await until(lambda: pool._in_hand or not bench.queue.in_flight())
    stop.request()
    await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert bench.queue.in_flight() == []
    assert pool._in_hand == {}


@pytest.mark.parametrize(
    ("max_receive_count", "warns"), [(6, True), (14, True), (15, False), (100, False), (None, False)]
)
async def test_a_queue_that_gives_up_too_early_is_named(make_bench, logs, max_receive_count, warns):
    """When SQS might move a message away before its attempts are used up, the start says so, and what is wanted."""
    bench = make_bench(queue=MemoryQueue(max_receive_count=max_receive_count))
    async with running(bench, max_attempts=5):
        await until(lambda: bench.queue.open_polls)
    found = [line for line in logs if line["event"] == "max_receive_count_too_low"]
    assert [(line["max_receive_count"], line["required"]) for line in found] == (
        [(max_receive_count, 15)] if warns else []
    )


async def test_limits_that_cannot_be_read_stop_nobody(bench, body):
    """A role without that permission costs the warning only."""

    async def denied():
        raise PermanentError("aws_AccessDenied")

    bench.queue.read_max_receive_count = denied
    send(bench, body, 1)
    async with running(bench):
        await until(lambda: not bench.queue.bodies())


async def test_a_queue_that_does_not_answer_holds_up_nobody_but_is_not_buried(bench, body):
    """While deletes hang, others are worked on, but no more than ten times as many as run at once."""
    delete, answers = bench.queue.delete, asyncio.Event()

    async def delete_later(deliveries):
        await answers.wait()
        return await delete(deliveries)

    bench.queue.delete = delete_later
    bench.settler = Settler(bench.queue)
    send(bench, body, 60)
    async with running(bench, concurrency=2):
        await until(lambda: len(bench.handler.handled) >= 20)
        await asyncio.sleep(0.1)
        assert 20 <= len(bench.handler.handled) <= 22
        answers.set()
        await until(lambda: not bench.queue.bodies())


async def test_waiting_in_a_group_takes_no_permit(bench, body):
    """Ten messages of one group hold one permit: other groups run beside them, as many as may."""
    bench.handler.delay_seconds = 3600
    for number in range(10):
        bench.queue.send(body(f"a{number}"), group="a")
    async with running(bench, concurrency=10, drain=timedelta(seconds=0.05)):
        await until(lambda: bench.handler.handled)
        for number in range(9):
            bench.queue.send(body(f"b{number}"), group=f"b{number}")
        await until(lambda: len(bench.handler.handled) == 10)
        assert sum(key.startswith("b") for key in bench.handler.handled) == 9
