"""Environments of a function that share their counters, as tests of the rate limits need them."""

from dataclasses import dataclass, field

from api_gateway_ws.limits.connects import ConnectLimiter
from api_gateway_ws.limits.limiter import RateLimiter, Request
from shared.tenants.rate_limits import RateLimits
from tests.fakes.clock import FakeClock
from tests.fakes.rate_counters import FakeDigests, FakeRateCounters

ADDRESS = "192.0.2.7"


class NoConnections:
    """`ConnectionCounts` of sessions that have as many connections as a test says."""

    count = 0

    def count_connections(self, session_id, *, now):
        """Return it, whichever session is meant."""
        del session_id, now
        return self.count


@dataclass
class Shared:
    """What all environments share."""

    limits: str = ""
    clock: FakeClock = field(default_factory=FakeClock)
    counters: FakeRateCounters = field(default_factory=FakeRateCounters)
    connections: NoConnections = field(default_factory=NoConnections)

    def open(self, clock=None):
        """Return the limiter of a new environment, whose clock may be another."""
        return RateLimiter(
            counters=self.counters,
            digests=FakeDigests(),
            limits=RateLimits().override(self.limits),
            clock=clock or self.clock,
            random_source=lambda: 0,
        )

    def open_for_connects(self):
        """Return the limiter for connections of a new environment."""
        return ConnectLimiter(
            limiter=self.open(),
            counters=self.counters,
            connections=self.connections,
            digests=FakeDigests(),
            limits=RateLimits().override(self.limits),
            clock=self.clock,
        )


def chat(session="s1", *, tenant="salon", source_ip=ADDRESS, kind="chats", **fields):
    """Return the request to admit a message, or something else."""
    return Request(kind, tenant, source_ip, session, **fields)
