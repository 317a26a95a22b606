"""The port of the figures on the dashboard."""

from typing import Protocol


class Metrics(Protocol):
    """The figures on the dashboard."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count something that happened."""
        ...

    def milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record how long something took, each time."""
        ...
