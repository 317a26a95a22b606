"""How often somebody may try to sign in: guesses are slow, whoever makes them."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from shared.clock import Clock

WINDOW = timedelta(minutes=5)
TRIES_OF_ONE = 5
TRIES_OF_ALL = 50
_MOST_ADDRESSES = 1000


class Tries:
    """Counts failed tries by address, and of all addresses together, because one guesser may have many."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._failed: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._all: deque[datetime] = deque()

    def may_try(self, address: str) -> bool:
        """Whether the address has a try left."""
        since = self._clock.now() - WINDOW
        own = self._failed.get(address, deque())
        return _since(own, since) < TRIES_OF_ONE and _since(self._all, since) < TRIES_OF_ALL

    def failed(self, address: str) -> None:
        """Count a failed try."""
        now = self._clock.now()
        if len(self._failed) >= _MOST_ADDRESSES:
            self._failed.clear()
        self._failed[address].append(now)
        self._all.append(now)


def _since(times: deque[datetime], since: datetime) -> int:
    while times and times[0] <= since:
        times.popleft()
    return len(times)
