"""Divides time into buckets; each belongs to at most one appointment, so that no two appointments overlap.

The profile determines the size of the buckets (`shared/tenants/grid.py`).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from workers.booking.domain.values import Interval

MAX_BUCKETS_OF_HOLD = 90
"""DynamoDB allows 100 items in a transaction; a hold also writes its claim, itself, and at most eight quota units.

A profile needs at most 40 (`shared/tenants/grid.py`), but a day keeps the grid of its first booking, which may be
finer.
"""

_DAY_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def list_bucket_starts(interval: Interval, minutes: int) -> tuple[datetime, ...]:
    """Return the starts of the buckets that cover an interval, in order; the buckets are aligned to the epoch."""
    size = timedelta(minutes=minutes)
    first = (interval.start - _EPOCH) // size
    stop = -((_EPOCH - interval.end) // size)
    return tuple(_EPOCH + size * number for number in range(first, stop))


def is_too_fine(blocked: Interval, grids: Mapping[date, int]) -> bool:
    """Return whether a visit with its buffers has too many buckets, in the grids of UTC days; others count as one."""
    minute, buckets = timedelta(minutes=1), 0
    day = blocked.start.date()
    while (midnight := datetime.combine(day, time(), tzinfo=UTC)) < blocked.end:
        size = timedelta(minutes=grids.get(day, _DAY_MINUTES))
        begins, ends = max(blocked.start, midnight), min(blocked.end, midnight + _DAY_MINUTES * minute)
        buckets += -((midnight - ends) // size) - (begins - midnight) // size
        day += timedelta(days=1)
    return buckets > MAX_BUCKETS_OF_HOLD
