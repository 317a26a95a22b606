"""Divides time into buckets that appointments claim one by one, so that no two can overlap.

How large they are follows from the profile (`shared/tenants/grid.py`).
"""

from datetime import UTC, datetime, timedelta

from workers.booking.domain.values import Interval

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def buckets(interval: Interval, minutes: int) -> tuple[datetime, ...]:
    """Return the starts of the buckets that cover an interval, in order; they count from the epoch."""
    size = timedelta(minutes=minutes)
    first = (interval.start - _EPOCH) // size
    stop = -((_EPOCH - interval.end) // size)
    return tuple(_EPOCH + size * number for number in range(first, stop))
