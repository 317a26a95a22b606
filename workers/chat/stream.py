"""Says an answer piece by piece: pieces are joined to about ten posts a second, and a stop is noticed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from shared.errors import TransientError

T = TypeVar("T")

COALESCE_SECONDS = 0.1
STOP_POLL_SECONDS = 0.5


class Coalescer:
    """Joins pieces of text; the first goes out at once, later ones at most every `COALESCE_SECONDS`."""

    def __init__(self, post: Callable[[int, str], Awaitable[None]]) -> None:
        """Take the function that posts `(offset, text)`, the offset counted in characters."""
        self._post = post
        self._posted = 0
        self._waiting: list[str] = []
        self._woken = asyncio.Event()

    def add(self, text: str) -> None:
        """Say this soon."""
        self._waiting.append(text)
        self._woken.set()

    async def flush(self) -> None:
        """Say what waits, now."""
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
async def coalescing(post: Callable[[int, str], Awaitable[None]]) -> AsyncIterator[Coalescer]:
    """Post in the background inside the `with`; what still waits at its end is dropped: the final says it all."""
    coalescer = Coalescer(post)
    task = asyncio.create_task(coalescer.run())
    try:
        yield coalescer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(stopped: asyncio.Event, events: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield the events until they end or `stopped` is set, also while the next one is long in coming."""
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        while True:
            following = asyncio.ensure_future(anext(events))
            try:
                await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not following.done():
                    following.cancel()
                    with suppress(asyncio.CancelledError, StopAsyncIteration):
                        await following
            if stopping.done() or following.cancelled():
                return
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        stopping.cancel()


@asynccontextmanager
async def watching(
    asked: Callable[[], Awaitable[bool]], *, every_seconds: float = STOP_POLL_SECONDS
) -> AsyncIterator[asyncio.Event]:
    """Set the event inside the `with` once `asked` says yes; it is asked right away and then again and again.

    A question that could not be answered is asked again the next time.
    """
    stopped = asyncio.Event()

    async def watch() -> None:
        while not stopped.is_set():
            with suppress(TransientError):
                if await asked():
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
