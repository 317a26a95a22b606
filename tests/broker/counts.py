"""What the broker counts, for a bench or a test to read."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Counts:
    """Counters of the whole process since the start or the last reset."""

    requests: Counter[str] = field(default_factory=Counter)
    """By action."""
    faults: Counter[str] = field(default_factory=Counter)
    """By kind."""
    sent: int = 0
    received: int = 0
    deleted: int = 0
    deleted_again: int = 0
    """Deletes of messages that were gone already: SQS says yes to them."""
    deleted_stale: int = 0
    """Deletes of a standard queue's message with a receipt that a later receive replaced: said yes to, not done."""
    redriven: int = 0

    def reset(self) -> None:
        """Start from 0."""
        self.requests.clear()
        self.faults.clear()
        self.sent = self.received = self.deleted = self.deleted_again = self.deleted_stale = self.redriven = 0

    def report(self) -> dict[str, Any]:
        """Return them as JSON values."""
        return {
            "requests": dict(self.requests),
            "faults": dict(self.faults),
            "sent": self.sent,
            "received": self.received,
            "deleted": self.deleted,
            "deleted_again": self.deleted_again,
            "deleted_stale": self.deleted_stale,
            "redriven": self.redriven,
        }
