"""The windows in which the frames of a session are counted; pure.

Each frame counts in its minute and in its ten seconds, which allow 40 percent of a minute. A window begins with nothing
counted, so an interval of `t` seconds has at most `limit * (t / 60 + 2)` frames. All windows of a minute are numbers in
one row, so one conditional write checks and counts a frame.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.tenants.rate_limits import RateKind, RateLimits

MINUTE_MS = 60_000
BURST_MS = 10_000
_BURST_PERCENT = 40


@dataclass(frozen=True, slots=True)
class Counter:
    """How often one kind may be counted in one window."""

    name: str
    kind: RateKind
    limit: int
    ends_at: int
    """When its window ends, in milliseconds since the epoch."""


def find_minute(now_ms: int) -> int:
    """Return the number of the minute since the epoch."""
    return now_ms // MINUTE_MS


def list_counters(kinds: Iterable[RateKind], limits: RateLimits, now_ms: int) -> list[Counter]:
    """Return the counters of the minute's row in which a frame of these kinds counts now."""
    minute_ends = (find_minute(now_ms) + 1) * MINUTE_MS
    burst_ends = (now_ms // BURST_MS + 1) * BURST_MS
    number = now_ms % MINUTE_MS // BURST_MS
    counters = []
    for kind in kinds:
        limit = limits.get("session", kind)
        counters.append(Counter(kind, kind, limit, minute_ends))
        counters.append(Counter(f"{kind}_{number}", kind, compute_burst(limit), burst_ends))
    return counters


def compute_burst(limit: int) -> int:
    """Return how much of a minute's limit ten seconds may take."""
    return -(-limit * _BURST_PERCENT // 100)


def compute_wait(
    counters: Iterable[Counter], counts: Mapping[str, int], amounts: Mapping[RateKind, int], now_ms: int
) -> int:
    """Return the milliseconds after which these amounts would be counted if nothing else is counted meanwhile.

    It is 0 where they would be counted now.
    """
    full = (each for each in counters if counts.get(each.name, 0) + amounts[each.kind] > each.limit)
    return max((each.ends_at - now_ms for each in full), default=0)
