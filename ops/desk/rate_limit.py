"""Does many things at a steady pace: side by side, but in order where they belong together."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

MAX_CONCURRENT = 16
"""How many are under way at the same time: enough for the pace, few enough for the other side."""


@dataclass(frozen=True, slots=True)
class Job:
    """One of many: a failure, and the group within which order counts."""

    failure_id: str
    group: str


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Carry out what must not be left halfway: who is cancelled meanwhile is so once it has ended."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def run_in_order(
    jobs: Sequence[Job], act: Callable[[Job], Coroutine[Any, Any, None]], *, per_second: float
) -> None:
    """Begin with each job in turn, no faster than the pace; a job waits for the one before it in its group.

    An exception of one job ends them all, as a cancellation does: no other is begun, and those under way are finished.

    Raises:
        ValueError: the pace is none.
    """
    if not per_second > 0:
        raise ValueError("per_second is more than 0")
    loop = asyncio.get_running_loop()
    permits = asyncio.Semaphore(MAX_CONCURRENT)
    latest: dict[str, asyncio.Task[None]] = {}

    async def run(job: Job, before: asyncio.Task[None] | None) -> None:
        try:
            if before:
                await before
            await finish(act(job))
        finally:
            permits.release()

    began = loop.time()
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, job in enumerate(jobs):
                await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
                # The pace is kept also after a pause: what was missed is not made up for in one go.
                began = max(began, loop.time() - number / per_second)
                await permits.acquire()
                latest[job.group] = tasks.create_task(run(job, latest.get(job.group)))
    except* Exception as group:  # noqa: BLE001 - the first is passed on
        raise group.exceptions[0] from None
