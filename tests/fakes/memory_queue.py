"""A queue in memory with the rules of SQS, and with faults that a test can order."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock, SystemClock
from shared.consumer.delivery import DeadLetterCopy, Delivery, FailedEntry, VisibilityChange
from shared.errors import TransientError

_DEDUPLICATION = timedelta(minutes=5)
_POLL_SECONDS = 0.005
"""How often a long poll looks again; a clock that a test turns wakes nobody."""


@dataclass(slots=True)
class _Message:
    id: str
    body: str
    group: str | None
    visible_at: float = 0.0
    received: int = 0
    receipt: str = ""
    sent_at: float = 0.0


class MemoryQueue:
    """One queue with its dead-letter queue. A name that ends in `.fifo` makes it a FIFO queue.

    Faults are orders: each names a call (`receive`, `delete`, `change_visibility` or `dead_letter`) and how many
    of the next ones it spoils. The queue may be used from two event loops on two threads.
    """

    def __init__(
        self, *, name: str = "memory.fifo", clock: Clock | None = None, max_receive_count: int | None = None
    ) -> None:
        self.name = name
        self.dead_letters: list[DeadLetterCopy] = []
        self.redriven: list[Delivery] = []
        """What the queue itself gave up, after `max_receive_count` receives."""
        self.calls: Counter[str] = Counter()
        self.open_polls = 0
        self._polls_end_early = False
        self._clock = clock or SystemClock()
        self._max_receive_count = max_receive_count
        self._messages: dict[str, _Message] = {}
        self._numbers = itertools.count(1)
        self._seen: dict[tuple[str, str | None, str], float] = {}
        self._failing_calls: Counter[str] = Counter()
        self._failing_entries: Counter[str] = Counter()
        self._stalls: dict[str, list[float]] = {}
        self._attempts: dict[str, list[Delivery]] = {}
        self._doubled: deque[Delivery] = deque()
        self._double_next = 0

    @property
    def is_fifo(self) -> bool:
        """Whether groups keep their order and deduplication ids count."""
        return self.name.endswith(".fifo")

    # --- the sender's side, and what a test may order and see ---------------------------------------------------

    def send(self, body: str, *, group: str | None = None, deduplication_id: str | None = None) -> None:
        """Put a message; a FIFO queue swallows an id that it saw in the group in the last five minutes."""
        if self.is_fifo and group is None:
            raise ValueError("a FIFO queue wants a group")
        if deduplication_id is None or self._is_new("source", group, deduplication_id):
            number = next(self._numbers)
            self._messages[f"m{number}"] = _Message(f"m{number}", body, group, sent_at=self._now())

    def fail_calls(self, call: str, times: int = 1) -> None:
        """Make the next calls raise `TransientError` and do nothing."""
        self._failing_calls[call] += times

    def fail_entries(self, call: str, times: int = 1) -> None:
        """Make this many entries of the next batches fail; their batch-mates are carried out."""
        self._failing_entries[call] += times

    def stall(self, call: str, seconds: float, times: int = 1) -> None:
        """Make the next calls do their work and answer only this much later, or never if they are cut off."""
        self._stalls.setdefault(call, []).extend([seconds] * times)

    def invalidate(self, body: str) -> None:
        """Show a message that is in flight to others again, so that its present receipt is worth nothing."""
        for message in self._messages.values():
            if message.body == body:
                message.receipt, message.visible_at = "", 0.0

    def double_next(self, times: int = 1) -> None:
        """Deliver each of the next messages once more, in spite of its visibility time-out."""
        self._double_next += times

    def end_polls(self) -> None:
        """End open and later long polls after a moment, as if their time were over: a stop waits for open ones."""
        self._polls_end_early = True

    def bodies(self) -> list[str]:
        """Return what is on the queue, in flight or not, in the order of sending."""
        return [message.body for message in self._messages.values()]

    def in_flight(self) -> list[str]:
        """Return the bodies that are invisible now."""
        return [message.body for message in self._messages.values() if message.visible_at > self._now()]

    # --- the consumer's side ------------------------------------------------------------------------------------

    async def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None = None
    ) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one."""
        self._called("receive", max_messages)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_seconds
        self.open_polls += 1
        try:
            while not (found := self._attempted(attempt_id) or self._take(max_messages, visibility_seconds)):
                if loop.time() >= until:
                    break
                await asyncio.sleep(_POLL_SECONDS)
                if self._polls_end_early:
                    until = loop.time()
            if attempt_id is not None:
                self._attempts[attempt_id] = found
            await self._stalled("receive")
        finally:
            self.open_polls -= 1
        return found

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[FailedEntry]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        self._called("delete", len(deliveries))
        await self._stalled("delete")
        failed_entries = []
        for delivery in deliveries:
            if self._spoils_entry("delete"):
                failed_entries.append(FailedEntry(delivery))
            elif message := self._held(delivery):
                del self._messages[message.id]
            elif self.is_fifo and delivery.message_id in self._messages:
                failed_entries.append(FailedEntry(delivery, gone=True))
        return failed_entries

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[FailedEntry]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        self._called("change_visibility", len(changes))
        await self._stalled("change_visibility")
        failed_entries = []
        for change in changes:
            if self._spoils_entry("change_visibility"):
                failed_entries.append(FailedEntry(change.delivery))
            elif (message := self._held(change.delivery)) and message.visible_at > self._now():
                message.visible_at = self._now() + change.seconds
            else:
                failed_entries.append(FailedEntry(change.delivery, gone=True))
        return failed_entries

    async def read_max_receive_count(self) -> int | None:
        """Return after how many receives the queue itself gives a message up."""
        await asyncio.sleep(0)
        return self._max_receive_count

    async def put_dead_letter(self, copy: DeadLetterCopy) -> None:
        """Put a copy on the dead-letter queue; the source message is left alone."""
        self._called("put_dead_letter", 1)
        await asyncio.sleep(0)
        if not self.is_fifo or self._is_new("dead letters", copy.delivery.group, copy.deduplication_id):
            self.dead_letters.append(copy)

    async def _stalled(self, call: str) -> None:
        waits = self._stalls.get(call)
        await asyncio.sleep(waits.pop(0) if waits else 0)

    # --- the rules ----------------------------------------------------------------------------------------------

    def _attempted(self, attempt_id: str | None) -> list[Delivery]:
        """Return what the receive of this id took, while all of it is as it was."""
        if not self.is_fifo or attempt_id is None:
            return []
        found = self._attempts.get(attempt_id, [])
        held = [self._held(delivery) for delivery in found]
        return found if all(message and message.visible_at > self._now() for message in held) else []

    def _take(self, max_messages: int, visibility_seconds: int) -> list[Delivery]:
        found = [self._doubled.popleft() for _ in range(min(max_messages, len(self._doubled)))]
        blocked = self._groups_in_flight() if self.is_fifo else set()
        for message in list(self._messages.values()):
            if len(found) >= max_messages:
                break
            if message.visible_at > self._now() or message.group in blocked:
                continue
            if self._max_receive_count is not None and message.received >= self._max_receive_count:
                self.redriven.append(_delivery(self._messages.pop(message.id)))
                continue
            found.append(self._received(message, visibility_seconds))
        if self._double_next:
            doubled = found[: self._double_next]
            self._double_next -= len(doubled)
            self._doubled.extend(
                self._received(self._messages[delivery.message_id], visibility_seconds) for delivery in doubled
            )
        return found

    def _groups_in_flight(self) -> set[str | None]:
        return {message.group for message in self._messages.values() if message.visible_at > self._now()}

    def _received(self, message: _Message, visibility_seconds: int) -> Delivery:
        message.received += 1
        message.receipt = f"{message.id}/{message.received}"
        message.visible_at = self._now() + visibility_seconds
        return _delivery(message)

    def _held(self, delivery: Delivery) -> _Message | None:
        """Return the message if the receipt is its latest; a FIFO queue wants its time-out not to be over too."""
        message = self._messages.get(delivery.message_id)
        if message is None or message.receipt != delivery.receipt:
            return None
        return None if self.is_fifo and message.visible_at <= self._now() else message

    def _is_new(self, where: str, group: str | None, deduplication_id: str) -> bool:
        key, now = (where, group, deduplication_id), self._now()
        is_new = now - self._seen.get(key, float("-inf")) >= _DEDUPLICATION.total_seconds()
        if is_new:
            self._seen[key] = now
        return is_new

    def _called(self, call: str, entries: int) -> None:
        self.calls[call] += 1
        if not 1 <= entries <= 10:
            raise ValueError(f"{call}: 1 to 10 at a time, not {entries}")
        if self._failing_calls[call]:
            self._failing_calls[call] -= 1
            raise TransientError(f"{call}: ordered by the test")

    def _spoils_entry(self, call: str) -> bool:
        spoils = self._failing_entries[call] > 0
        self._failing_entries[call] -= spoils
        return spoils

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _delivery(message: _Message) -> Delivery:
    return Delivery(
        message_id=message.id,
        receipt=message.receipt,
        body=message.body,
        group=message.group,
        receive_count=message.received,
        sent_at=message.sent_at,
    )
