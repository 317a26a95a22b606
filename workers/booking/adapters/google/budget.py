"""Lets requests to Google through while their share of the account's limit lasts; all processes share one budget.

Each process leases requests before it makes them, so all together never exceed the limit, except by what an operation
needs more than planned: the next lease pays for it. While the table does not answer, everything is let through.
"""

import asyncio
import random
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from shared.backoff import RandomSource
from shared.clock import Clock
from shared.errors import PermanentError, RateLimitedError, TransientError, describe_error
from workers.booking.domain.request_budget import (
    MAX_BLOCK,
    WINDOW,
    Urgency,
    compute_extra,
    compute_window_limit,
    find_holder,
    find_window,
    find_window_end,
    plan_lease,
)
from workers.booking.domain.request_pauses import LimitScope, RequestPauses
from workers.booking.ports import RequestLeases

log = structlog.get_logger()

_UNCOUNTED = timedelta(seconds=10)
"""How long nothing is leased after the table did not answer."""


_WINDOWS_OF_SYNCS = 4
"""Over how many windows syncs are spread that found no room in the first ones of their minute."""


@dataclass(slots=True)
class _Window:
    """What this process knows of a window."""

    number: int
    recent: Counter[str]
    """How many requests each holder made in the window before and in this one."""
    leased: Counter[str] = field(default_factory=Counter)
    """How many requests each holder has left."""
    waiting: Counter[str] = field(default_factory=Counter)
    """How many requests wait for a lease that is under way."""
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    used: Counter[str] = field(default_factory=Counter)
    used_up: set[tuple[str, Urgency]] = field(default_factory=set)
    """Who has found no room."""
    admitted: int = 0


class RequestBudget:
    """The budget as one process sees it; it is used from one event loop, and counted from any thread."""

    def __init__(
        self,
        *,
        leases: RequestLeases,
        clock: Clock,
        requests_per_minute: int,
        random_source: RandomSource = random.random,
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._limit = compute_window_limit(requests_per_minute)
        self._random = random_source
        self._pauses = RequestPauses(random_source)
        self._window = _Window(0, Counter())
        self._uncounted_until = datetime.min.replace(tzinfo=UTC)
        self._made = 0
        self._made_lock = threading.Lock()

    async def admit(self, calendar_id: str, urgency: Urgency, tenant: str, *, requests: int = 1) -> None:
        """Count requests that are about to be made.

        Raises:
            RateLimitedError: there is no room for them, or Google has asked to wait.
        """
        now = self._clock.now()
        if wait := self._pauses.compute_wait(calendar_id, now):
            raise RateLimitedError("calendar: paused after a limit of Google", retry_after=wait)
        window = self._enter_window(now)
        if not await self._take(window, urgency, tenant, requests):
            raise RateLimitedError(
                f"calendar: no request left for {urgency}", retry_after=self._wait_for_next(window, urgency)
            )
        window.admitted += requests

    def note_request(self) -> None:
        """Count a request that was made; it may be called from any thread."""
        with self._made_lock:
            self._made += 1

    async def note_refusal(self, calendar_id: str, scope: LimitScope) -> timedelta:
        """Begin a pause because Google has refused a request; return how long it lasts.

        Other processes learn of a pause of the account, because the windows of that time are closed.
        """
        now = self._clock.now()
        paused = self._pauses.note_refusal(calendar_id, scope, now)
        wait = self._pauses.compute_wait(calendar_id, now)
        log.warning("google_rate_limited", scope=paused, pause_seconds=round(wait.total_seconds(), 1))
        if paused is LimitScope.ACCOUNT:
            try:
                for number in range(find_window(now), find_window(now + wait)):
                    await self._leases.close_window(number)
            except (TransientError, PermanentError) as error:
                log.warning("google_requests_not_counted", error=describe_error(error))
        return wait

    def note_success(self, calendar_id: str) -> None:
        """End the pauses that are over: Google has answered."""
        self._pauses.note_success(calendar_id, self._clock.now())

    def _enter_window(self, now: datetime) -> _Window:
        number = find_window(now)
        if number != self._window.number:
            recent = self._window.used if number == self._window.number + 1 else Counter[str]()
            self._window = _Window(number, recent)
            with self._made_lock:
                self._made = 0
        return self._window

    async def _take(self, window: _Window, urgency: Urgency, tenant: str, requests: int) -> bool:
        holder = find_holder(urgency, tenant)
        if self._is_counted() and not self._take_leased(window, holder, requests):
            window.waiting[holder] += requests
            try:
                async with window.locks[holder]:
                    if not self._take_leased(window, holder, requests):
                        if (holder, urgency) in window.used_up or not await self._lease(
                            window, urgency, tenant, requests
                        ):
                            return False
                        window.leased[holder] -= requests
            finally:
                window.waiting[holder] -= requests
        window.used[holder] += requests
        window.recent[holder] += requests
        return True

    def _is_counted(self) -> bool:
        return self._clock.now() >= self._uncounted_until

    def _take_leased(self, window: _Window, holder: str, requests: int) -> bool:
        if window.leased[holder] < requests:
            return False
        window.leased[holder] -= requests
        return True

    async def _lease(self, window: _Window, urgency: Urgency, tenant: str, requests: int) -> bool:
        """Lease what waits, what was made beyond plan, and some ahead; if that is too much, only what is needed."""
        holder = find_holder(urgency, tenant)
        with self._made_lock:
            debt = max(0, self._made - window.admitted)
        wanted = window.waiting[holder] + debt + compute_extra(window.recent[holder])
        try:
            for amount in dict.fromkeys((min(wanted, requests + debt + MAX_BLOCK), requests)):
                lease = plan_lease(window.number, urgency, tenant, amount, self._limit)
                if await self._leases.lease(lease):
                    paid = min(debt, amount - requests)
                    window.admitted += paid
                    window.leased[holder] += amount - paid
                    return True
        except (TransientError, PermanentError) as error:
            self._uncounted_until = self._clock.now() + _UNCOUNTED
            window.leased[holder] += requests
            log.warning("google_requests_not_counted", error=describe_error(error))
            return True
        window.used_up.add((holder, urgency))
        log.warning("google_requests_used_up", urgency=urgency, limit=self._limit)
        return False

    def _wait_for_next(self, window: _Window, urgency: Urgency) -> timedelta:
        """Return the time to somewhere in the next window, so that not all come back at once; syncs have a minute."""
        left = max(find_window_end(window.number) - self._clock.now(), timedelta(0))
        return left + WINDOW * (_WINDOWS_OF_SYNCS if urgency is Urgency.SYNC else 1) * self._random()
