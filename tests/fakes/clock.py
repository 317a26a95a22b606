"""A clock that tests turn by hand."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
"""A Monday in winter, when nothing is odd about the time."""


class FakeClock:
    """Stands still until it is turned."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant that was set last."""
        return self._now

    def set(self, now: datetime) -> None:
        """Show another instant."""
        if now.utcoffset() != timedelta(0):
            raise ValueError("a clock shows aware instants in UTC")
        self._now = now

    def turn(self, by: timedelta) -> None:
        """Move the hands."""
        self._now += by
