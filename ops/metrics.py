"""Metrics for the desk, which records none."""


class NoMetrics:
    """Metrics that record nothing: reading through the workers' code is no event of the business."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count nothing."""

    def record_milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record nothing."""

    def record_nano_dollars(self, name: str, value: int, **dimensions: str) -> None:
        """Record nothing."""
