"""The desk looks at what the workers do, and measures nothing."""


class NoMetrics:
    """Takes the part of the workers' metrics: a look is no event of the business."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count nothing."""

    def milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record nothing."""
