"""Dead-letters a message: copies it to the dead-letter queue with its reason."""

from shared.consumer.decode import UndecodableError
from shared.consumer.delivery import DeadLetterCopy, Delivery, Queue
from shared.consumer.disposition import DeadLetter
from shared.consumer.handler import QueuedMessage


class DeadLetters:
    """Copies messages to the dead-letter queue; the source message is deleted later, by the disposition.

    A crash in between repeats the copy and loses nothing. Each copy has its own deduplication id, because SQS
    silently drops a message whose id it saw in the last five minutes, and the source would still be deleted.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def copy(self, delivery: Delivery, message: QueuedMessage, disposition: DeadLetter) -> None:
        """Copy a message that failed permanently."""
        await self._queue.put_dead_letter(
            DeadLetterCopy(
                delivery=delivery,
                deduplication_id=f"{message.claim_key}#{delivery.receive_count}",
                reason=disposition.reason,
                error=disposition.error,
                attempts=disposition.attempts,
            )
        )

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
