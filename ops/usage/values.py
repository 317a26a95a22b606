"""What the reports about costs consist of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import add

from shared.spending.totals import DayTotals, Totals
from shared.spending.values import Cap

MAX_DAYS = 400
"""As long as usage records are kept."""


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The costs of a business in a period, both days included."""

    tenant: str
    name: str
    first: date
    last: date
    rows: Sequence[DayTotals]
    """In the order of days and models."""
    committed: Mapping[Cap, int]
    """What counts now for the caps of the current day and month, calls under way included, in nano-dollars."""
    caps: Mapping[Cap, int]
    text_messages: int = 0
    """What the text messages of today have cost at most, in nano-dollars."""
    bookings: Mapping[date, int] = field(default_factory=dict)
    """Visits that were confirmed, by the day on which they were; by visitors who chatted, and by others."""

    @property
    def booking_count(self) -> int:
        """Return how many visits were confirmed in the period."""
        return sum(self.bookings.values())

    @property
    def total(self) -> Totals:
        """Return the sums of the period."""
        return _sum(self.rows)

    @property
    def by_day(self) -> Mapping[date, Totals]:
        """Return the sums of each day that has some."""
        return {
            day: _sum([row for row in self.rows if row.day == day]) for day in sorted({row.day for row in self.rows})
        }

    @property
    def by_model(self) -> Mapping[str, Totals]:
        """Return the sums of each model, the dearest first."""
        models = {row.model_id: _sum([one for one in self.rows if one.model_id == row.model_id]) for row in self.rows}
        return dict(sorted(models.items(), key=lambda pair: -pair[1].nano_dollars))


def _sum(rows: Sequence[DayTotals]) -> Totals:
    return reduce(add, (row.totals for row in rows), Totals())
