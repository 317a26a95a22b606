"""The ports of the rate limits, and the values that pass through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RateRow:
    """A row of counters: what it counts for, and the number of its window."""

    key: str
    window: int


@dataclass(frozen=True, slots=True)
class Use:
    """An amount that a counter must have room for."""

    counter: str
    amount: int
    limit: int


class RateCounters(Protocol):
    """Counters that all environments share."""

    def count(self, row: RateRow, uses: Sequence[Use], *, expires_at: int) -> Mapping[str, int] | None:
        """Add all amounts with one write and return None; if one has no room, add nothing and return the row's counts.

        Raises:
            TransientError, PermanentError: they may or may not have been added.
        """
        ...

    def release(self, row: RateRow, counter: str) -> None:
        """Take one from a counter that is above zero."""
        ...


class ConnectionCounts(Protocol):
    """The connections of sessions."""

    def count_connections(self, session_id: str, *, now: datetime) -> int:
        """Return how many connections a session has."""
        ...


class Digests(Protocol):
    """Keyed hashes, in place of what must not be stored."""

    def compute_digest(self, text: str) -> str:
        """Return the hash of a text, which is the same in all environments.

        Raises:
            TransientError, PermanentError: the key can't be read.
        """
        ...
