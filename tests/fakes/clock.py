"""A clock whose time tests set."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
"""A Monday in winter, without a clock change near it."""


class FakeClock:
    """A `Clock` that stands still until it is advanced."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the current instant."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set the current instant."""
        if now.utcoffset() != timedelta(0):
            raise ValueError("a clock shows aware instants in UTC")
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Advance the current instant."""
        self._now += by
