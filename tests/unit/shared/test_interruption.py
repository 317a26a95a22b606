"""Waits of one task that can be ended from outside."""

import asyncio

import pytest

from shared.interruption import InterruptedWaitError, Interruption
from tests.deadlines import DEADLINE_SECONDS


async def wait_in_task(interruption, awaitable):
    """Return a task that waits already."""
    task = asyncio.create_task(interruption.wait(awaitable))
    await asyncio.sleep(0)
    return task


async def test_a_wait_without_an_interruption_has_its_own_end():
    """Its result, or its error; the object serves the next wait."""
    interruption = Interruption()
    for number in range(3):
        assert await interruption.wait(asyncio.sleep(0, number)) == number
    with pytest.raises(KeyError):
        await interruption.wait(fail(KeyError("own")))
    assert asyncio.current_task().cancelling() == 0


async def fail(error):
    raise error


async def test_an_interruption_ends_the_wait_under_way_and_later_ones():
    """What is awaited is cancelled; the task itself is not, and can go on."""
    interruption, cancelled = Interruption(), []

    async def hang():
        try:
            await asyncio.sleep(2 * DEADLINE_SECONDS)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def wait_twice():
        for _ in range(2):
            with pytest.raises(InterruptedWaitError):
                await interruption.wait(hang())
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    task = asyncio.create_task(wait_twice())
    await asyncio.sleep(0)
    interruption.set()
    interruption.set()
    assert await asyncio.wait_for(task, DEADLINE_SECONDS) == 0
    assert cancelled == [True]


async def test_between_two_waits_nothing_is_cancelled():
    """The task may be anywhere then."""
    interruption = Interruption()
    await interruption.wait(asyncio.sleep(0))
    interruption.set()
    await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_of_the_task_has_priority():
    """Whichever comes first: the task ends as cancelled."""
    for order in ("cancel", "set"), ("set", "cancel"):
        interruption = Interruption()
        task = await wait_in_task(interruption, asyncio.sleep(2 * DEADLINE_SECONDS))
        for call in order:
            {"cancel": task.cancel, "set": interruption.set}[call]()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled(), order


async def test_another_error_of_the_wait_stays():
    """What is awaited may fail while it is cancelled; the task is not left half cancelled."""
    interruption = Interruption()

    async def hang():
        try:
            await asyncio.sleep(2 * DEADLINE_SECONDS)
        except asyncio.CancelledError:
            raise OSError("while closing") from None

    async def wait():
        with pytest.raises(OSError, match="while closing"):
            await interruption.wait(hang())
        return asyncio.current_task().cancelling()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    interruption.set()
    assert await task == 0


async def test_interruptions_can_be_nested():
    """Each wait raises its own; with both, the outer one."""
    for name in ("inner", "outer", "both"):
        outer, inner = Interruption(), Interruption()

        async def wait(inner=inner):
            try:
                await inner.wait(asyncio.sleep(2 * DEADLINE_SECONDS))
            except InterruptedWaitError:
                return "inner"

        async def run(outer=outer, wait=wait):
            try:
                found = await outer.wait(wait())
            except InterruptedWaitError:
                found = "outer"
            return found, asyncio.current_task().cancelling()

        task = asyncio.create_task(run())
        await asyncio.sleep(0)
        if name != "outer":
            inner.set()
        if name != "inner":
            outer.set()
        assert await task == ("inner" if name == "inner" else "outer", 0), name
