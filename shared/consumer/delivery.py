"""A delivery (one receipt of one message), and the port of its queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True)  # not frozen: there is one per message, and frozen ones take a third longer to create
class Delivery:
    """A message as it was received: to be settled before its visibility time-out ends."""

    message_id: str
    receipt: str
    body: str
    group: str | None = None
    """The FIFO message group; None on a standard queue without groups."""
    receive_count: int = 1
    trace: str | None = None
    sent_at: float | None = None
    """When it was sent, in seconds since the epoch."""
    attributes: Mapping[str, str] | None = None
    """The attributes of a copy on a dead-letter queue (`DeadLetterCopy`); other messages have none."""


def make_delivery(
    *, message_id: str, receipt: str, body: str, attributes: Mapping[str, Any], texts: Mapping[str, str] | None
) -> Delivery:
    """Return the delivery of a message; a receive and a Lambda event have the same system attributes."""
    sent = attributes.get("SentTimestamp")
    return Delivery(
        message_id=message_id,
        receipt=receipt,
        body=body,
        group=attributes.get("MessageGroupId"),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        trace=attributes.get("AWSTraceHeader"),
        sent_at=int(sent) / 1000 if sent else None,
        attributes=texts,
    )


@dataclass(frozen=True, slots=True)
class VisibilityChange:
    """In how many seconds an unsettled delivery becomes visible again; 0 means at once."""

    delivery: Delivery
    seconds: int


@dataclass(frozen=True, slots=True)
class DeadLetterCopy:
    """The copy that is put on the dead-letter queue before the source message is deleted."""

    delivery: Delivery
    deduplication_id: str
    reason: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class FailedEntry:
    """An entry of a batch call that the queue did not carry out (`Failed` in the answers of SQS)."""

    delivery: Delivery
    gone: bool = False
    """The receipt is no longer valid: a retry cannot succeed."""


class Queue(Protocol):
    """The source of deliveries. A call that fails raises `TransientError` or `PermanentError`.

    Every call ends by itself: an answer that does not come within its deadline is a `TransientError`.
    """

    name: str

    @property
    def is_fifo(self) -> bool:
        """Whether messages of a group arrive in order, and a receive can be repeated by its attempt id."""
        ...

    async def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None = None
    ) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one.

        On a FIFO queue a call with the `attempt_id` of an earlier one whose answer was lost returns the
        same messages, within five minutes
        (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html).
        """
        ...

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[FailedEntry]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        ...

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[FailedEntry]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        ...

    async def put_dead_letter(self, copy: DeadLetterCopy) -> None:
        """Put a copy on the dead-letter queue; the source message stays."""
        ...

    async def read_max_receive_count(self) -> int | None:
        """Return after how many receives the queue itself dead-letters a message; None if it never does."""
        ...
