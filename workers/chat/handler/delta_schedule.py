"""Shares the posts of one process among the answers that stream at the same time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from heapq import heappop, heappush
from itertools import count

COALESCE_SECONDS, MAX_COALESCE_SECONDS = 0.1, 1.0
"""Between two deltas of an answer: ten a second look continuous, less than one a second looks stuck."""

POSTS_PER_SECOND = 500
"""Of deltas, by all answers together, as long as the longest interval allows it. So deltas take about an eighth of a
core: docs/decisions/0045-the-end-of-an-answer.md has the measurement."""

CONCURRENT_POSTS = 32
"""Of deltas; the client of the WebSockets has 50 connections, and finals must not wait for one."""


class DeltaSchedule:
    """Says when an answer may post its next delta: later under load, but its first one before later ones of others."""

    def __init__(self, *, concurrent_posts: int = CONCURRENT_POSTS) -> None:
        self._free = concurrent_posts
        self._streams = 0
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @contextmanager
    def open_stream(self) -> Iterator[None]:
        """Count an answer as long as it streams."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def compute_interval_seconds(self) -> float:
        """Return how long each answer waits between two deltas."""
        return min(MAX_COALESCE_SECONDS, max(COALESCE_SECONDS, self._streams / POSTS_PER_SECOND))

    def compute_reading_pause_seconds(self) -> float:
        """Return how long an answer waits after it has read words; 0 unless deltas are less frequent than usual.

        Words that nobody gets before the next delta are read together, for a third of the time. Half of the interval,
        so that the end of an answer is not much later.
        """
        interval = self.compute_interval_seconds()
        return interval / 2 if interval > COALESCE_SECONDS else 0.0

    @asynccontextmanager
    async def take_turn(self, *, is_first: bool) -> AsyncIterator[None]:
        """Wait until a post may begin; first deltas come before later ones, and equal ones in their order."""
        await self._enter(is_first=is_first)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, *, is_first: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (not is_first, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, _, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
