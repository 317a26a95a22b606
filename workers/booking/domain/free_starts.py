"""Finds the starts that occupied times leave free, in one sweep over whole seconds since the epoch."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

from workers.booking.domain.values import Interval

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_to_seconds(instant: datetime) -> int:
    """Return the whole seconds since the epoch, rounded up."""
    return ceil(instant.timestamp())


def seconds_to_instant(seconds: int) -> datetime:
    """Return the instant that is this many seconds after the epoch."""
    return _EPOCH + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class OccupiedRanges:
    """Occupied times: sorted and disjoint."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def merge(cls, busy: Sequence[Interval]) -> "OccupiedRanges":
        """Merge intervals, which may overlap and be in any order; partial seconds count as occupied."""
        starts: list[int] = []
        ends: list[int] = []
        bounds = sorted((floor(interval.start.timestamp()), ceil(interval.end.timestamp())) for interval in busy)
        for start, end in bounds:
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        return cls(tuple(starts), tuple(ends))

    def find_free_runs(self, candidates: range, before: int, after: int) -> Iterator[range]:
        """Yield runs of candidates that are free from `before` seconds earlier to `after` seconds later."""
        start, step = candidates.start, candidates.step
        index = bisect_right(self.ends, start - before)
        while start < candidates.stop and index < len(self.starts):
            run = range(start, min(candidates.stop, self.starts[index] - after + 1), step)
            if run:
                yield run
                start = run[-1] + step
            # Go to the first candidate whose time begins after this range, rounded up to a step.
            start += max(0, -(-(self.ends[index] + before - start) // step)) * step
            index += 1
        if start < candidates.stop:
            yield range(start, candidates.stop, step)
