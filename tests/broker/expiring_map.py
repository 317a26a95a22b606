"""Keeps values by a key for five minutes: deduplication ids, and receive attempts."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

INTERVAL_SECONDS = 300
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html"""


class ExpiringMap(Generic[V]):
    """Values that expire five minutes after they were put."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: dict[str, tuple[float, V]] = {}
        self._oldest_first: deque[tuple[float, str]] = deque()

    def get(self, key: str) -> V | None:
        """Return the value that was put under the key in the last five minutes."""
        self._expire()
        found = self._values.get(key)
        return found[1] if found else None

    def put(self, key: str, value: V) -> None:
        """Keep a value from now on."""
        until = self._clock() + INTERVAL_SECONDS
        self._values[key] = (until, value)
        self._oldest_first.append((until, key))

    def _expire(self) -> None:
        now = self._clock()
        while self._oldest_first and self._oldest_first[0][0] <= now:
            until, key = self._oldest_first.popleft()
            if self._values.get(key, (0.0, None))[0] == until:
                del self._values[key]
