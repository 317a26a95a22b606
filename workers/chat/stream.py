"""Streams an answer: joins its pieces to about ten posts a second, and watches for a stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from shared.errors import TransientError

T = TypeVar("T")

COALESCE_SECONDS = 0.1
STOP_POLL_SECONDS = 0.5


class Coalescer:
    """Joins pieces of text: the first is posted at once, later ones at most every `COALESCE_SECONDS`."""

    def __init__(self, post: Callable[[int, str], Awaitable[None]]) -> None:
        """Take the function that posts `(offset, text)`, the offset counted in characters."""
        self._post = post
        self._posted = 0
        self._waiting: list[str] = []
        self._woken = asyncio.Event()

    def add(self, text: str) -> None:
        """Queue a piece for the next post."""
        self._waiting.append(text)
        self._woken.set()

    async def flush(self) -> None:
        """Post the queued pieces now."""
        text, self._waiting = "".join(self._waiting), []
        if text:
            offset, self._posted = self._posted, self._posted + len(text)
            await self._post(offset, text)

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.flush()
            await asyncio.sleep(COALESCE_SECONDS)


@asynccontextmanager
async def coalesce_deltas(post: Callable[[int, str], Awaitable[None]]) -> AsyncIterator[Coalescer]:
    """Post in the background inside the `with`; pieces that are queued at its end are dropped: `chat.final` has all."""
    coalescer = Coalescer(post)
    task = asyncio.create_task(coalescer.run())
    try:
        yield coalescer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def iterate_until(stopped: asyncio.Event, events: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield the events until they end or `stopped` is set, even while the next event is awaited."""
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        while True:
            next_event = asyncio.ensure_future(anext(events))
            try:
                await asyncio.wait({next_event, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not next_event.done():
                    next_event.cancel()
                    with suppress(asyncio.CancelledError, StopAsyncIteration):
                        await next_event
            if stopping.done() or next_event.cancelled():
                return
            try:
                event = next_event.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        stopping.cancel()


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
