"""Order per group under random failures: handlers that fail, calls that fail, messages that are delivered twice."""

import asyncio
import random
from collections import defaultdict
from datetime import timedelta

import pytest

from shared.consumer.delivery import FailedEntry
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.settle import Settler
from shared.consumer.stop import Stop
from shared.errors import TransientError
from tests.deadlines import DEADLINE_SECONDS

GROUPS = 20
MESSAGES = 20


class Unreliable:
    """Fails every eighth call, each message once at most, and keeps what it finished in each session."""

    def __init__(self, claims):
        self.claims = claims
        self.random = random.Random(0)
        self.calls = 0
        self.failed = set()
        self.finished = defaultdict(list)
        self.running = set()
        self.side_by_side = 0
        self.repeats = 0

    async def handle(self, message, claim):
        assert message.session_id not in self.running, "two handlers of one group at once"
        self.running.add(message.session_id)
        self.side_by_side = max(self.side_by_side, len(self.running))
        try:
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
            self.calls += 1
            if self.calls % 8 == 0 and message.id not in self.failed:
                self.failed.add(message.id)
                raise TransientError("throttled") if self.calls % 16 else ValueError("bug")
            self.finished[message.session_id].append(message.data.text)
            await self.claims.complete(claim)
        finally:
            self.running.discard(message.session_id)

    async def repeat_outcome(self, message, outcome_seq):
        self.repeats += 1

    async def give_up(self, message, claim, reason):
        raise AssertionError("nothing is to be given up")


def spoil(queue, chance):
    """Let one receipt in fifty fail to be deleted or hidden, once, so that a second try always works."""
    spoilt = set()

    def spoiled(call, receipt_of):
        async def carry_out(entries):
            fail = {receipt for receipt in map(receipt_of, entries) if receipt not in spoilt and chance.random() < 0.02}
            spoilt.update(fail)
            others = [entry for entry in entries if receipt_of(entry) not in fail]
            failed = list(await call(others)) if others else []
            return failed + [
                FailedEntry(getattr(entry, "delivery", entry)) for entry in entries if receipt_of(entry) in fail
            ]

        return carry_out

    queue.delete = spoiled(queue.delete, lambda delivery: delivery.receipt)
    queue.change_visibility = spoiled(queue.change_visibility, lambda change: change.delivery.receipt)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_group_keeps_its_order(make_bench, body, seed):
    """Twenty sessions of twenty messages each: all are done, each once, in the order in which they were sent."""
    bench = make_bench(handler=Unreliable, max_attempts=1000, retry_base=timedelta(milliseconds=1))
    bench.handler.random.seed(seed)
    for number in range(MESSAGES):
        for group in range(GROUPS):
            session = f"s{group}"
            bench.queue.send(body(f"{session}-{number}", str(number), session), group=session)
    spoil(bench.queue, random.Random(seed))
    stop = Stop()
    pool = Pool(
        queue=bench.queue,
        processor=bench.processor,
        leases=bench.leases,
        settler=Settler(bench.queue),
        options=PoolOptions(concurrency=12, wait_seconds=1, lease=bench.lease),
    )
    run = asyncio.create_task(pool.run(stop))
    async with asyncio.timeout(DEADLINE_SECONDS):
        while bench.queue.bodies():
            await asyncio.sleep(0.005)
    stop.request()
    bench.queue.end_polls()
    await run
    wanted = [str(number) for number in range(MESSAGES)]
    assert dict(bench.handler.finished) == {f"s{group}": wanted for group in range(GROUPS)}
    assert bench.handler.side_by_side > 1
    assert bench.queue.dead_letters == []


async def test_a_message_that_comes_twice_is_done_once(make_bench, body):
    """When the queue delivers a message again while it is processed or later, it is not carried out again."""
    bench = make_bench(handler=Unreliable, max_attempts=1000, retry_base=timedelta(milliseconds=1))
    for number in range(30):
        bench.queue.send(body(f"k{number}", str(number), f"s{number}"), group=f"s{number}")
    bench.queue.double_next(30)
    deliveries = []
    while found := await bench.take():
        deliveries += found
    assert len(deliveries) == 60
    pending = list(deliveries)
    random.Random(4).shuffle(pending)
    for _ in range(50):
        outcomes = await asyncio.gather(*(bench.processor.process(delivery) for delivery in pending))
        pending = [
            delivery for delivery, outcome in zip(pending, outcomes, strict=True) if type(outcome).__name__ == "RetryIn"
        ]
        if not pending:
            break
    assert pending == []
    assert {session: len(done) for session, done in bench.handler.finished.items()} == {f"s{n}": 1 for n in range(30)}
    assert bench.handler.repeats == 30
