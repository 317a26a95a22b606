"""Divides time into buckets; each belongs to at most one appointment, so that no two appointments overlap.

The profile determines the size of the buckets (`shared/tenants/grid.py`).
"""

from datetime import UTC, datetime, timedelta

from workers.booking.domain.values import Interval

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def list_bucket_starts(interval: Interval, minutes: int) -> tuple[datetime, ...]:
    """Return the starts of the buckets that cover an interval, in order; the buckets are aligned to the epoch."""
    size = timedelta(minutes=minutes)
    first = (interval.start - _EPOCH) // size
    stop = -((_EPOCH - interval.end) // size)
    return tuple(_EPOCH + size * number for number in range(first, stop))
