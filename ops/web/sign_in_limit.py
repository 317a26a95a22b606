"""Counts failed sign-ins by client, so that guessing shows in the log once, and is told to wait."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from shared.clock import Clock

WINDOW = timedelta(minutes=5)
ATTEMPTS = 5
_MAX_CLIENTS = 1000


class SignInLimit:
    """Failed attempts by the client's address.

    It decides only what a client hears about a wrong token: a right one signs in whatever others have tried. Guessing
    is hopeless anyway, as a token has 256 random bits.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[datetime]] = OrderedDict()

    def count_failure(self, client: str) -> int:
        """Count a failed attempt; return how many the client has had within `WINDOW`, at most one over `ATTEMPTS`."""
        now = self._clock.now()
        times = self._failed.setdefault(client, deque(maxlen=ATTEMPTS + 1))
        self._failed.move_to_end(client)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        times.append(now)
        if len(self._failed) > _MAX_CLIENTS:
            self._failed.popitem(last=False)
        return len(times)
