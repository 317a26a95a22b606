"""The only place that asks what time it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests pass one that they can turn."""

    def now(self) -> datetime:
        """Return the present instant, in UTC and aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC and aware."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: what it is given to judges all of a case at one instant."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        return self.instant
