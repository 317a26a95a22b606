"""Spends the budget of requests for each operation of Google Calendar, and pauses when Google names a limit."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.adapters.google.errors import GoogleLimitError
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.request_budget import Urgency
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, Calendar, CalendarChanges, CalendarEvent
from workers.booking.served_tenant import served_tenant

T = TypeVar("T")


class BudgetedCalendar:
    """A `Calendar` whose requests count for the tenant that is served, each operation with its urgency.

    Raises:
        RateLimitedError: there is no request left, or Google has named a limit.
    """

    def __init__(self, calendar: Calendar, budget: RequestBudget) -> None:
        self._calendar = calendar
        self._budget = budget

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Read busy times for a hold if they must be fresh, or else for a question."""
        del busy_may_lag
        urgency = Urgency.HOLDS if fresh else Urgency.QUESTIONS
        return await self._spend(
            calendar_id,
            urgency,
            lambda: self._calendar.find_busy_times(calendar_id, between, zone=zone, fresh=fresh),
        )

    async def is_writable(self, calendar_id: str) -> bool:
        """Ask whether events may be written."""
        return await self._spend(calendar_id, Urgency.EVENTS, lambda: self._calendar.is_writable(calendar_id))

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event: one request, and one for each earlier calendar."""
        await self._spend(
            calendar_id,
            Urgency.EVENTS,
            lambda: self._calendar.put(calendar_id, event, earlier=earlier),
            requests=1 + len(earlier),
        )

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Remove the event: it is read, and then deleted."""
        await self._spend(
            calendar_id,
            Urgency.EVENTS,
            lambda: self._calendar.remove(calendar_id, event_id, cancelled_version=cancelled_version),
            requests=2,
        )

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Read the event."""
        return await self._spend(calendar_id, Urgency.EVENTS, lambda: self._calendar.find_event(calendar_id, event_id))

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Read the changes."""
        return await self._spend(calendar_id, Urgency.SYNC, lambda: self._calendar.list_changes(calendar_id, since))

    async def _spend(
        self, calendar_id: str, urgency: Urgency, call: Callable[[], Awaitable[T]], *, requests: int = 1
    ) -> T:
        await self._budget.admit(calendar_id, urgency, served_tenant.get(), requests=requests)
        try:
            answer = await call()
        except GoogleLimitError as error:
            error.retry_after = await self._budget.note_refusal(calendar_id, error.scope)
            raise
        self._budget.note_success(calendar_id)
        return answer
