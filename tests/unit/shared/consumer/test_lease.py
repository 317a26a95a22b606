"""Leases: extended in batches for as long as a delivery is ours, and noticed when a claim is lost."""

import asyncio
from datetime import timedelta

import pytest

from shared.consumer.delivery import VisibilityChange
from shared.consumer.disposition import Abandon, Ack
from shared.errors import LeaseLostError, PermanentError, TransientError

TROUBLE = [TransientError("sqs"), PermanentError("aws_AccessDenied")]


async def cover(bench, count, *, group=None):
    for number in range(count):
        bench.queue.send(f"m{number}", group=group or f"g{number}")
    found = []
    while len(found) < count:
        found += await bench.take()
    for delivery in found:
        bench.leases.cover(delivery)
    return found


async def test_deliveries_are_extended_in_batches_of_ten(bench):
    """Twenty-five covered deliveries cost three calls, and all stay ours past their first time-out."""
    await cover(bench, 25)
    bench.clock.turn(timedelta(seconds=20))
    await bench.leases.extend_all()
    assert bench.queue.calls["change_visibility"] == 3
    bench.clock.turn(timedelta(seconds=20))
    assert len(bench.queue.in_flight()) == 25


async def test_what_is_not_covered_is_left_alone(bench):
    """A delivery that was settled or given back is no longer extended; with nothing covered there is no call."""
    kept, settled = await cover(bench, 2)
    bench.leases.uncover(settled)
    bench.clock.turn(timedelta(seconds=20))
    await bench.leases.extend_all()
    bench.clock.turn(timedelta(seconds=20))
    assert bench.queue.in_flight() == [kept.body]
    bench.leases.uncover(kept)
    bench.leases.uncover(kept)
    await bench.leases.extend_all()
    assert bench.queue.calls["change_visibility"] == 1


async def test_a_delivery_settled_during_an_extension_is_not_hidden_for_longer(bench):
    """What is settled between the snapshot and the call is left out of the call: its retry comes when it should."""
    first, second = await cover(bench, 2)
    extending = asyncio.create_task(bench.leases.extend_all())
    await asyncio.sleep(0)
    bench.leases.uncover(first)
    await bench.queue.change_visibility([VisibilityChange(first, 2)])
    await extending
    bench.clock.turn(timedelta(seconds=2))
    assert bench.queue.in_flight() == [second.body]


@pytest.mark.parametrize("error", TROUBLE)
async def test_a_failed_extension_is_tried_again_next_time(bench, error):
    """A call that fails, for whatever reason, ends neither the other batches nor the next round."""
    await cover(bench, 15)
    change_visibility = bench.queue.change_visibility
    failures = [error]

    async def fail_once(changes):
        if failures:
            raise failures.pop()
        return await change_visibility(changes)

    bench.queue.change_visibility = fail_once
    bench.clock.turn(timedelta(seconds=10))
    await bench.leases.extend_all()
    await bench.leases.extend_all()
    bench.clock.turn(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 15


async def test_an_entry_that_failed_is_tried_again_next_time(bench):
    """The queue may refuse single entries; the next round has them again."""
    await cover(bench, 3)
    bench.queue.fail_entries("change_visibility", 2)
    bench.clock.turn(timedelta(seconds=10))
    await bench.leases.extend_all()
    await bench.leases.extend_all()
    bench.clock.turn(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 3


@pytest.mark.parametrize("error", TROUBLE)
async def test_the_heartbeat_outlives_a_failed_call(make_bench, error):
    """A worker whose queue refuses everything for a while goes on extending three times per lease."""
    bench = make_bench(lease=timedelta(seconds=0.06))
    await cover(bench, 1)
    calls = []
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def refuse(changes):
        calls.append(len(changes))
        raise error

    bench.queue.change_visibility = refuse
    beating = asyncio.create_task(bench.leases.run())
    async with asyncio.timeout(2):
        while len(calls) < 4:
            assert not beating.done()
            await asyncio.sleep(0.005)
    beating.cancel()
    assert loop.time() - started >= 4 * 0.02


async def test_a_claim_is_extended_while_its_handler_runs(bench):
    """The command stays busy for others past its first lease, and no longer once the handler is done."""
    delivery, claim = await bench.deliver(), await bench.claim()
    async with bench.leases.hold(delivery, claim):
        for _ in range(3):
            bench.clock.turn(timedelta(seconds=20))
            await bench.leases.extend_all()
        assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    until = bench.claims.records["k1"].lease_until
    bench.clock.turn(timedelta(seconds=1))
    await bench.leases.extend_all()
    assert bench.claims.records["k1"].lease_until == until


async def test_a_lost_claim_stops_the_handler(bench):
    """When another worker has the command, the handler is cancelled and the delivery is abandoned."""
    bench.handler.delay_seconds = 5
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    task = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    bench.claims.records["k1"].owner = "another"
    await bench.leases.extend_all()
    assert await task == Abandon()
    assert bench.handler.cancelled == ["k1"]
    assert bench.claims.records["k1"].owner == "another"
    assert task.cancelling() == 0


@pytest.mark.parametrize("error", TROUBLE)
async def test_a_claim_that_cannot_be_extended_now_is_not_lost(bench, error):
    """Trouble with the table is no word about the owner: the handler goes on, and the next round extends."""
    extend = bench.claims.extend
    failures = [error]

    async def fail_once(claim, *, lease):
        if failures:
            raise failures.pop()
        return await extend(claim, lease=lease)

    bench.claims.extend = fail_once
    bench.handler.delay_seconds = 0.02
    task = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    await bench.leases.extend_all()
    bench.clock.turn(timedelta(seconds=9))
    await bench.leases.extend_all()
    assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    assert await task == Ack()


async def test_a_stop_wins_over_a_lost_claim(bench):
    """A task that is cancelled from outside as well ends as cancelled, not as a lost lease."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def work():
        async with bench.leases.hold(delivery, claim):
            await asyncio.sleep(5)

    async def lost_at_the_stop(_claim, *, lease):
        task.cancel()
        return False

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    bench.claims.extend = lost_at_the_stop
    await bench.leases.extend_all()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_lost_claim_is_said_by_hold(bench):
    """Whoever holds a claim directly hears of its loss as `LeaseLostError`."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def work():
        async with bench.leases.hold(delivery, claim):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    bench.claims.steal(claim)
    await bench.leases.extend_all()
    with pytest.raises(LeaseLostError):
        await task
