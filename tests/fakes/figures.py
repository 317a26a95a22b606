"""Usage per tenant and day, and metrics, in memory."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from shared.messages.server import Usage


class FakeUsage:
    """A `UsageStore`."""

    def __init__(self) -> None:
        self.days: defaultdict[tuple[str, str], Usage] = defaultdict(Usage)
        self.refusals: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.answers: defaultdict[tuple[str, str], int] = defaultdict(int)

    async def add_usage(self, tenant: str, day: str, usage: Usage) -> None:
        """Add one answer's tokens."""
        await asyncio.sleep(0)
        self.days[tenant, day] += usage
        self.answers[tenant, day] += 1

    async def add_refusal(self, tenant: str, day: str) -> None:
        """Count a message without an answer."""
        await asyncio.sleep(0)
        self.refusals[tenant, day] += 1

    async def get_refusals(self, tenant: str, day: str) -> int:
        """Return how many there were on a day so far."""
        await asyncio.sleep(0)
        return self.refusals[tenant, day]

    async def get_output_tokens(self, tenant: str, day: str) -> int:
        """Return the output tokens of a day so far."""
        await asyncio.sleep(0)
        return self.days[tenant, day].output_tokens if (tenant, day) in self.days else 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One recorded value of a metric."""

    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...] = ()


class FakeMetrics:
    """A `Metrics`."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Record a count."""
        self.figures.append(Figure(name, value, "count", tuple(sorted(dimensions.items()))))

    def record_milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record durations."""
        labels = tuple(sorted(dimensions.items()))
        self.figures += [Figure(name, value, "milliseconds", labels) for value in values]

    def record_nano_dollars(self, name: str, value: int, **dimensions: str) -> None:
        """Record an amount of money."""
        self.figures.append(Figure(name, value, "nano-dollars", tuple(sorted(dimensions.items()))))

    def total(self, name: str) -> float:
        """Return the sum of all values of a metric."""
        return sum(figure.value for figure in self.figures if figure.name == name)
