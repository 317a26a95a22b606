"""Permits: granted in the order of requests, given back by a waiter that is cancelled, and none after closing."""

import asyncio

import pytest

from shared.consumer.permits import Permits
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.turned_loop import run_turned

MAX_FILL_SECONDS = 0.01
"""The longest time in these tests that a waiter waits for all of its permits."""


async def run_loop(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


async def result_of(task):
    """Return a task's result; fail if it hangs."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await task


async def start_taking(permits, max_count, fill_timeout=0.0):
    """Take permits in a task that waits for them, or has them."""
    task = asyncio.create_task(permits.take(max_count, fill_timeout_seconds=fill_timeout))
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize(
    ("total", "max_count", "granted"),
    [(1, 1, 1), (1, 10, 1), (64, 10, 10), (10, 10, 10), (7, 10, 7)],
)
async def test_free_permits_are_granted_at_once(total, max_count, granted):
    """As many as were asked for, or as many as there are in all."""
    permits = Permits(total)
    assert await permits.take(max_count, fill_timeout_seconds=60) == granted
    assert permits.free == total - granted


@pytest.mark.parametrize(("free", "granted"), [(1, 1), (3, 3), (9, 9)])
def test_the_fill_timeout_ends_with_the_free_permits(free, granted):
    """A request for ten with fewer free waits until the time-out, then gets those."""

    async def scenario():
        permits = Permits(10)
        await permits.take(10 - free)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await permits.take(10, fill_timeout_seconds=MAX_FILL_SECONDS) == granted
        assert loop.time() - began == pytest.approx(MAX_FILL_SECONDS)

    run_turned(scenario())


def test_permits_given_back_before_the_timeout_are_granted_too():
    """The wait ends as soon as all of the requested permits are free."""

    async def scenario():
        permits = Permits(10)
        await permits.take(8)
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(MAX_FILL_SECONDS / 2, permits.give_back, 8)
        assert await permits.take(10, fill_timeout_seconds=MAX_FILL_SECONDS) == 10
        assert loop.time() - began == pytest.approx(MAX_FILL_SECONDS / 2)

    run_turned(scenario())


def test_the_first_permit_is_waited_for_as_long_as_it_takes():
    """The time-out is for the other permits; a take never returns without one."""

    async def scenario():
        permits = Permits(2)
        await permits.take(2)
        loop = asyncio.get_running_loop()
        loop.call_later(3600, permits.give_back, 1)
        assert await permits.take(10, fill_timeout_seconds=MAX_FILL_SECONDS) == 1

    run_turned(scenario())


async def test_permits_are_granted_in_the_order_of_requests():
    """A small request does not overtake an earlier big one, even when there are permits for it."""
    permits = Permits(10)
    await permits.take(8)
    big = await start_taking(permits, 10, fill_timeout=60)
    small = await start_taking(permits, 1, fill_timeout=60)
    await run_loop()
    assert (big.done(), small.done()) == (False, False)
    permits.give_back(8)
    assert await result_of(big) == 10
    assert not small.done()
    permits.give_back(10)
    assert await result_of(small) == 1


async def test_a_new_request_waits_behind_earlier_ones():
    """Permits that are given back go to the earliest request."""
    permits = Permits(1)
    await permits.take(1)
    first = await start_taking(permits, 1)
    permits.give_back(1)
    later = await start_taking(permits, 1)
    assert await result_of(first) == 1
    assert not later.done()
    permits.give_back(1)
    assert await result_of(later) == 1


async def test_a_waiter_that_is_cancelled_takes_nothing():
    """The permits go to the next waiter."""
    permits = Permits(1)
    await permits.take(1)
    leaving, staying = await start_taking(permits, 1), await start_taking(permits, 1)
    leaving.cancel()
    permits.give_back(1)
    assert await result_of(staying) == 1
    assert leaving.cancelled()
    assert permits.free == 0


async def test_a_waiter_that_is_cancelled_after_its_grant_gives_it_back():
    """A cancellation may come between the grant and the waiter's next step."""
    permits = Permits(5)
    await permits.take(5)
    leaving, staying = await start_taking(permits, 3), await start_taking(permits, 2)
    permits.give_back(3)
    leaving.cancel()
    assert await result_of(staying) == 2
    assert leaving.cancelled()
    assert permits.free == 1


async def test_a_waiter_that_is_cancelled_lets_the_next_one_proceed():
    """When a request for ten is cancelled, the next one gets the few permits that are free."""
    permits = Permits(10)
    await permits.take(5)
    filling = await start_taking(permits, 10, fill_timeout=60)
    modest = await start_taking(permits, 3)
    await run_loop()
    filling.cancel()
    assert await result_of(modest) == 3


async def test_closing_ends_all_waits():
    """Waiters and later requests get none; permits may still be given back."""
    permits = Permits(2)
    await permits.take(2)
    waiting = [await start_taking(permits, 1), await start_taking(permits, 10, fill_timeout=60)]
    permits.close()
    assert [await result_of(task) for task in waiting] == [0, 0]
    permits.give_back(2)
    assert await permits.take(1) == 0
    assert permits.free == permits.total == 2


async def test_closing_keeps_earlier_grants():
    """A grant made before closing arrives, also when another waiter is cancelled at that moment."""
    permits = Permits(2)
    await permits.take(2)
    served, leaving = await start_taking(permits, 1), await start_taking(permits, 1)
    permits.give_back(1)
    leaving.cancel()
    permits.close()
    assert await result_of(served) == 1
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert permits.free == 0
