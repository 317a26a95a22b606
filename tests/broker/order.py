"""The order of a standard queue: the oldest visible message is next."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from tests.broker.message import Message


class Order(Protocol):
    """The messages of one queue that are neither in flight nor delayed."""

    strict: bool
    """Whether a receipt is invalid after its visibility timeout has ended."""

    def add(self, message: Message) -> None:
        """Add a message that was just sent."""
        ...

    def take(self, max_count: int) -> Sequence[Message]:
        """Return the next messages, which are in flight from now on."""
        ...

    def put_back(self, message: Message) -> None:
        """Add a message that was in flight."""
        ...

    def settle(self, message: Message) -> None:
        """Handle that a message in flight has left the queue."""
        ...

    def discard(self, message: Message) -> None:
        """Remove a message that is not in flight."""
        ...

    def __len__(self) -> int: ...


class StandardOrder:
    """First in, first out, without guarantees."""

    strict = False

    def __init__(self) -> None:
        self._queue: deque[Message] = deque()
        self._dropped = 0

    def add(self, message: Message) -> None:
        """Append a message."""
        self._queue.append(message)

    def take(self, max_count: int) -> Sequence[Message]:
        """Return the first messages."""
        queue = self._queue
        messages = [queue.popleft() for _ in range(min(max_count, len(queue)))]
        if not self._dropped:
            return messages
        kept = [message for message in messages if not message.deleted]
        self._dropped -= len(messages) - len(kept)
        return kept or (self.take(max_count) if queue else kept)

    def put_back(self, message: Message) -> None:
        """Append a message: a standard queue guarantees no order."""
        self._queue.append(message)

    def settle(self, message: Message) -> None:
        """Do nothing: no message waits for another."""

    def discard(self, message: Message) -> None:
        """Mark a message as deleted; `take` skips it."""
        message.deleted = True
        self._dropped += 1

    def __len__(self) -> int:
        return len(self._queue) - self._dropped
