"""The counters of the broker, for benchmarks and tests."""

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
    """Deletes of messages that were deleted already: SQS answers with success."""
    deleted_stale: int = 0
    """Deletes with a receipt that a later receive replaced, on a standard queue: answered with success, not done."""
    redriven: int = 0

    def reset(self) -> None:
        """Set the counters to 0."""
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
