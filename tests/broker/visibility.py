"""Messages that can't be received until a given time: in flight, or delayed."""

import heapq
import math
from collections.abc import Iterator

from tests.broker.message import Message

TICKS_PER_SECOND = 50


class HiddenMessages:
    """Messages by the tick at which they become visible again.

    A deleted message leaves its bucket at once, so only empty buckets remain: a heap of messages
    would keep every one until its timeout, and with 70 000 a second that is millions.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, set[Message]] = {}
        self._ticks: list[int] = []

    def bucket(self, moment: float) -> set[Message]:
        """Return the bucket of messages that become visible again at this time of the monotonic clock."""
        tick = math.ceil(moment * TICKS_PER_SECOND)
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = set()
            heapq.heappush(self._ticks, tick)
        return bucket

    def put(self, message: Message, moment: float) -> None:
        """Hide a message until this time."""
        message.bucket = self.bucket(moment)
        message.bucket.add(message)

    def take(self, message: Message) -> None:
        """Remove a hidden message."""
        if message.bucket is not None:
            message.bucket.discard(message)
            message.bucket = None

    def due(self, now: float) -> Iterator[Message]:
        """Remove and yield the messages whose time has come, in the order of sending within a bucket."""
        while self._ticks and self._ticks[0] <= now * TICKS_PER_SECOND:
            for message in sorted(self._buckets.pop(heapq.heappop(self._ticks)), key=lambda one: one.number):
                message.bucket = None
                yield message
