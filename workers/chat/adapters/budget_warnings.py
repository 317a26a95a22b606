"""Warns the owner when most of what a day or a month may cost is spent: one alert for each."""

from datetime import date

import structlog

from shared.clock import Clock
from shared.errors import PermanentError, TransientError
from shared.ids import derive_id
from shared.messages.notices import AlertFacts, OperatorAlert
from shared.queues import NoticeQueue
from shared.spending.ports import SpendingStore
from shared.spending.rules import WARNING_PERCENT, find_warnings
from shared.spending.values import NANO_PER_DOLLAR, Cap, Caps, Spent
from workers.chat.ports import ModelRequest

log = structlog.get_logger()

_FIELDS = {Cap.DAY: "limits.daily_dollars", Cap.MONTH: "limits.monthly_dollars"}


class BudgetWarnings:
    """Queues the alerts; without a queue they are only logged."""

    def __init__(self, *, store: SpendingStore, notices: NoticeQueue | None, clock: Clock) -> None:
        self._store = store
        self._notices = notices
        self._clock = clock
        self._noted: set[tuple[str, str]] = set()
        """What this process need not ask the table for again."""

    async def warn_owner(self, request: ModelRequest, *, day: date, spent: Spent, caps: Caps) -> None:
        """Queue an alert for each cap of which most is spent, unless there was one; an error stops no answer."""
        for cap in find_warnings(spent, caps):
            period = day.isoformat() if cap is Cap.DAY else f"{day:%Y-%m}"
            if (request.tenant, period) in self._noted:
                continue
            try:
                if await self._store.note_warning(request.tenant, day, cap):
                    log.warning("budget_nearly_spent", cap=cap.value, period=period)
                    await self._queue_alert(request, cap, period, spent, caps)
                self._noted.add((request.tenant, period))
            except (TransientError, PermanentError):
                log.exception("budget_warning_failed", cap=cap.value, period=period)

    async def _queue_alert(self, request: ModelRequest, cap: Cap, period: str, spent: Spent, caps: Caps) -> None:
        if self._notices is None:
            return
        amount = spent.day if cap is Cap.DAY else spent.month
        await self._notices.put(
            OperatorAlert(
                id=derive_id(f"{request.tenant}/{cap.value}/{period}", "budget_alert"),
                tenant=request.tenant,
                session_id=request.session_id,
                locale="en",
                accepted_at=self._clock.now(),
                data=AlertFacts(
                    reason=f"budget_{cap.value}",
                    advice=(
                        f"The assistant has used {WARNING_PERCENT} % of what it may cost: {_format_dollars(amount)} of "
                        f"{_format_dollars(caps[cap])} for {period}. At the limit it stops answering; visitors can "
                        f"still book, and staff can still answer. The limit is {_FIELDS[cap]} in the profile; "
                        f"`stride usage show {request.tenant}` shows what was spent."
                    ),
                ),
            )
        )


def _format_dollars(nano_dollars: int) -> str:
    return f"${nano_dollars / NANO_PER_DOLLAR:.2f}"
