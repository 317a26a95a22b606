"""What is ours for a while: a delivery that is in hand, and the claim of the command that its handler carries out."""

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
class Covered:
    """A delivery that is ours. Times are on the monotonic clock."""

    delivery: Delivery
    received_at: float
    extended_at: float
    hold: "Hold | None" = None
    is_lost: bool = False
    in_flight: "concurrent.futures.Future[None] | None" = None
    """The extension under way, if one is."""


class Keeper(Protocol):
    """Who keeps holds."""

    def monotonic(self) -> float:
        """Return the time that leases go by, in seconds."""
        ...

    def enter(self, hold: "Hold") -> None:
        """Begin to keep a hold."""
        ...

    def leave(self, hold: "Hold") -> None:
        """End keeping it."""
        ...


class Hold:
    """One claim that is kept while its handler runs, for a limited time."""

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

    def __init__(self, keeper: Keeper, delivery: Delivery, claim: Claim) -> None:
        self._keeper = keeper
        self._is_active = False
        self._reason: Exception | None = None
        self.delivery = delivery
        self.claim = claim
        self.is_extending = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a claim is held by a task")
        self._task = task
        self._loop = task.get_loop()
        self.began_at = self.extended_at = self._keeper.monotonic()
        self._keeper.enter(self)
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
        self._keeper.leave(self)
        if self._reason is None:
            return
        others = self._task.uncancel()
        if others and isinstance(error, asyncio.CancelledError):
            return  # somebody else cancelled us as well, and a stop wins
        if isinstance(error, LeaseLostError) or (error and not isinstance(error, Exception | asyncio.CancelledError)):
            return
        # Also when the body made another error of its cancellation. And a body that came to its end in spite of it may
        # have done its work late, but not with a lease that was lost.
        if error or isinstance(self._reason, LeaseLostError):
            raise self._reason from error
