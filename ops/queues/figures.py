"""The figures of a queue, and the ports that read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.ledger.failures import QUEUES

SIDE_QUEUES = ("codes", "feedback")
"""The queues of codes, and of bounces and complaints: they share the dead-letter queue of notifications."""

GAUGED = (*QUEUES, *SIDE_QUEUES)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue at one moment; the counts of SQS are approximate."""

    queue: str
    """One of `GAUGED`."""
    waiting: int
    in_flight: int
    dead: int | None
    """Messages on its dead-letter queue; the failures worker moves them to the ledger within seconds. None if the queue
    shares the dead-letter queue of another."""
    oldest_seconds: float | None
    """The age of the oldest message; 0 for an empty queue, None if it is unknown."""


@dataclass(frozen=True, slots=True)
class QueueAddress:
    """The URLs of a queue and its dead-letter queue."""

    queue: str
    url: str
    dead_letter_url: str | None
    """None if it shares the dead-letter queue of another."""


class QueueGauge(Protocol):
    """Reads the figures of every queue.

    Raises:
        TransientError, PermanentError: they can't be read.
    """

    async def read_figures(self) -> Sequence[QueueFigures]:
        """Return the current figures."""
        ...


class OldestAges(Protocol):
    """Gives the age of the oldest message of a queue."""

    async def find_oldest_age(self, address: QueueAddress) -> float | None:
        """Return the age in seconds, or None if it is unknown."""
        ...
