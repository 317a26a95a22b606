"""Ends an answer early when the visitor asks for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from shared.errors import TransientError
from shared.interruption import InterruptedWaitError, Interruption

T = TypeVar("T")

STOP_POLL_SECONDS = 0.5


async def iterate_until(
    stopped: asyncio.Event, events: AsyncIterator[T], *, pause_after: Callable[[T], float] | None = None
) -> AsyncIterator[T]:
    """Yield the events until they end or `stopped` is set, even while the next event is awaited.

    Nothing is requested of the events once it is set, nor for some seconds after an event where `pause_after` says so.
    """
    interruption = Interruption()
    stopping = asyncio.ensure_future(stopped.wait())
    stopping.add_done_callback(lambda _: interruption.set() if stopped.is_set() else None)
    try:
        while not stopped.is_set():
            try:
                event = await interruption.wait(anext(events))
            except (StopAsyncIteration, InterruptedWaitError):
                return
            if stopped.is_set():
                return
            yield event
            if pause_after is not None and (seconds := pause_after(event)):
                with suppress(InterruptedWaitError):
                    await interruption.wait(asyncio.sleep(seconds))
    finally:
        stopping.cancel()


async def run_until(stopped: asyncio.Event, task: Coroutine[Any, Any, T]) -> T | None:
    """Return what the task returns; None, and it is cancelled, if `stopped` is set before."""
    running, stopping = asyncio.ensure_future(task), asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else None
    finally:
        stopping.cancel()
        running.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await running


@asynccontextmanager
async def watch_for_stop(
    is_stop_requested: Callable[[], Awaitable[bool]], *, every_seconds: float = STOP_POLL_SECONDS
) -> AsyncIterator[asyncio.Event]:
    """Set the event once `is_stop_requested` returns True; call it at once, and then every `every_seconds`.

    A call that fails with a transient error is repeated the next time.
    """
    stopped = asyncio.Event()

    async def watch() -> None:
        while not stopped.is_set():
            with suppress(TransientError):
                if await is_stop_requested():
                    stopped.set()
                    return
            await asyncio.sleep(every_seconds)

    task = asyncio.create_task(watch())
    try:
        yield stopped
    finally:
        task.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await task
