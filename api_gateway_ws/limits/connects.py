"""Decides about a connection: admitted, admitted but limited, or denied.

A visitor whose connection is denied sees a network that does not work, and the widget may give up its session. So a
connection over a limit is admitted, but not registered: its frames are refused until a further attempt succeeds. Only
an address that goes on far beyond its limit is denied, and never a visitor who returns to a session.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from api_gateway_ws.limits.limiter import RateLimiter, Request
from api_gateway_ws.limits.ports import ConnectionCounts, Digests, RateCounters, RateRow, Use
from shared.clock import Clock
from shared.errors import PermanentError, TransientError
from shared.instants import from_milliseconds, to_milliseconds
from shared.network_address import find_network
from shared.retention import CONNECTION_COUNT_RETENTION, compute_expiry
from shared.tenants.rate_limits import CONNECTIONS, RateLimits

log = structlog.get_logger()

WINDOW_MS = 2 * 60 * 60 * 1000
"""API Gateway ends a connection after two hours
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html)."""

FULL_WAIT_MS = 30_000
"""When to try again while too many connections are open: nobody knows when one is closed."""

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Connect:
    """A connection that is to be admitted."""

    tenant: str
    source_ip: str
    session_id: str | None
    """The session that it returns to; None for a new one."""
    rates: str = ""


@dataclass(frozen=True, slots=True)
class Limited:
    """It may not be used yet."""

    reason: Literal["rate", "session_connections", "address_connections"]
    wait_ms: int
    is_flood: bool = False


class ConnectLimiter:
    """Counts the connections that are opened and open."""

    def __init__(
        self,
        *,
        limiter: RateLimiter,
        counters: RateCounters,
        connections: ConnectionCounts,
        digests: Digests,
        limits: RateLimits,
        clock: Clock,
    ) -> None:
        self._limiter = limiter
        self._counters = counters
        self._connections = connections
        self._digests = digests
        self._limits = limits
        self._clock = clock

    def admit(self, connect: Connect) -> Limited | None:
        """Count the connection as opened and open, and return None; or return why it is limited.

        What counts for an address was opened in the present two hours and is still open. As no connection lasts
        longer, at most twice the limit is open at a time.
        """
        refusal = self._limiter.admit(
            Request("connects", connect.tenant, connect.source_ip, connect.session_id, connect.rates)
        )
        if refusal:
            return Limited("rate", refusal.wait_ms, refusal.is_flood)
        limits = self._limits.override(connect.rates)
        try:
            if connect.session_id and self._is_session_full(connect.session_id, limits):
                return Limited("session_connections", FULL_WAIT_MS)
            if connect.source_ip and self._is_address_full(connect, limits):
                return Limited("address_connections", FULL_WAIT_MS)
        except (TransientError, PermanentError) as error:
            log.warning("connections_not_counted", problem=str(error))
        return None

    def release(self, tenant: str, source_ip: str, *, connected_at: datetime) -> None:
        """Count a connection that was admitted as closed."""
        if not source_ip:
            return
        try:
            self._counters.release(self._find_row(tenant, source_ip, to_milliseconds(connected_at)), OPEN)
        except (TransientError, PermanentError) as error:
            log.warning("connections_not_counted", problem=str(error))

    def _is_session_full(self, session_id: str, limits: RateLimits) -> bool:
        limit = limits.get("session", CONNECTIONS)
        return self._connections.count_connections(session_id, now=self._clock.now()) >= limit

    def _is_address_full(self, connect: Connect, limits: RateLimits) -> bool:
        now = to_milliseconds(self._clock.now())
        row = self._find_row(connect.tenant, connect.source_ip, now)
        expires_at = compute_expiry(from_milliseconds((row.window + 1) * WINDOW_MS), CONNECTION_COUNT_RETENTION)
        uses = [Use(OPEN, 1, limits.get("address", CONNECTIONS))]
        return self._counters.count(row, uses, expires_at=expires_at) is not None

    def _find_row(self, tenant: str, source_ip: str, at_ms: int) -> RateRow:
        digest = self._digests.compute_digest(f"{tenant}/{find_network(source_ip)}")
        return RateRow(f"rate#open#{digest}", at_ms // WINDOW_MS)
