"""Counts failures by state, queue, reason and hour."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ops.desk.domain.values import Stats
from shared.ledger.failures import Failure

MAX_HOURS = 24 * 31
"""How many hours are counted separately; earlier failures are in all other counts."""


def count_failures(failures: Sequence[Failure], *, is_complete: bool) -> Stats:
    """Return the counts; hours without a failure between others count 0."""
    hours = [_truncate_to_hour(failure.last_at) for failure in failures]
    by_reason: dict[str, Counter[datetime]] = {}
    for failure, hour in zip(failures, hours, strict=True):
        by_reason.setdefault(failure.reason, Counter())[hour] += 1
    reasons = sorted(by_reason, key=lambda reason: (-by_reason[reason].total(), reason))
    return Stats(
        total=len(failures),
        by_state=_sort_by_count(Counter(failure.state.value for failure in failures)),
        by_queue=_sort_by_count(Counter(failure.queue for failure in failures)),
        by_reason={reason: by_reason[reason].total() for reason in reasons},
        by_hour=_fill_in_hours(Counter(hours)),
        by_reason_and_hour={reason: dict(sorted(by_reason[reason].items())) for reason in reasons},
        is_complete=is_complete,
    )


def _fill_in_hours(counts: Counter[datetime]) -> dict[datetime, int]:
    if not counts:
        return {}
    first, last = min(counts), max(counts)
    number = int((last - first) / timedelta(hours=1)) + 1
    counted = range(max(number - MAX_HOURS, 0), number)
    return {hour: counts[hour] for hour in (first + timedelta(hours=n) for n in counted)}


def _sort_by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _truncate_to_hour(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
