"""Counts the tokens of answers per tenant and day, the limit of which is checked before the first call."""

from shared.clock import Clock
from shared.usage import UsageStore
from workers.chat.ports import ModelAttempt, ModelRequest, OverCap, Reservation


class DailyTokens:
    """A `Spending` that sets nothing aside."""

    def __init__(self, *, usage: UsageStore, clock: Clock) -> None:
        self._usage = usage
        self._clock = clock

    async def reserve(self, request: ModelRequest) -> Reservation | OverCap:
        """Allow the call."""
        return Reservation(request)

    async def record_attempt(self, reservation: Reservation, attempt: ModelAttempt) -> None:
        """Add the tokens of an answer that the visitor got, whole or not, to those of the day."""
        usage = attempt.usage or attempt.estimated_usage
        if usage is not None and not attempt.has_failed:
            await self._usage.add_usage(reservation.request.tenant, f"{self._clock.now():%Y-%m-%d}", usage)
