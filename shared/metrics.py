"""The port of metrics."""

from typing import Protocol


class Metrics(Protocol):
    """Metrics on the dashboard."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count an event."""
        ...

    def milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record durations."""
        ...
