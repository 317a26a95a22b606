"""A lost lease: noticed within a second, and neither a success nor a failure."""

import asyncio
import time
from datetime import timedelta

import pytest

from shared.consumer.disposition import Abandon
from shared.errors import LeaseLostError
from tests.deadlines import DEADLINE_SECONDS
from tests.unit.shared.consumer.leases import keeping, track, until


def steal(bench, delivery):
    del delivery
    bench.claims.records["k1"].owner = "another"


def invalidate(bench, delivery):
    bench.queue.invalidate(delivery.body)


@pytest.mark.parametrize("lose", [steal, invalidate])
async def test_a_lost_lease_cancels_the_handler_within_a_second(make_bench, lose):
    """Whether the claim or the receipt is lost to another worker: the handler ends, and its late write is refused."""
    bench = make_bench(monotonic=time.monotonic)
    bench.handler.delay_seconds = 3600
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    async with keeping(bench.leases), asyncio.timeout(DEADLINE_SECONDS):
        task = asyncio.create_task(bench.processor.process(delivery))
        await bench.handler.started.wait()
        await asyncio.sleep(0.4)
        lose(bench, delivery)
        assert await task == Abandon()
    assert bench.leases.heartbeat.pause_seconds < 1
    assert bench.handler.cancelled == ["k1"]
    assert task.cancelling() == 0
    # Nobody has written in the name of the claim, and nobody can any more.
    assert not bench.claims.records["k1"].done
    (_, claim) = bench.handler.claims_seen[-1]
    with pytest.raises(LeaseLostError):
        await bench.claims.complete(claim)


async def test_a_lease_that_could_not_be_extended_in_time_is_lost(bench):
    """When nothing was heard for a whole lease, the message is somebody else's by now, and the handler ends."""
    bench.handler.delay_seconds = 5
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    task = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    bench.queue.fail_calls("change_visibility", 99)
    for _ in range(3):
        bench.clock.advance(timedelta(seconds=9))
        await bench.beat()
    assert not task.done()
    bench.clock.advance(timedelta(seconds=4))
    await bench.beat()
    assert await task == Abandon()


async def test_what_is_lost_is_left_alone(bench):
    """A delivery that the queue gave to somebody else is not extended again: with luck that would hide theirs."""
    lost, kept = await track(bench, 2)
    bench.queue.invalidate(lost.body)
    bench.clock.advance(timedelta(seconds=10))
    await bench.beat()
    assert bench.leases.is_lost(lost)
    asked = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        asked.extend(change.delivery for change in changes)
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.advance(timedelta(seconds=10))
    await bench.beat()
    assert asked == [kept]


async def test_work_on_what_was_lost_while_it_waited_does_not_begin(bench):
    """After the process was suspended for longer than a lease, waiting deliveries are left to their new owners."""
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    bench.clock.advance(timedelta(seconds=31))
    assert await bench.processor.process(delivery) == Abandon()
    assert bench.handler.handled == []
    assert bench.claims.records == {}


async def test_a_stop_wins_over_a_lost_claim(bench):
    """A task that is cancelled from outside as well ends as cancelled, not as a lost lease."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def run_handler():
        with bench.leases.open_handler_lease(delivery, claim):
            await asyncio.sleep(5)

    task = asyncio.create_task(run_handler())
    await asyncio.sleep(0)
    bench.claims.steal(claim)
    beating = asyncio.create_task(bench.beat())
    task.cancel()
    await beating
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_loss_after_the_end_cancels_nobody(bench):
    """A cancellation that arrives when the handler has just ended does not hit what the task does next."""
    delivery, claim = await bench.deliver(), await bench.claim()
    with bench.leases.open_handler_lease(delivery, claim) as handler_lease:
        pass
    handler_lease.cancel(LeaseLostError("k1"))
    await asyncio.sleep(0.01)
    assert asyncio.current_task().cancelling() == 0


async def test_the_handler_lease_raises_when_the_claim_is_lost(bench):
    """Whoever holds a claim directly hears of its loss as `LeaseLostError`."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def run_handler():
        with bench.leases.open_handler_lease(delivery, claim):
            await asyncio.sleep(5)

    task = asyncio.create_task(run_handler())
    await asyncio.sleep(0)
    bench.claims.steal(claim)
    await bench.beat()
    with pytest.raises(LeaseLostError):
        await task


async def test_a_handler_does_not_begin_on_a_lease_that_was_lost_while_it_was_claimed(bench):
    """A claim that took longer than the lease is given back, and the handler never runs."""
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    claim = bench.claims.claim

    async def slow(*arguments, **named):
        claimed = await claim(*arguments, **named)
        bench.clock.advance(timedelta(seconds=31))
        await bench.beat()
        return claimed

    bench.claims.claim = slow
    assert await bench.processor.process(delivery) == Abandon()
    assert bench.handler.handled == []
    assert bench.claims.records["k1"].owner is None


@pytest.mark.parametrize("makes_of_it", ["success", "another error"])
async def test_a_lost_lease_is_no_success_and_no_failure(bench, makes_of_it):
    """Whatever a handler makes of its cancellation: the message is another worker's, not ours to delete or bury."""

    async def deaf(message, claim):
        try:
            bench.handler.started.set()
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            if makes_of_it == "another error":
                raise ValueError("clean-up failed") from None

    bench.handler.handle = deaf
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    task = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    bench.claims.records["k1"].owner = "another"
    await bench.beat()
    assert await task == Abandon()
    assert task.cancelling() == 0
    assert bench.queue.dead_letters == []


async def test_an_extension_answered_after_the_end_is_no_loss(bench):
    """A message that was deleted while its extension was under way is not reported as lost."""
    (delivery,) = await track(bench, 1)
    bench.queue.stall("change_visibility", 0.05)
    bench.clock.advance(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await until(lambda: bench.queue.calls["change_visibility"])
    bench.leases.untrack(delivery)
    await bench.queue.delete([delivery])
    await extending
    assert bench.telemetry._lost == 0
