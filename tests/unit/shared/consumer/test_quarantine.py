"""From a delivery to a disposition, when workers die of a message."""

import asyncio

import pytest

from shared.consumer.disposition import Ack, DeadLetter, RetryIn
from shared.errors import TransientError


async def test_a_command_whose_workers_were_killed_is_not_run_again(bench):
    """When every attempt ended without a word, the handler does not run: its input may be what kills workers."""
    await bench.processor.process(await bench.deliver())
    record = bench.claims.records["k1"]
    record.done, record.owner, record.attempts = False, None, 3
    bench.handler.handled.clear()
    disposition = await bench.processor.process(await bench.deliver(group="other"))
    assert isinstance(disposition, DeadLetter)
    assert (disposition.reason, disposition.attempts) == ("attempts_exhausted", 4)
    assert bench.handler.handled == []
    assert bench.handler.given_up == [("k1", "attempts_exhausted")]


async def test_a_message_that_kills_its_workers_is_quarantined(bench):
    """After three workers died of it, a fourth does not try: it is dead-lettered, and the visitor is notified."""
    for deaths in range(3):
        assert (await bench.claim("k1", fingerprint=None)).unfinished == deaths
        bench.clock.advance(2 * bench.lease)
    disposition = await bench.processor.process(await bench.deliver())
    assert (disposition.reason, disposition.attempts) == ("quarantined", 4)
    assert bench.handler.handled == []
    assert bench.handler.given_up == [("k1", "quarantined")]
    assert [copy.reason for copy in bench.queue.dead_letters] == ["quarantined"]


@pytest.mark.parametrize("ending", ["failed", "stopped"])
async def test_an_attempt_that_ended_in_order_is_no_death(make_bench, ending):
    """A handler that failed, and one that was stopped, have killed nobody, however often."""
    bench = make_bench(max_attempts=10)
    delivery = await bench.deliver()
    for _ in range(4):
        if ending == "failed":
            bench.handler.errors = [TransientError("throttled")]
            assert isinstance(await bench.processor.process(delivery), RetryIn)
        else:
            bench.handler.delay_seconds = 5
            bench.handler.started.clear()
            processing = asyncio.create_task(bench.processor.process(delivery))
            await bench.handler.started.wait()
            processing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await processing
    bench.handler.delay_seconds = 0
    assert await bench.processor.process(delivery) == Ack()
    assert bench.handler.given_up == []


async def test_suspects_run_one_at_a_time(bench, body):
    """Messages that saw two workers die do not share a third: the innocent ones wait, and lose nothing by it."""
    for key in ("k1", "k2", "k3"):
        for _ in range(2):
            await bench.claim(key, fingerprint=None)
            bench.clock.advance(2 * bench.lease)
    bench.handler.delay_seconds = 0.02
    keys = ("k1", "k2", "k3", "k4")
    deliveries = [await bench.deliver(body(key), group=key) for key in keys]
    outcomes = await asyncio.gather(*(bench.processor.process(delivery) for delivery in deliveries))
    assert [getattr(outcome, "reason", "done") for outcome in outcomes] == [
        "done",
        "suspect_waits",
        "suspect_waits",
        "done",
    ]
    waiting = bench.claims.records["k2"]
    assert (waiting.owner, waiting.attempts, waiting.unfinished) == (None, 2, 2)
    for delivery in deliveries[1:3]:
        assert await bench.processor.process(delivery) == Ack()
    assert sorted(bench.handler.handled) == list(keys)


async def test_isolation_ends_with_a_suspect_that_fails(make_bench, body):
    """However a suspect ends, the next one may run."""
    bench = make_bench(max_attempts=9)
    for key in ("k1", "k2"):
        for _ in range(2):
            await bench.claim(key, fingerprint=None)
            bench.clock.advance(2 * bench.lease)
    bench.handler.errors = [ValueError("bug")]
    first = await bench.processor.process(await bench.deliver(body("k1"), group="a"))
    assert first.reason == "ValueError"
    assert await bench.processor.process(await bench.deliver(body("k2"), group="b")) == Ack()
