"""Joins the pieces of an answer to about ten posts a second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

COALESCE_SECONDS = 0.1


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
