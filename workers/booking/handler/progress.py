"""Tells a visitor that a command is still being carried out, or that a query took too long."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta

from shared.clock import Clock
from shared.conversations.waiting import WaitingVisitors
from shared.messages.commands import BookingCommand, BookingLookup, BookingSlots
from workers.booking.handler.late_queries import LateQueries

FIRST_AFTER = timedelta(seconds=4)
"""Counted from the acceptance of the command, as visitors wait; most commands take half a second."""


class BookingVisitor:
    """A `WaitingVisitor`: commands are reported, queries answered or refused before a report would help."""

    def __init__(self, waiting: WaitingVisitors, clock: Clock, late_queries: LateQueries) -> None:
        self._waiting = waiting
        self._clock = clock
        self._late_queries = late_queries

    def watch(self, message: BookingCommand) -> AbstractAsyncContextManager[None]:
        """Report inside the `with` when a command has no answer; clients take any frame as that of a query."""
        if isinstance(message, BookingSlots | BookingLookup):
            return nullcontext()
        return self._waiting.watch(message, waited=self._clock.now() - message.accepted_at, first_after=FIRST_AFTER)

    def compute_claim_seconds(self, message: BookingCommand) -> float | None:
        """Return how long the claim of a query may take."""
        if isinstance(message, BookingSlots | BookingLookup):
            return self._late_queries.compute_claim_seconds(message)
        return None

    async def refuse_unclaimed(self, message: BookingCommand) -> bool:
        """Refuse a query that would be too late at its next attempt."""
        return isinstance(message, BookingSlots | BookingLookup) and await self._late_queries.refuse_unclaimed(message)
