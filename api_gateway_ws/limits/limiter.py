"""Decides whether a frame or a connection is within the limits of its session, its address and its business.

It costs one write at most: that of the session's row, or a lease of a block. A frame that takes a lease is counted with
the session's next one. A limit must not end the service: while the table does not answer, everything is admitted.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from api_gateway_ws.limits.budgets import Budget
from api_gateway_ws.limits.minute import Minute
from api_gateway_ws.limits.ports import Digests, RateCounters, RateRow, Use
from api_gateway_ws.limits.session_windows import compute_wait, find_minute, list_counters
from shared.circuits.breaker import BreakerPolicy, CircuitBreaker
from shared.clock import Clock
from shared.errors import PermanentError, TransientError
from shared.instants import from_milliseconds, to_milliseconds
from shared.network_address import list_networks
from shared.retention import RATE_LIMIT_RETENTION, compute_expiry
from shared.tenants.rate_limits import RateKind, RateLimits, Scope

log = structlog.get_logger()

OUTAGE_MS = 10_000
"""How long nothing is counted after the table did not answer, so that not every frame waits for it."""

COUNTER_CIRCUIT = BreakerPolicy(failures=1, calls=1, open_seconds=OUTAGE_MS / 1000, probe_seconds=OUTAGE_MS / 1000)
"""One failure is enough: each costs a visitor a second."""
SPREAD_MS = 10_000
"""Over how long those come back who wait for the budget of an address or a business: they are many."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be admitted: something of one kind, from one address, and of a session if there is one yet."""

    kind: RateKind
    tenant: str
    source_ip: str
    session_id: str | None = None
    rates: str = ""
    """The limits that the business has set, as `shared/tenants/rate_limits.py` writes them."""
    is_ping: bool = False
    """Whether it counts for the session in the memory of the environment only."""

    @property
    def kinds(self) -> tuple[RateKind, ...]:
        """Return as what it counts: each frame counts as one, besides its own kind."""
        return (self.kind,) if self.kind in {"connects", "frames"} else ("frames", self.kind)


@dataclass(frozen=True, slots=True)
class Refusal:
    """It is over a limit; the same may be tried again after a while."""

    scope: Scope
    kind: RateKind
    wait_ms: int
    is_flood: bool = False
    """Whether the address goes on far beyond its limit."""


