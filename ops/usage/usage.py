"""The use cases about costs: report them, compute sums again, erase a conversation's records."""

from datetime import date, timedelta

import structlog

from ops.desk.domain.values import Operator
from ops.usage.values import MAX_DAYS, UsageReport
from shared.clock import Clock
from shared.errors import PermanentError
from shared.ids import compute_fingerprint
from shared.spending.ports import BookingCounts, TextMessageBudgets, UsageReports
from shared.spending.rules import build_caps, find_local_day
from shared.spending.values import Cap
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile

log = structlog.get_logger()

DEFAULT_DAYS = 30
_EARLIEST = date(2002, 1, 1)
"""No language model was called before; Python's dates have a beginning."""


class Usage:
    """Shows operators what the assistants of their businesses cost.

    An unknown tenant and one that the operator may not see have the same result: None.

    Raises:
        TransientError: the table can't be reached.
    """

    def __init__(
        self,
        *,
        tenants: TenantDirectory,
        reports: UsageReports,
        bookings: BookingCounts,
        text_messages: TextMessageBudgets,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._reports = reports
        self._bookings = bookings
        self._text_messages = text_messages
        self._clock = clock

    async def read_report(
        self, operator: Operator, tenant: str, first: date | None = None, last: date | None = None
    ) -> UsageReport | None:
        """Return the costs of a period, by default of the last 30 days, and what counts for the caps of today."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        today = find_local_day(profile, self._clock.now())
        last = min(max(last or today, _EARLIEST), today)
        first = max(first or last - timedelta(days=DEFAULT_DAYS - 1), last - timedelta(days=MAX_DAYS - 1))
        day, month = await self._reports.get_committed(tenant, today)
        caps = build_caps(profile.limits)
        return UsageReport(
            tenant=tenant,
            name=profile.name,
            first=min(first, last),
            last=last,
            rows=await self._reports.list_current_totals(tenant, min(first, last), last, self._clock.now()),
            committed={Cap.DAY: day, Cap.MONTH: month},
            caps={cap: caps[cap] for cap in (Cap.DAY, Cap.MONTH)},
            text_messages=await self._text_messages.get_spent(tenant, today),
            bookings=await self._bookings.count_confirmed(tenant, min(first, last), last),
        )

    async def rebuild(self, operator: Operator, tenant: str, first: date, last: date) -> UsageReport | None:
        """Compute the sums of days from their records, and return them."""
        if await self._find_profile(operator, tenant) is None:
            return None
        for number in range((last - first).days + 1):
            await self._reports.rebuild_day(tenant, first + timedelta(days=number), self._clock.now())
        return await self.read_report(operator, tenant, first, last)

    async def erase_session(self, operator: Operator, tenant: str, session_id: str) -> int | None:
        """Remove a conversation from its usage records, which stay for the sums; return how many these are."""
        if operator.tenants is not None and tenant not in operator.tenants:
            return None
        count = await self._reports.erase_session(tenant, session_id)
        log.info("usage_erased", records=count, by_fingerprint=compute_fingerprint(operator.name))
        return count

    async def _find_profile(self, operator: Operator, tenant: str) -> TenantProfile | None:
        if operator.tenants is not None and tenant not in operator.tenants:
            return None
        try:
            return await self._tenants.get_profile(tenant)
        except PermanentError:
            return None
