"""The figures of a queue, and who finds them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.ledger.failures import QUEUES

FEEDBACK = "feedback"
"""The queue on which bounces and complaints come back; what it gives up goes to the dead letters of notifications."""

GAUGED = (*QUEUES, FEEDBACK)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue at one moment; SQS counts about right, not exactly."""

    queue: str
    """One of `GAUGED`."""
    waiting: int
    in_flight: int
    dead: int | None
    """On its dead-letter queue; the ledger takes them from there within moments. None where it has none of its own."""
    oldest_seconds: float | None
    """How long the oldest message has waited; 0 for an empty queue, None where nobody can say."""


@dataclass(frozen=True, slots=True)
class QueueAddress:
    """Where a queue and its dead letters are."""

    queue: str
    url: str
    dead_letter_url: str | None
    """None where it shares another's."""


class QueueGauge(Protocol):
    """Reads the figures of every queue.

    Raises:
        TransientError, PermanentError: they can't be read.
    """

    async def read(self) -> Sequence[QueueFigures]:
        """Return the figures of now."""
        ...


class OldestAges(Protocol):
    """Tells how long the oldest message of a queue has waited."""

    async def of(self, address: QueueAddress) -> float | None:
        """Return seconds, or None where nothing is known."""
        ...
