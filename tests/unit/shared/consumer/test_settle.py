"""Settling: in batches of ten, with the queue's answer read entry by entry."""

import asyncio
from datetime import timedelta

import pytest

from shared.consumer.disposition import Abandon, Ack, DeadLetter, RetryIn
from shared.consumer.settle import Settler
from shared.errors import PermanentError, TransientError


async def take(bench, count):
    for number in range(count):
        bench.queue.send(f"m{number}", group=f"g{number}")
    found = []
    while len(found) < count:
        found += await bench.take()
    return found


async def settle_all(settler, deliveries, disposition):
    await asyncio.gather(*(settler.settle(delivery, disposition) for delivery in deliveries))


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (10, 1), (11, 2), (25, 3)])
async def test_deletes_go_in_batches_of_ten(bench, count, calls):
    """Messages that are done at about the same time share calls, and all of them are gone afterwards."""
    deliveries = await take(bench, count)
    await settle_all(bench.settler, deliveries, Ack())
    assert bench.queue.bodies() == []
    assert bench.queue.calls["delete"] == calls


async def test_each_disposition_does_what_it_says(bench):
    """Done and dead messages are deleted, retried ones are hidden for their delay, abandoned ones left alone."""
    done, dead, later, lost = await take(bench, 4)
    await asyncio.gather(
        bench.settler.settle(done, Ack()),
        bench.settler.settle(dead, DeadLetter("bug", "", attempts=1)),
        bench.settler.settle(later, RetryIn(timedelta(seconds=90))),
        bench.settler.settle(lost, Abandon()),
    )
    assert bench.queue.bodies() == [later.body, lost.body]
    bench.clock.advance(timedelta(seconds=89))
    assert bench.queue.in_flight() == [later.body]
    bench.clock.advance(timedelta(seconds=1))
    assert bench.queue.in_flight() == []


async def test_handing_back_shows_the_message_at_once(bench):
    """Zero seconds means now, and less than that is no reason to fail."""
    first, second = await take(bench, 2)
    await bench.settler.hand_back([first])
    await bench.settler.settle(second, RetryIn(timedelta(seconds=-3)))
    assert bench.queue.in_flight() == []


async def test_entries_that_failed_are_tried_again_alone(bench):
    """After a partial failure only the failed entries are sent again."""
    sizes = []
    delete = bench.queue.delete

    async def counted(deliveries):
        sizes.append(len(deliveries))
        return await delete(deliveries)

    bench.queue.delete = counted
    settler = Settler(bench.queue)
    deliveries = await take(bench, 10)
    bench.queue.fail_entries("delete", 3)
    await settle_all(settler, deliveries, Ack())
    assert sizes == [10, 3]
    assert bench.queue.bodies() == []


@pytest.mark.parametrize("error", [TransientError("sqs"), PermanentError("aws_client")])
async def test_a_call_that_failed_is_tried_again(bench, error):
    """When a whole call fails, all its entries are sent once more."""
    delete = bench.queue.delete
    failures = [error]

    async def fail_once(deliveries):
        if failures:
            raise failures.pop()
        return await delete(deliveries)

    bench.queue.delete = fail_once
    settler = Settler(bench.queue)
    await settle_all(settler, await take(bench, 3), Ack())
    assert bench.queue.bodies() == []


async def test_a_call_that_never_works_is_given_up(bench):
    """After four tries the message is left to come back, and whoever waits goes on."""
    (delivery,) = await take(bench, 1)
    bench.queue.fail_calls("delete", 99)
    await bench.settler.settle(delivery, Ack())
    assert bench.queue.bodies() == [delivery.body]
    assert bench.queue.calls["delete"] == 4


async def test_a_hopeless_entry_is_dropped(bench):
    """A receipt that is no longer good is not sent again: the message is somebody else's."""
    (late,) = await take(bench, 1)
    bench.clock.advance(timedelta(seconds=31))
    (current,) = await bench.take()
    await bench.settler.settle(late, Ack())
    assert bench.queue.calls["delete"] == 1
    assert bench.queue.in_flight() == [current.body]


async def test_settling_waits_for_the_queue(bench):
    """`settle` comes back after the queue has answered, so that a successor starts only then."""
    (delivery,) = await take(bench, 1)
    answered = asyncio.Event()
    delete = bench.queue.delete

    async def slow(deliveries):
        await asyncio.sleep(0.02)
        answered.set()
        return await delete(deliveries)

    bench.queue.delete = slow
    await Settler(bench.queue).settle(delivery, Ack())
    assert answered.is_set()


async def test_a_waiter_that_is_cancelled_takes_nobody_along(bench):
    """Cancelling one task that waits for its batch leaves the batch to the others."""
    first, second = await take(bench, 2)
    leaving = asyncio.create_task(bench.settler.settle(first, Ack()))
    staying = asyncio.create_task(bench.settler.settle(second, Ack()))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert bench.queue.bodies() == []
