"""The clock: the only place that reads the time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the time; tests pass a clock that they set."""

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
    """A clock with a fixed time, to decide everything about a case at one instant."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        return self.instant
