"""Which message is next on a FIFO queue: groups take turns, and a group with a message in flight waits."""

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
        """Whether it stands in the line of groups that have something to give."""


class FifoOrder:
    """A line per group, and a line of the groups that may be received from."""

    strict = True

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._turns: deque[_Group] = deque()
        self._visible = 0

    def add(self, message: Message) -> None:
        """Put it last in its group."""
        group = self._group(message)
        group.waiting.append(message)
        self._visible += 1
        self._queue_up(group)

    def take(self, most: int) -> Sequence[Message]:
        """Give as many of one group as there are, then of the next, as SQS does.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
        """
        taken: list[Message] = []
        while self._turns and len(taken) < most:
            group = self._turns.popleft()
            group.queued = False
            count = min(most - len(taken), len(group.waiting))
            taken += [group.waiting.popleft() for _ in range(count)]
            group.in_flight += count
        self._visible -= len(taken)
        return taken

    def put_back(self, message: Message) -> None:
        """Put it where it was, before those sent after it."""
        group = self._group(message)
        later = (place for place, other in enumerate(group.waiting) if other.number > message.number)
        place = next(later, len(group.waiting))
        group.waiting.insert(place, message)
        group.in_flight -= 1
        self._visible += 1
        self._queue_up(group)

    def settled(self, message: Message) -> None:
        """Let the group go on once none of it is in flight."""
        group = self._group(message)
        group.in_flight -= 1
        self._queue_up(group)
        if not group.waiting and not group.in_flight:
            del self._groups[group.name]

    def discard(self, message: Message) -> None:
        """Drop it from its group."""
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
            self._turns.append(group)
