"""Posts a text that grows, piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from workers.chat.handler.delta_schedule import DeltaSchedule

Begin = Callable[[], Awaitable[None]]


class DeltaReceivers(Protocol):
    """Who gets the text."""

    async def admit(self, text: str) -> None:
        """Post the text so far to those that are new."""
        ...

    async def post_delta(self, offset: int, text: str) -> None:
        """Replace the text from this character on."""
        ...


class Coalescer:
    """Posts what is new of a text: the first piece at once, later ones joined, as the schedule allows."""

    def __init__(
        self,
        read_text: Callable[[], str],
        receivers: DeltaReceivers,
        schedule: DeltaSchedule,
        *,
        begin: Begin | None = None,
    ) -> None:
        """Take the function that returns the text so far, the receivers, and what comes before the first post.

        A text that was only extended is posted from its former end on, another one from the first character that
        differs. Offsets count characters.
        """
        self._read_text = read_text
        self._receivers = receivers
        self._schedule = schedule
        self._posted = ""
        self._woken = asyncio.Event()
        self._begin = begin
        self.begun = asyncio.Event()
        """Set once what comes before the first post is done."""

    def wake(self) -> None:
        """Announce that the text has changed, or that there is a new receiver."""
        self._woken.set()

    async def flush(self) -> None:
        """Post what is new; an empty text is not posted."""
        await self._receivers.admit(self._posted)
        text = self._read_text()
        if text and text != self._posted:
            offset = _count_common_characters(self._posted, text)
            self._posted = text
            await self._receivers.post_delta(offset, text[offset:])

    async def run(self) -> None:
        """Post until cancelled."""
        if self._begin is not None:
            await self._begin()
        self.begun.set()
        with self._schedule.open_stream():
            while True:
                await self._woken.wait()
                async with self._schedule.take_turn(is_first=not self._posted):
                    self._woken.clear()
                    await self.flush()
                await asyncio.sleep(self._schedule.compute_interval_seconds())


def _count_common_characters(before: str, now: str) -> int:
    """Return the length of the beginning that both texts have."""
    if now.startswith(before):
        return len(before)
    return next((index for index, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), len(now))


@asynccontextmanager
async def coalesce_deltas(
    read_text: Callable[[], str], receivers: DeltaReceivers, schedule: DeltaSchedule, *, begin: Begin | None = None
) -> AsyncIterator[Coalescer]:
    """Post in the background inside the `with`; what is new at its end is dropped: `chat.final` has all."""
    coalescer = Coalescer(read_text, receivers, schedule, begin=begin)
    task = asyncio.create_task(coalescer.run())
    try:
        yield coalescer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
