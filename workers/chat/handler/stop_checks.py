"""Asks whether visitors want answers to end early, for all answers of a process together."""

import asyncio
from collections.abc import Collection

from shared.claims import ClaimStore

GATHER_SECONDS = 1 / 16
"""How long a check waits for others: with 500 answers that are each checked twice a second, for sixty."""


class StopChecks:
    """Joins the checks of all answers that stream: hundreds of them would otherwise take a fifth of a processor."""

    def __init__(self, claims: ClaimStore, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self._claims = claims
        self._gather_seconds = gather_seconds
        self._keys: set[str] = set()
        self._next_read: asyncio.Task[Collection[str]] | None = None
        self._reads: set[asyncio.Task[Collection[str]]] = set()

    async def is_requested(self, key: str) -> bool:
        """Return whether the answer to a command should end, from one read with those that are checked meanwhile.

        Raises:
            TransientError: the records could not be read.
        """
        self._keys.add(key)
        if self._next_read is None:
            self._next_read = asyncio.create_task(self._read_soon())
            self._reads.add(self._next_read)
            self._next_read.add_done_callback(self._forget_read)
        # An answer that ends while it waits must not end the read of the others.
        return key in await asyncio.shield(self._next_read)

    async def _read_soon(self) -> Collection[str]:
        await asyncio.sleep(self._gather_seconds)
        keys, self._keys, self._next_read = self._keys, set(), None
        return await self._claims.find_stop_requests(keys)

    def _forget_read(self, read: "asyncio.Task[Collection[str]]") -> None:
        self._reads.discard(read)
        if not read.cancelled():
            # Where nobody waits any more, an error is nobody's.
            read.exception()
