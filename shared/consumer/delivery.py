"""One receipt of one message, and the port to the queue that it came from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was received: to be settled before its visibility time-out ends."""

    message_id: str
    receipt: str
    body: str
    group: str | None = None
    """The FIFO message group; None on a standard queue without groups."""
    receive_count: int = 1
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class VisibilityChange:
    """When an unsettled delivery shall be seen again, in seconds from now; 0 is at once."""

    delivery: Delivery
    seconds: int


@dataclass(frozen=True, slots=True)
class DeadLetterCopy:
    """What goes to the dead-letter queue before the source message is deleted."""

    delivery: Delivery
    deduplication_id: str
    reason: str
    error: str
    attempts: int
    attributes: dict[str, str] = field(default_factory=dict)


class Queue(Protocol):
    """The source of deliveries. A call that does not work raises `TransientError` or `PermanentError`."""

    name: str

    async def receive(self, *, max_messages: int, wait_seconds: int, visibility_seconds: int) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one."""
        ...

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        ...

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[Delivery]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        ...

    async def dead_letter(self, copy: DeadLetterCopy) -> None:
        """Put a copy on the dead-letter queue; the source message is left alone."""
        ...
