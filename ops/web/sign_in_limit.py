"""Limits failed sign-ins per address and in all, so that tokens can't be guessed."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from shared.clock import Clock

WINDOW = timedelta(minutes=5)
ATTEMPTS_PER_ADDRESS = 5
ATTEMPTS_OF_ALL = 50
_MAX_ADDRESSES = 1000


class SignInLimit:
    """Counts failed sign-ins per address, and of all addresses, because an attacker may have many."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._failed: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._all: deque[datetime] = deque()

    def is_allowed(self, address: str) -> bool:
        """Return whether the address has an attempt left."""
        since = self._clock.now() - WINDOW
        own = self._failed.get(address, deque())
        return _count_since(own, since) < ATTEMPTS_PER_ADDRESS and _count_since(self._all, since) < ATTEMPTS_OF_ALL

    def record_failure(self, address: str) -> None:
        """Count a failed attempt."""
        now = self._clock.now()
        if len(self._failed) >= _MAX_ADDRESSES:
            self._failed.clear()
        self._failed[address].append(now)
        self._all.append(now)


def _count_since(times: deque[datetime], since: datetime) -> int:
    while times and times[0] <= since:
        times.popleft()
    return len(times)
