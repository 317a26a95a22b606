"""Leases: deliveries are extended in batches for as long as they are ours, and claims while their handler runs."""

import asyncio
from datetime import timedelta

import pytest

from shared.consumer.delivery import FailedEntry, VisibilityChange
from shared.consumer.disposition import Ack
from shared.consumer.heartbeat import MAX_VISIBILITY_SECONDS
from tests.unit.shared.consumer.leases import CALL_ERRORS, track, until


async def test_deliveries_are_extended_in_batches_of_ten(bench):
    """Twenty-five covered deliveries cost three calls, and all stay ours past their first time-out."""
    await track(bench, 25)
    bench.clock.advance(timedelta(seconds=20))
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 3
    bench.clock.advance(timedelta(seconds=20))
    assert len(bench.queue.in_flight()) == 25


async def test_what_waits_is_extended_three_times_a_lease(bench):
    """A delivery that nobody works on yet costs no more calls than it takes to keep it."""
    await track(bench, 1)
    for _ in range(60):
        bench.clock.advance(timedelta(seconds=0.5))
        await bench.beat()
    assert bench.queue.calls["change_visibility"] == 3


async def test_a_fresh_delivery_costs_nothing(bench):
    """What is settled within a beat or two is never extended."""
    await track(bench, 10)
    bench.clock.advance(timedelta(seconds=1))
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 0


@pytest.mark.parametrize("error", [None, *CALL_ERRORS])
async def test_the_time_out_of_the_queue_is_replaced_at_once(bench, error):
    """A lease takes its place at the first beat, or at the next one that succeeds, and then it costs as any other."""
    bench.queue.send("m", group="g")
    (delivery,) = await bench.queue.receive(max_messages=1, wait_seconds=0, visibility_seconds=720)
    bench.leases.track(delivery, has_queue_timeout=True)
    change_visibility = bench.queue.change_visibility
    failures = [error] if error else []

    async def fail_once(changes):
        if failures:
            raise failures.pop()
        return await change_visibility(changes)

    bench.queue.change_visibility = fail_once
    for _ in range(4):
        await bench.beat()
    assert bench.queue.calls["change_visibility"] == 1
    bench.clock.advance(bench.lease)
    assert bench.queue.in_flight() == []


async def test_what_is_not_covered_is_left_alone(bench):
    """A delivery that was settled or given back is no longer extended; with nothing covered there is no call."""
    kept, settled = await track(bench, 2)
    bench.leases.untrack(settled)
    bench.clock.advance(timedelta(seconds=20))
    await bench.beat()
    bench.clock.advance(timedelta(seconds=20))
    assert bench.queue.in_flight() == [kept.body]
    bench.leases.untrack(kept)
    bench.leases.untrack(kept)
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 1


