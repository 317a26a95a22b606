"""Builds the rate limits of ingress and authorizer."""

from typing import NamedTuple

from api_gateway_ws.adapters.rate_counters import DynamoRateCounters
from api_gateway_ws.clients import Clients
from api_gateway_ws.limits.connects import ConnectLimiter
from api_gateway_ws.limits.limiter import RateLimiter
from api_gateway_ws.limits.ports import ConnectionCounts, Digests
from api_gateway_ws.settings import EdgeSettings
from shared.clock import Clock
from shared.tenants.rate_limits import RateLimits


class Limiters(NamedTuple):
    """What is asked about frames, and what is asked about connections."""

    frames: RateLimiter
    connects: ConnectLimiter


def build_limiters(
    settings: EdgeSettings, *, clients: Clients, connections: ConnectionCounts, digests: Digests, clock: Clock
) -> Limiters:
    """Return the limiters of one environment, which share what it remembers."""
    counters = DynamoRateCounters(client=clients.open_dynamodb_without_retries(), table=settings.limits_table)
    limits = RateLimits().override(settings.rate_limits)
    frames = RateLimiter(counters=counters, digests=digests, limits=limits, clock=clock)
    connects = ConnectLimiter(
        limiter=frames, counters=counters, connections=connections, digests=digests, limits=limits, clock=clock
    )
    return Limiters(frames, connects)
