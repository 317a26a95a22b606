"""Permits: never more out than there are, none lost, first come, first served."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consumer.permits import Permits
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.turned_loop import run_turned

LONGEST = 0.01
"""No patience in these tests lasts longer."""


async def turns(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


async def soon(task):
    """Return a task's result; what hangs fails."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await task


async def asking(permits, at_most, patience=0.0):
    """Ask for permits in a task that has begun to wait, or has them."""
    task = asyncio.create_task(permits.take(at_most, patience_seconds=patience))
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize(
    ("total", "at_most", "taken"),
    [(1, 1, 1), (1, 10, 1), (64, 10, 10), (10, 10, 10), (7, 10, 7)],
)
async def test_what_is_free_is_taken_at_once(total, at_most, taken):
    """As many as were asked for, or as many as there are in all."""
    permits = Permits(total)
    assert await permits.take(at_most, patience_seconds=60) == taken
    assert permits.free == total - taken


@pytest.mark.parametrize(("free", "taken"), [(1, 1), (3, 3), (9, 9)])
def test_patience_ends_with_what_is_free(free, taken):
    """Who wants ten and sees fewer waits as long as the patience lasts, then goes with those."""

    async def story():
        permits = Permits(10)
        await permits.take(10 - free)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await permits.take(10, patience_seconds=LONGEST) == taken
        assert loop.time() - began == pytest.approx(LONGEST)

    run_turned(story())


def test_patience_is_rewarded():
    """Permits that come back within it are taken along, and nobody waits longer than for all of them."""

    async def story():
        permits = Permits(10)
        await permits.take(8)
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(LONGEST / 2, permits.give, 8)
        assert await permits.take(10, patience_seconds=LONGEST) == 10
        assert loop.time() - began == pytest.approx(LONGEST / 2)

    run_turned(story())


def test_the_first_permit_is_waited_for_as_long_as_it_takes():
    """Patience is about the others; without any permit there is nothing to go with."""

    async def story():
        permits = Permits(2)
        await permits.take(2)
        loop = asyncio.get_running_loop()
        loop.call_later(3600, permits.give, 1)
        assert await permits.take(10, patience_seconds=LONGEST) == 1

    run_turned(story())


async def test_first_come_first_served():
    """A small wish does not overtake a big one that was there before, also when it could be fulfilled."""
    permits = Permits(10)
    await permits.take(8)
    big = await asking(permits, 10, patience=60)
    small = await asking(permits, 1, patience=60)
    await turns()
    assert (big.done(), small.done()) == (False, False)
    permits.give(8)
    assert await soon(big) == 10
    assert not small.done()
    permits.give(10)
    assert await soon(small) == 1


async def test_a_newcomer_waits_behind_those_who_wait():
    """Permits that come back are not snatched away from who asked first."""
    permits = Permits(1)
    await permits.take(1)
    first = await asking(permits, 1)
    permits.give(1)
    newcomer = await asking(permits, 1)
    assert await soon(first) == 1
    assert not newcomer.done()
    permits.give(1)
    assert await soon(newcomer) == 1


async def test_who_is_cancelled_while_waiting_takes_nothing():
    """The permits go to the next in the line."""
    permits = Permits(1)
    await permits.take(1)
    leaving, staying = await asking(permits, 1), await asking(permits, 1)
    leaving.cancel()
    permits.give(1)
    assert await soon(staying) == 1
    assert leaving.cancelled()
    assert permits.free == 0


async def test_who_is_cancelled_with_permits_on_the_way_gives_them_back():
    """Between the grant and the waiter's next step there is room for a cancellation."""
    permits = Permits(5)
    await permits.take(5)
    leaving, staying = await asking(permits, 3), await asking(permits, 2)
    permits.give(3)
    leaving.cancel()
    assert await soon(staying) == 2
    assert leaving.cancelled()
    assert permits.free == 1


async def test_who_is_cancelled_holds_nobody_up():
    """A patient wish for ten that goes away lets the next one have the few that are free."""
    permits = Permits(10)
    await permits.take(5)
    patient = await asking(permits, 10, patience=60)
    modest = await asking(permits, 3)
    await turns()
    patient.cancel()
    assert await soon(modest) == 3


