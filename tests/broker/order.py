"""Which message is next on a standard queue: the oldest that can be seen."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from tests.broker.message import Message


class Order(Protocol):
    """The messages of one queue that are neither in flight nor delayed."""

    strict: bool
    """Whether a receipt is worth nothing once its visibility time-out has ended."""

    def add(self, message: Message) -> None:
        """Take in a message that was just sent."""
        ...

    def take(self, most: int) -> Sequence[Message]:
        """Give out the next ones; they are in flight from now on."""
        ...

    def put_back(self, message: Message) -> None:
        """Take a message back that was in flight."""
        ...

    def settled(self, message: Message) -> None:
        """Hear that a message in flight has left the queue."""
        ...

    def discard(self, message: Message) -> None:
        """Drop a message that is not in flight."""
        ...

    def __len__(self) -> int: ...


class StandardOrder:
    """A plain line."""

    strict = False

    def __init__(self) -> None:
        self._line: deque[Message] = deque()
        self._dropped = 0

    def add(self, message: Message) -> None:
        """Put it last."""
        self._line.append(message)

    def take(self, most: int) -> Sequence[Message]:
        """Give the first ones."""
        line = self._line
        taken = [line.popleft() for _ in range(min(most, len(line)))]
        if not self._dropped:
            return taken
        kept = [message for message in taken if not message.deleted]
        self._dropped -= len(taken) - len(kept)
        return kept or (self.take(most) if line else kept)

    def put_back(self, message: Message) -> None:
        """Put it last: a standard queue promises no order."""
        self._line.append(message)

    def settled(self, message: Message) -> None:
        """Nothing waits for it."""

    def discard(self, message: Message) -> None:
        """Leave it in the line; `take` skips it."""
        message.deleted = True
        self._dropped += 1

    def __len__(self) -> int:
        return len(self._line) - self._dropped
