"""Ends what a task awaits from outside, at a lower cost for each of many waits than `asyncio.timeout`."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class InterruptedWaitError(Exception):
    """The wait was interrupted."""


class Interruption:
    """Ends the wait under way, and each later one; one object serves many waits of one task, one after the other.

    Like `asyncio.timeout`, it cancels what is awaited, and gives way to a cancellation of the task from elsewhere.
    """

    __slots__ = ("_is_waiting", "_task", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._task: asyncio.Task[object] | None = None
        self._is_waiting = False

    def set(self) -> None:
        """End the wait."""
        if not self.is_set:
            self.is_set = True
            if self._task is not None and self._is_waiting:
                self._task.cancel()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Return what is awaited. All waits are of the task that waited first.

        Raises:
            InterruptedWaitError: the interruption was set, before or meanwhile.
        """
        if self.is_set:
            if asyncio.iscoroutine(awaitable):
                awaitable.close()
            raise InterruptedWaitError
        if self._task is None:
            self._task = asyncio.current_task()
            if self._task is None:
                raise RuntimeError("only a task can wait")
        task = self._task
        cancelled_before = task.cancelling()
        self._is_waiting = True
        try:
            result = await awaitable
        except BaseException as error:
            if self.is_set and task.uncancel() <= cancelled_before and isinstance(error, asyncio.CancelledError):
                raise InterruptedWaitError from error
            raise
        finally:
            self._is_waiting = False
        if self.is_set:
            # What is awaited has ended in spite of it.
            task.uncancel()
        return result
