"""A queue in memory for virtual time: it wakes who polls when a message arrives, and costs little with many of them."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.consumer.delivery import DeadLetterCopy, Delivery, FailedEntry, VisibilityChange


@dataclass(slots=True)
class _Message:
    number: int
    body: str
    group: str
    sent_at: float
    receives: int = 0


class SimulatedQueue:
    """One queue. A name that ends in `.fifo` makes it a FIFO queue: a group with a message in flight is passed over."""

    def __init__(self, *, name: str, clock: Clock) -> None:
        self.name = name
        self.dead_letters: list[DeadLetterCopy] = []
        self._clock = clock
        self._numbers = itertools.count(1)
        self._groups: dict[str, deque[_Message]] = {}
        self._ready: list[tuple[int, str]] = []
        self._hidden: list[tuple[float, int, str]] = []
        self._arrived = asyncio.Event()

    @property
    def is_fifo(self) -> bool:
        """Whether messages of a group arrive in order."""
        return self.name.endswith(".fifo")

    @property
    def length(self) -> int:
        """Return how many messages there are, in flight or not."""
        return sum(map(len, self._groups.values()))

    def send(self, body: str, *, group: str) -> None:
        """Put a message."""
        number = next(self._numbers)
        message = _Message(number, body, group if self.is_fifo else str(number), self._clock.now().timestamp())
        waiting = self._groups.setdefault(message.group, deque())
        waiting.append(message)
        if len(waiting) == 1:
            self._show(message)

    async def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None = None
    ) -> Sequence[Delivery]:
        """Return up to so many messages, waiting for the first one."""
        del visibility_seconds, attempt_id
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_seconds
        while not (found := self._take(max_messages)) and (left := until - loop.time()) > 0:
            due = self._hidden[0][0] - self._clock.now().timestamp() if self._hidden else left
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(min(left, due), 0.001)):
                    await self._arrived.wait()
            except TimeoutError:
                continue
        await asyncio.sleep(0)
        return found

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[FailedEntry]:
        """Delete messages; the next ones of their groups are visible then."""
        await asyncio.sleep(0)
        for delivery in deliveries:
            group = self._groups.get(delivery.message_id)
            if group:
                group.popleft()
                if group:
                    self._show(group[0])
                else:
                    del self._groups[delivery.message_id]
        return ()

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[FailedEntry]:
        """Hide messages that are in flight for a while, and their groups with them."""
        await asyncio.sleep(0)
        now = self._clock.now().timestamp()
        for change in changes:
            group = self._groups[change.delivery.message_id]
            heapq.heappush(self._hidden, (now + change.seconds, group[0].number, change.delivery.message_id))
            self._arrived.set()
        return ()

    async def read_max_receive_count(self) -> int | None:
        """Return that of the template."""
        await asyncio.sleep(0)
        return 100

    async def put_dead_letter(self, copy: DeadLetterCopy) -> None:
        """Note a dead letter."""
        await asyncio.sleep(0)
        self.dead_letters.append(copy)

    def _take(self, max_messages: int) -> list[Delivery]:
        now = self._clock.now().timestamp()
        while self._hidden and self._hidden[0][0] <= now:
            _, number, group = heapq.heappop(self._hidden)
            heapq.heappush(self._ready, (number, group))
        found = []
        while self._ready and len(found) < max_messages:
            _, group = heapq.heappop(self._ready)
            message = self._groups[group][0]
            message.receives += 1
            found.append(
                Delivery(
                    # Only the first message of a group is in flight.
                    message_id=group,
                    receipt=f"{message.number}/{message.receives}",
                    body=message.body,
                    group=group if self.is_fifo else None,
                    receive_count=message.receives,
                    sent_at=message.sent_at,
                )
            )
        return found

    def _show(self, message: _Message) -> None:
        heapq.heappush(self._ready, (message.number, message.group))
        self._arrived.set()
