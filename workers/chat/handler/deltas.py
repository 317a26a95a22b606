"""Joins the pieces of an answer to about ten posts a second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

COALESCE_SECONDS = 0.1


class Coalescer:
    """Posts what is new of a text: the first piece at once, later ones at most every `COALESCE_SECONDS`."""

    def __init__(self, read_text: Callable[[], str], post: Callable[[int, str], Awaitable[None]]) -> None:
        """Take the function that returns the text so far, and the one that posts `(offset, text)`.

        The offset counts characters: from there on, the text is replaced. A text that was only extended is posted from
        its former end on, another one from the first character that differs.
        """
        self._read_text = read_text
        self._post = post
        self._posted = ""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Announce that the text has changed."""
        self._woken.set()

    async def flush(self) -> None:
        """Post what is new; an empty text is not posted."""
        text = self._read_text()
        if text and text != self._posted:
            offset = _count_common_characters(self._posted, text)
            self._posted = text
            await self._post(offset, text[offset:])

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.flush()
            await asyncio.sleep(COALESCE_SECONDS)


def _count_common_characters(before: str, now: str) -> int:
    """Return the length of the beginning that both texts have."""
    if now.startswith(before):
        return len(before)
    return next((index for index, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), len(now))


@asynccontextmanager
async def coalesce_deltas(
    read_text: Callable[[], str], post: Callable[[int, str], Awaitable[None]]
) -> AsyncIterator[Coalescer]:
    """Post in the background inside the `with`; what is new at its end is dropped: `chat.final` has all."""
    coalescer = Coalescer(read_text, post)
    task = asyncio.create_task(coalescer.run())
    try:
        yield coalescer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