async def test_a_delivery_settled_during_an_extension_is_not_hidden_for_longer(bench):
    """Whoever shows a message again first waits for the extension under way, which would hide it."""
    (delivery,) = await track(bench, 1)
    bench.queue.stall("change_visibility", 0.05)
    bench.clock.advance(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await until(lambda: bench.queue.calls["change_visibility"])
    await bench.leases.untrack(delivery)
    await bench.queue.change_visibility([VisibilityChange(delivery, 2)])
    await extending
    bench.clock.advance(timedelta(seconds=2))
    assert bench.queue.in_flight() == []


async def test_a_slow_extension_counts(make_bench):
    """Half of the time between two extensions may be less than a call takes: with a short lease nothing would count."""
    bench = make_bench(lease=timedelta(seconds=4))
    await track(bench, 1)
    (leased,) = bench.leases._leased.values()
    bench.clock.advance(timedelta(seconds=2))
    bench.queue.stall("change_visibility", 1)
    await bench.beat()
    await until(lambda: leased.extended_at == bench.clock.now().timestamp(), 10)


async def test_what_was_settled_before_its_batch_goes_out_is_left_out(bench):
    """Between the choice of what is due and the call, settled deliveries drop out."""
    first, second = await track(bench, 2)
    sent = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        sent.append([change.delivery for change in changes])
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.advance(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await asyncio.sleep(0)  # what is due has been chosen, and no call has gone out
    assert bench.leases.untrack(first) is None
    await extending
    assert sent == [[second]]


@pytest.mark.parametrize("error", CALL_ERRORS)
async def test_a_failed_extension_is_tried_again_at_the_next_beat(bench, error):
    """A call that fails, for whatever reason, ends neither the other batches nor the next round."""
    await track(bench, 15)
    change_visibility = bench.queue.change_visibility
    failures = [error]

    async def fail_once(changes):
        if failures:
            raise failures.pop()
        return await change_visibility(changes)

    bench.queue.change_visibility = fail_once
    bench.clock.advance(timedelta(seconds=10))
    await bench.beat()
    bench.clock.advance(timedelta(seconds=0.7))
    await bench.beat()
    bench.clock.advance(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 15


async def test_an_entry_that_failed_is_tried_again_at_the_next_beat(bench):
    """The queue may refuse single entries; the next beat has them again, and only them."""
    await track(bench, 3)
    bench.queue.fail_entries("change_visibility", 2)
    sizes = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        sizes.append(len(changes))
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.advance(timedelta(seconds=10))
    await bench.beat()
    bench.clock.advance(timedelta(seconds=0.7))
    await bench.beat()
    assert sizes == [3, 2]
    bench.clock.advance(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 3


async def test_no_lease_is_asked_for_beyond_twelve_hours(bench):
    """SQS hides a message for twelve hours in all; the last extension asks for what is left of them, the next loses."""
    (delivery,) = await track(bench, 1)
    asked = []

    async def watched(changes):
        asked.extend(change.seconds for change in changes)
        return [FailedEntry(change.delivery, gone=True) for change in changes if change.seconds == 0]

    bench.queue.change_visibility = watched
    while not bench.leases.is_lost(delivery):
        bench.clock.advance(timedelta(seconds=10))
        await bench.beat()
        assert 10 * len(asked) <= MAX_VISIBILITY_SECONDS
    assert max(asked) == 30
    assert sorted(asked)[:2] == [0, 10]
    ages = [10 * (number + 1) + seconds for number, seconds in enumerate(asked)]
    assert max(ages) == MAX_VISIBILITY_SECONDS


async def test_a_claim_is_extended_while_its_handler_runs(bench):
    """The command stays busy for others past its first lease, and no longer once the handler is done."""
    delivery, claim = await bench.deliver(), await bench.claim()
    with bench.leases.open_handler_lease(delivery, claim):
        for _ in range(3):
            bench.clock.advance(timedelta(seconds=20))
            await bench.beat()
        assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    until = bench.claims.records["k1"].lease_until
    bench.clock.advance(timedelta(seconds=11))
    await bench.beat()
    assert bench.claims.records["k1"].lease_until == until


@pytest.mark.parametrize("error", CALL_ERRORS)
async def test_a_claim_that_cannot_be_extended_now_is_not_lost(bench, error):
    """An error of the table says nothing about the owner: the handler continues, and the next beat extends."""
    extend, lost = bench.claims.extend, bench.claims.find_lost
    failures = [error, error]

    async def fail_once(call, *arguments, **named):
        if failures:
            raise failures.pop()
        return await call(*arguments, **named)

    bench.claims.extend = lambda claim, *, lease: fail_once(extend, claim, lease=lease)
    bench.claims.find_lost = lambda claims: fail_once(lost, claims)
    bench.handler.delay_seconds = 0.1
    task = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    bench.clock.advance(timedelta(seconds=10))
    await bench.beat()
    assert failures == []
    bench.clock.advance(timedelta(seconds=1))
    await bench.beat()
    assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    assert await task == Ack()
