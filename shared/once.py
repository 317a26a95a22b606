"""Opens something at most once, when it is first needed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The first call opens it, later calls return the same. After a call that failed the next one tries again."""

    def __init__(self, open_it: Callable[[], Awaitable[T]]) -> None:
        self._open_it = open_it
        self._lock = asyncio.Lock()
        self._opened: T | None = None

    async def __call__(self) -> T:
        """Return what is open."""
        async with self._lock:
            if self._opened is None:
                self._opened = await self._open_it()
            return self._opened
