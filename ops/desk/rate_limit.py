"""Runs many jobs at a limited rate: concurrently, but in order within a group."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

MAX_CONCURRENT = 16
"""How many jobs run at the same time: enough for the rate, few enough for what they call."""


@dataclass(frozen=True, slots=True)
class Job:
    """One failure to act on, and the group within which order counts."""

    failure_id: str
    group: str


async def run_uncancelled(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end what must not be left half done; a cancellation takes effect after it."""
    task = asyncio.ensure_future(coroutine)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def run_at_rate(
    jobs: Sequence[Job], act: Callable[[Job], Coroutine[Any, Any, None]], *, per_second: float
) -> None:
    """Start each job in turn, at most `per_second`; a job waits for the previous one of its group.

    An exception of one job ends all, as a cancellation does: no further job starts, and running ones are completed.

    Raises:
        ValueError: `per_second` is not positive.
    """
    if not per_second > 0:
        raise ValueError("per_second must be more than 0")
    loop = asyncio.get_running_loop()
    permits = asyncio.Semaphore(MAX_CONCURRENT)
    latest: dict[str, asyncio.Task[None]] = {}

    async def run(job: Job, previous: asyncio.Task[None] | None) -> None:
        try:
            if previous:
                await previous
            await run_uncancelled(act(job))
        finally:
            permits.release()

    began = loop.time()
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, job in enumerate(jobs):
                await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
                # After a pause the rate stays limited: missed starts are not made up for in a burst.
                began = max(began, loop.time() - number / per_second)
                await permits.acquire()
                latest[job.group] = tasks.create_task(run(job, latest.get(job.group)))
    except* Exception as group:  # noqa: BLE001 - the first is raised again
        raise group.exceptions[0] from None
