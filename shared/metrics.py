"""The port of metrics."""

from typing import Protocol


class Metrics(Protocol):
    """Metrics on the dashboard."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count an event."""
        ...

    def record_milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record durations."""
        ...

    def record_nano_dollars(self, name: str, value: int, **dimensions: str) -> None:
        """Record an amount of money, in 10^-9 US dollars."""
        ...