async def test_closing_sends_everybody_away():
    """Whoever waits gets none, and so does whoever comes later; permits may still come back."""
    permits = Permits(2)
    await permits.take(2)
    waiting = [await asking(permits, 1), await asking(permits, 10, patience=60)]
    permits.close()
    assert [await soon(task) for task in waiting] == [0, 0]
    permits.give(2)
    assert await permits.take(1) == 0
    assert permits.free == permits.total == 2


async def test_closing_takes_nothing_from_who_was_served():
    """A grant that is on its way arrives, and a waiter that is cancelled just then is no trouble."""
    permits = Permits(2)
    await permits.take(2)
    served, leaving = await asking(permits, 1), await asking(permits, 1)
    permits.give(1)
    leaving.cancel()
    permits.close()
    assert await soon(served) == 1
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert permits.free == 0


class Interleaving:
    """Takers, givers and cancellations in any order, and what must hold whatever the order is."""

    def __init__(self, total):
        self.permits = Permits(total)
        self.tasks = []
        self.given_back = set()
        self.cancelled = set()
        self.served = []

    async def take(self, at_most, patience):
        number = len(self.tasks)

        async def taker():
            count = await self.permits.take(at_most, patience_seconds=patience)
            assert 1 <= count <= min(at_most, self.permits.total)
            self.served.append(number)
            return count

        self.tasks.append(asyncio.create_task(taker()))
        await asyncio.sleep(0)

    def held(self):
        """Return who has permits, in the order of asking."""
        return [
            number
            for number, task in enumerate(self.tasks)
            if task.done() and not task.cancelled() and number not in self.given_back
        ]

    def give(self, place):
        if held := self.held():
            number = held[place % len(held)]
            self.given_back.add(number)
            self.permits.give(self.tasks[number].result())

    def cancel(self, place):
        if pending := [number for number, task in enumerate(self.tasks) if not task.done()]:
            number = pending[place % len(pending)]
            self.tasks[number].cancel()
            self.cancelled.add(number)

    def count(self):
        return self.permits.free + sum(self.tasks[number].result() for number in self.held())

    def check(self):
        assert self.permits.free >= 0
        assert self.count() <= self.permits.total

    async def settle(self):
        """Let every patience end."""
        await asyncio.sleep(2 * LONGEST)
        assert self.count() == self.permits.total, "a permit got lost"
        waiting = [task for task in self.tasks if not task.done()]
        assert not (waiting and self.permits.free), "somebody waits for what is there"

    async def finish(self):
        while True:
            await self.settle()
            if not self.held():
                break
            self.give(0)
        assert self.permits.free == self.permits.total
        assert all(task.done() for task in self.tasks)
        served = [number for number in self.served if number not in self.cancelled]
        assert served == sorted(served), "somebody was overtaken"
        assert len(served) + len(self.cancelled) >= len(self.tasks)


steps = st.one_of(
    st.tuples(st.just("take"), st.integers(1, 6), st.sampled_from([0.0, 0.002, LONGEST])),
    st.tuples(st.just("give"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("turn")),
    st.tuples(st.just("pass"), st.sampled_from([0.001, 0.003])),
    st.tuples(st.just("settle")),
)


@given(total=st.integers(1, 6), story=st.lists(steps, max_size=25))
def test_no_interleaving_loses_a_permit_or_makes_one(total, story):
    """However takes, gives and cancellations meet, the sum stays, the order is kept, and nobody is forgotten."""

    async def live():
        scene = Interleaving(total)
        for step in story:
            match step:
                case ("take", at_most, patience):
                    await scene.take(at_most, patience)
                case ("give", place):
                    scene.give(place)
                case ("cancel", place):
                    scene.cancel(place)
                case ("turn",):
                    await asyncio.sleep(0)
                case ("pass", seconds):
                    await asyncio.sleep(seconds)
                case ("settle",):
                    await scene.settle()
            scene.check()
        await scene.finish()

    run_turned(live())
