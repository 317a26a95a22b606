"""One queue; the time of every operation is independent of the backlog."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.broker.counts import Counts
from tests.broker.errors import SqsError, expired_receipt, invalid_parameter, invalid_receipt
from tests.broker.expiring_map import ExpiringMap
from tests.broker.fifo import FifoOrder
from tests.broker.message import Message
from tests.broker.order import Order, StandardOrder
from tests.broker.settings import Settings
from tests.broker.visibility import HiddenMessages


@dataclass(slots=True)
class _Attempt:
    messages: Sequence[Message]
    receipts: Sequence[str]
    bucket: set[Message]
    """The bucket of all messages; one in another bucket was deleted or had its timeout changed."""

    @property
    def unchanged(self) -> bool:
        return all(
            message.bucket is self.bucket and message.receipt == receipt
            for message, receipt in zip(self.messages, self.receipts, strict=True)
        )


class Queue:
    """The visible messages, in their order, and the hidden ones."""

    def __init__(
        self, *, name: str, url: str, arn: str, settings: Settings, counts: Counts, clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.url = url
        self.arn = arn
        self.settings = settings
        self.counts = counts
        self.delayed = 0
        self.in_flight = 0
        self.dead_letters: Queue | None = None
        self.sent_ids: ExpiringMap[Message] = ExpiringMap(clock)
        """By deduplication id."""
        self._attempts: ExpiringMap[_Attempt] = ExpiringMap(clock)
        self._clock = clock
        self._order: Order = FifoOrder() if settings.fifo else StandardOrder()
        self._hidden = HiddenMessages()
        self._received: dict[int, Message] = {}
        """Messages that were received at least once and not deleted."""

    @property
    def visible(self) -> int:
        """Return the number of visible messages."""
        return len(self._order)

    def put(self, message: Message, *, delay_seconds: int = 0) -> None:
        """Add a message."""
        if delay_seconds:
            self.delayed += 1
            self._hidden.put(message, self._clock() + delay_seconds)
        else:
            self._order.add(message)

    def take(self, max_count: int, seconds: int, attempt_id: str | None = None) -> Sequence[Message]:
        """Receive up to `max_count` messages and hide them for `seconds`.

        The same attempt id returns the same messages again with the same receipts, as long as all of them are in
        flight and their timeouts were not changed.
        """
        self.expire()
        if attempt_id and self._order.strict and (again := self._again(attempt_id, seconds)):
            return again
        messages: Sequence[Message] = ()
        while len(messages) < max_count and (batch := self._order.take(max_count - len(messages))):
            if self.dead_letters:
                batch = [message for message in batch if not self._redrive_if_exhausted(message, self.dead_letters)]
            messages = [*messages, *batch] if messages else batch
        bucket = self._hidden.bucket(self._clock() + seconds)
        for message in messages:
            message.receives += 1
            message.first_received_ms = message.first_received_ms or time.time_ns() // 1_000_000
            message.receipt = f"{self.name}:{message.number}:{message.receives}"
            message.bucket = bucket
            bucket.add(message)
            self._received[message.number] = message
        self.in_flight += len(messages)
        self.counts.received += len(messages)
        if attempt_id and messages and self._order.strict:
            self._attempts.put(attempt_id, _Attempt(messages, [message.receipt for message in messages], bucket))
        return messages

    def delete(self, receipt: str) -> None:
        """Delete by receipt.

        Raises:
            SqsError: the receipt is not from this queue, or has expired (FIFO).
        """
        message = self._of(receipt)
        if message is None:
            self.counts.deleted_again += 1
        elif message.receipt != receipt or (message.bucket is None and self._order.strict):
            if self._order.strict:
                raise expired_receipt(receipt)
            self.counts.deleted_stale += 1
        else:
            self.counts.deleted += 1
            del self._received[message.number]
            if message.bucket is None:
                self._order.discard(message)
            else:
                self._hidden.take(message)
                self.in_flight -= 1
                self._order.settle(message)

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Hide a message in flight until `seconds` from now.

        Raises:
            SqsError: the message is not in flight, or the receipt is not its latest.
        """
        message = self._of(receipt)
        if message is None or (message.receipt != receipt and self._order.strict):
            reason = "Message does not exist or is not available for visibility timeout change."
            raise invalid_parameter(f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: {reason}")
        if message.bucket is None or message.receipt != receipt:
            raise SqsError("MessageNotInflight", "The message referred to isn't in flight.")
        self._hidden.take(message)
        if seconds:
            self._hidden.put(message, self._clock() + seconds)
        else:
            self._show(message)

    def expire(self) -> None:
        """Make the messages visible whose timeout or delay has ended."""
        for message in self._hidden.due(self._clock()):
            self._show(message)

    def purge(self) -> None:
        """Delete every message."""
        self._order = FifoOrder() if self._order.strict else StandardOrder()
        self._hidden = HiddenMessages()
        self._received.clear()
        self.delayed = self.in_flight = 0

    def _show(self, message: Message) -> None:
        if message.receives:
            self.in_flight -= 1
            self._order.put_back(message)
        else:
            self.delayed -= 1
            self._order.add(message)

    def _again(self, attempt_id: str, seconds: int) -> Sequence[Message] | None:
        attempt = self._attempts.get(attempt_id)
        if attempt is None or not attempt.unchanged:
            return None
        attempt.bucket = self._hidden.bucket(self._clock() + seconds)
        for message in attempt.messages:
            self._hidden.take(message)
            message.bucket = attempt.bucket
            attempt.bucket.add(message)
        return attempt.messages

    def _redrive_if_exhausted(self, message: Message, target: "Queue") -> bool:
        if message.receives < self.settings.max_receives:
            return False
        self._received.pop(message.number, None)
        self._order.settle(message)
        copy = Message(
            message.rendered,
            sent_ms=message.sent_ms,
            group=message.group,
            deduplication_id=message.deduplication_id,
            trace=message.trace,
            attributes=message.attributes,
        )
        copy.source_arn = self.arn
        target.put(copy)
        self.counts.redriven += 1
        return True

    def _of(self, receipt: str) -> Message | None:
        self.expire()
        name, _, rest = receipt.partition(":")
        number = rest.partition(":")[0]
        if name != self.name or not number.isdecimal():
            raise invalid_receipt(receipt)
        return self._received.get(int(number))