class RateLimiter:
    """Counts what one environment admits."""

    def __init__(
        self,
        *,
        counters: RateCounters,
        digests: Digests,
        limits: RateLimits,
        clock: Clock,
        random_source: Callable[[], float] = random.random,
    ) -> None:
        self._counters = counters
        self._digests = digests
        self._limits = limits
        self._clock = clock
        self._random = random_source
        self._minute = Minute(0)
        self._breaker = CircuitBreaker(COUNTER_CIRCUIT)

    def admit(self, request: Request) -> Refusal | None:
        """Count it and return None, or count nothing and return why."""
        now = to_milliseconds(self._clock.now())
        if find_minute(now) != self._minute.number:
            self._minute = Minute(find_minute(now))
        limits = self._limits.override(request.rates)
        budgets = list(self._find_budgets(request, limits))
        refusal = (
            self._find_used_up(budgets, now)
            or self._find_refused_session(request, now)
            or self._count(request, limits, budgets, now)
        )
        if refusal is None:
            for budget in budgets:
                budget.spent += 1
        return refusal

    def _find_budgets(self, request: Request, limits: RateLimits) -> Iterator[Budget]:
        # Each wider network may spend twice as much as the one within it.
        for width, network in enumerate(list_networks(request.source_ip)):
            for kind in request.kinds:
                limit = limits.get("address", kind) * 2**width
                yield self._minute.find_budget("address", f"{request.tenant}/{network}", kind, limit)
        for kind in request.kinds:
            yield self._minute.find_budget("business", request.tenant, kind, limits.get("business", kind))

    def _find_used_up(self, budgets: Sequence[Budget], now: int) -> Refusal | None:
        used_up = [budget for budget in budgets if now < budget.used_up_until]
        if not used_up:
            return None
        for budget in used_up:
            budget.refusals += 1
        wait = max(budget.used_up_until for budget in used_up) - now + int(self._random() * SPREAD_MS)
        is_flood = any(budget.scope == "address" and budget.is_flooded for budget in used_up)
        return Refusal(used_up[0].scope, used_up[0].kind, wait, is_flood)

    def _find_refused_session(self, request: Request, now: int) -> Refusal | None:
        if request.session_id is None:
            return None
        ends = [(self._minute.refused_until.get((request.session_id, kind)) or 0, kind) for kind in request.kinds]
        ends_at, kind = max(ends)
        return Refusal("session", kind, ends_at - now) if ends_at > now else None

    def _count(self, request: Request, limits: RateLimits, budgets: Sequence[Budget], now: int) -> Refusal | None:
        if request.is_ping and request.session_id:
            return self._count_ping(request.session_id, limits, now)
        seconds = now / 1000
        if self._breaker.compute_wait_seconds("", seconds):
            return None
        self._breaker.begin_call("", seconds)
        due = max(budgets, key=lambda budget: budget.overdraft)
        try:
            if due.overdraft >= 0:
                self._lease(due, request, now)
                refusal = self._find_used_up(budgets, now)
            else:
                refusal = self._count_in_session(request, limits, now)
        except (TransientError, PermanentError) as error:
            self._breaker.record_failure("", seconds)
            log.warning("rate_limits_not_counted", problem=str(error))
            return None
        self._breaker.record_success("", seconds)
        return refusal

    def _count_ping(self, session_id: str, limits: RateLimits, now: int) -> Refusal | None:
        count = self._minute.pings.get(session_id) or 0
        if count >= limits.get("session", "frames"):
            return Refusal("session", "frames", self._minute.ends_at - now)
        self._minute.pings.put(session_id, count + 1)
        return None

    def _lease(self, budget: Budget, request: Request, now: int) -> None:
        """Lease a block of a budget, or note that the budget is used up for now."""
        key = self._digests.compute_digest(budget.key) if budget.scope == "address" else budget.key
        wanted = budget.wanted
        counts = self._counters.count(
            RateRow(f"rate#{budget.scope}#{key}#{budget.kind}", self._minute.number),
            budget.list_uses(now),
            expires_at=self._compute_expiry(),
        )
        if counts is not None:
            budget.note_used_up(counts, now)
            log.warning("budget_spent", scope=budget.scope, kind=budget.kind, limit=budget.limit)
            return
        budget.leased += wanted
        if request.session_id:
            uncounted = self._minute.uncounted.get(request.session_id) or Counter()
            self._minute.uncounted.put(request.session_id, uncounted + Counter(request.kinds))

    def _count_in_session(self, request: Request, limits: RateLimits, now: int) -> Refusal | None:
        session_id = request.session_id
        if session_id is None:
            return None
        uncounted = self._minute.uncounted.get(session_id) or Counter()
        amounts = {kind: 1 + uncounted[kind] for kind in request.kinds}
        counters = list_counters(request.kinds, limits, now)
        counts = self._counters.count(
            RateRow(f"rate#session#{session_id}", self._minute.number),
            [Use(each.name, amounts[each.kind], each.limit) for each in counters],
            expires_at=self._compute_expiry(),
        )
        if counts is None:
            if uncounted:
                self._minute.uncounted.put(session_id, uncounted - Counter(amounts))
            return None
        for kind in request.kinds:
            wait = compute_wait([each for each in counters if each.kind == kind], counts, amounts, now)
            self._minute.refused_until.put((session_id, kind), now + wait)
        return self._find_refused_session(request, now)

    def _compute_expiry(self) -> int:
        return compute_expiry(from_milliseconds(self._minute.ends_at), RATE_LIMIT_RETENTION)
