"""Counters of rate limits in memory, which several environments may share; thread-safe."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from threading import Lock

from api_gateway_ws.limits.ports import RateRow, Use


class FakeRateCounters:
    """`RateCounters`, which also know how often each row was written."""

    def __init__(self) -> None:
        self.rows: defaultdict[RateRow, Counter[str]] = defaultdict(Counter)
        self.writes: Counter[RateRow] = Counter()
        """How often a write of a row was attempted."""
        self.error: Exception | None = None
        """Raised by every call while it is set."""
        self.calls = 0
        self._lock = Lock()

    def writes_of(self, scope: str) -> int:
        """Return how often rows of a scope were written."""
        return sum(count for row, count in self.writes.items() if row.key.startswith(f"rate#{scope}#"))

    def count(self, row: RateRow, uses: Sequence[Use], *, expires_at: int) -> Mapping[str, int] | None:
        """Add all amounts and return None, or add nothing and return the row's counts."""
        assert expires_at > 0
        with self._lock:
            self._reach(row)
            counts = self.rows[row]
            if any(counts[use.counter] + use.amount > use.limit for use in uses):
                return dict(counts)
            for use in uses:
                counts[use.counter] += use.amount
        return None

    def release(self, row: RateRow, counter: str) -> None:
        """Take one from a counter that is above zero."""
        with self._lock:
            self._reach(row)
            if self.rows[row][counter] > 0:
                self.rows[row][counter] -= 1

    def _reach(self, row: RateRow) -> None:
        self.calls += 1
        if self.error:
            raise self.error
        self.writes[row] += 1


class FakeDigests:
    """`Digests` with a key that everybody may know."""

    def compute_digest(self, text: str) -> str:
        """Return the hash of a text."""
        return sha256(text.encode()).hexdigest()[:32]
