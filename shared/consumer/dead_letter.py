"""Dead-letters a message: copies it to the dead-letter queue with its reason, then notifies whoever waits for it."""

from typing import Generic

from shared.claims import Claim
from shared.consumer.decode import UndecodableError
from shared.consumer.delivery import DeadLetterCopy, Delivery, Queue
from shared.consumer.disposition import DeadLetter
from shared.consumer.handler import Handler, MessageT


class DeadLetters(Generic[MessageT]):
    """Copies messages to the dead-letter queue; the source message is deleted later, by the disposition.

    A crash in between repeats the copy and loses nothing. Each copy has its own deduplication id, because SQS
    silently drops a message whose id it saw in the last five minutes, and the source would still be deleted.
    """

    def __init__(self, queue: Queue, handler: Handler[MessageT]) -> None:
        self._queue = queue
        self._handler = handler

    async def dead_letter_failed(
        self, delivery: Delivery, message: MessageT, claim: Claim, disposition: DeadLetter
    ) -> None:
        """Copy a message that failed permanently; its handler notifies whoever waits and records the end."""
        await self._queue.put_dead_letter(
            DeadLetterCopy(
                delivery=delivery,
                deduplication_id=f"{message.claim_key}#{delivery.receive_count}",
                reason=disposition.reason,
                error=disposition.error,
                attempts=disposition.attempts,
            )
        )
        await self._handler.give_up(message, claim, disposition.reason)

    async def dead_letter_unreadable(self, delivery: Delivery, error: UndecodableError) -> DeadLetter:
        """Copy a message that can't be decoded, and return its disposition."""
        await self._queue.put_dead_letter(
            DeadLetterCopy(
                delivery=delivery,
                deduplication_id=f"{delivery.message_id}#{delivery.receive_count}",
                reason=error.reason,
                error=str(error),
                attempts=0,
            )
        )
        return DeadLetter(reason=error.reason, error=str(error), attempts=0)
