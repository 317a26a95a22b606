"""The lease on a delivery, and on the claim of its command while the handler runs."""

import asyncio
import concurrent.futures
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from shared.claims import Claim
from shared.consumer.delivery import Delivery
from shared.errors import LeaseLostError


@dataclass(slots=True, eq=False)
class LeasedDelivery:
    """A delivery whose visibility time-out we extend. Times are on the monotonic clock."""

    delivery: Delivery
    received_at: float
    extended_at: float
    handler_lease: "HandlerLease | None" = None
    is_lost: bool = False
    has_queue_timeout: bool = False
    """Whether it is hidden for the time-out of its queue, which is longer than a lease."""
    in_flight: "concurrent.futures.Future[None] | None" = None
    """The extension under way, if one is."""


class LeaseRegistry(Protocol):
    """Knows which handlers run, and the clock of their leases."""

    def monotonic(self) -> float:
        """Return the time that leases are measured in, in seconds."""
        ...

    def register(self, handler_lease: "HandlerLease") -> None:
        """Start to extend the claim."""
        ...

    def unregister(self, handler_lease: "HandlerLease") -> None:
        """Stop extending the claim."""
        ...


class HandlerLease:
    """A context that extends one claim while its handler runs, up to the handler's time limit."""

    __slots__ = (
        "_is_active",
        "_keeper",
        "_loop",
        "_reason",
        "_task",
        "began_at",
        "claim",
        "delivery",
        "extended_at",
        "is_extending",
    )

    def __init__(self, keeper: LeaseRegistry, delivery: Delivery, claim: Claim) -> None:
        self._keeper = keeper
        self._is_active = False
        self._reason: Exception | None = None
        self.delivery = delivery
        self.claim = claim
        self.is_extending = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can run a handler")
        self._task = task
        self._loop = task.get_loop()
        self.began_at = self.extended_at = self._keeper.monotonic()
        self._keeper.register(self)
        self._is_active = True
        return self

    def cancel(self, reason: Exception) -> None:
        """Cancel the body, from any thread; the context raises the reason."""
        with suppress(RuntimeError):  # the loop has ended, and the task with it
            self._loop.call_soon_threadsafe(self._cancel_task, reason)

    def _cancel_task(self, reason: Exception) -> None:
        if self._is_active and self._reason is None:
            self._reason = reason
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_active = False
        self._keeper.unregister(self)
        if self._reason is None:
            return
        others = self._task.uncancel()
        if others and isinstance(error, asyncio.CancelledError):
            return  # the task was also cancelled from outside, and that has priority
        if isinstance(error, LeaseLostError) or (error and not isinstance(error, Exception | asyncio.CancelledError)):
            return
        # Also when the body turned its cancellation into another error. A body that ended in spite of it may be late,
        # but it must not succeed with a lost lease.
        if error or isinstance(self._reason, LeaseLostError):
            raise self._reason from error
