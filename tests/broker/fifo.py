"""The order of a FIFO queue: groups alternate, and a group with a message in flight waits."""

from collections import deque
from collections.abc import Sequence

from tests.broker.message import Message


class _Group:
    __slots__ = ("in_flight", "name", "queued", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: deque[Message] = deque()
        self.in_flight = 0
        self.queued = False
        """Whether it is in the queue of groups that are ready."""


class FifoOrder:
    """A queue of messages for each group, and a queue of the groups that may be received from."""

    strict = True

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._ready: deque[_Group] = deque()
        self._visible = 0

    def add(self, message: Message) -> None:
        """Append a message to its group."""
        group = self._group(message)
        group.waiting.append(message)
        self._visible += 1
        self._queue_up(group)

    def take(self, max_count: int) -> Sequence[Message]:
        """Return as many messages of one group as there are, then of the next, as SQS does.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
        """
        messages: list[Message] = []
        while self._ready and len(messages) < max_count:
            group = self._ready.popleft()
            group.queued = False
            count = min(max_count - len(messages), len(group.waiting))
            messages += [group.waiting.popleft() for _ in range(count)]
            group.in_flight += count
        self._visible -= len(messages)
        return messages

    def put_back(self, message: Message) -> None:
        """Insert a message before those of its group that were sent later."""
        group = self._group(message)
        later = (index for index, other in enumerate(group.waiting) if other.number > message.number)
        index = next(later, len(group.waiting))
        group.waiting.insert(index, message)
        group.in_flight -= 1
        self._visible += 1
        self._queue_up(group)

    def settle(self, message: Message) -> None:
        """Count a message as processed; the group is ready again when none of its messages is in flight."""
        group = self._group(message)
        group.in_flight -= 1
        self._queue_up(group)
        if not group.waiting and not group.in_flight:
            del self._groups[group.name]

    def discard(self, message: Message) -> None:
        """Remove a message from its group."""
        self._group(message).waiting.remove(message)
        self._visible -= 1

    def __len__(self) -> int:
        return self._visible

    def _group(self, message: Message) -> _Group:
        name = message.group or ""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(name)
        return group

    def _queue_up(self, group: _Group) -> None:
        if group.waiting and not group.in_flight and not group.queued:
            group.queued = True
            self._ready.append(group)
