"""Sums of usage records: one for each business, day and model."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from shared.retention import USAGE_RECORD_RETENTION
from shared.spending.values import CallResult, UsageRecord

_SAFE_DAYS = timedelta(days=2)
"""A day of a business begins and ends at other times than one in UTC."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over calls."""

    calls: int = 0
    conversations: int = 0
    """Conversations that cost something on the day, each counted with the model of its first call."""
    estimates: int = 0
    """Calls whose cost is an estimate."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    nano_dollars: int = 0
    milliseconds: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Totals)}
        )

    @property
    def tokens(self) -> int:
        """Return the tokens of all kinds."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def cache_share(self) -> float | None:
        """Return the part of the prompts' tokens that was read from the cache, 0 to 1; None without prompts."""
        prompts = self.input_tokens + self.cache_read_tokens + self.cache_write_tokens
        return self.cache_read_tokens / prompts if prompts else None


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The sums of one business, day and model."""

    tenant: str
    day: date
    model_id: str
    totals: Totals


def find_days_to_compute(written: Iterable[DayTotals], counted: Mapping[date, int], now: datetime) -> set[date]:
    """Return the days on which more or less counts for the caps than was settled: some calls are open, or lost.

    Days so old that the first of their records may have been deleted are left out.
    """
    spent: Counter[date] = Counter()
    for one in written:
        spent[one.day] += one.totals.nano_dollars
    oldest = (now - USAGE_RECORD_RETENTION).date() + _SAFE_DAYS
    return {day for day, amount in counted.items() if amount != spent[day] and day > oldest}


def count_call(result: CallResult, *, is_first_of_day: bool) -> Totals:
    """Return the sums of one call."""
    return Totals(
        calls=1,
        conversations=int(is_first_of_day),
        estimates=int(result.is_estimate),
        input_tokens=result.usage.input_tokens,
        output_tokens=result.usage.output_tokens,
        cache_read_tokens=result.usage.cache_read_tokens,
        cache_write_tokens=result.usage.cache_write_tokens,
        nano_dollars=result.nano_dollars,
        milliseconds=result.milliseconds,
    )


def sum_records(records: Iterable[UsageRecord]) -> dict[tuple[date, str], Totals]:
    """Return the sums of each day and model; a conversation counts with the model of its first call of a day."""
    sums: dict[tuple[date, str], Totals] = {}
    seen: set[tuple[date, str]] = set()
    for record in sorted(records, key=lambda one: (one.reservation.reserved_at, one.reservation.key.number)):
        reservation = record.reservation
        conversation = reservation.day, reservation.session_id
        key = reservation.day, reservation.model_id
        sums[key] = sums.get(key, Totals()) + count_call(record.count(), is_first_of_day=conversation not in seen)
        seen.add(conversation)
    return sums
