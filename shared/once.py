"""Opens a resource at most once, when it is first needed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The first call opens the resource, later calls return it. After a failed call the next one tries again."""

    def __init__(self, open_resource: Callable[[], Awaitable[T]]) -> None:
        self._open_resource = open_resource
        self._lock = asyncio.Lock()
        self._resource: T | None = None

    async def __call__(self) -> T:
        """Return the open resource."""
        async with self._lock:
            if self._resource is None:
                self._resource = await self._open_resource()
            return self._resource
