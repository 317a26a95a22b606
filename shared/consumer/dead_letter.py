"""The end of a message that nobody will try again: copied with its reason first, told to whoever waits second."""

from typing import Generic

from shared.claims import Claim
from shared.consumer.decode import UndecodableError
from shared.consumer.delivery import DeadLetterCopy, Delivery, Queue
from shared.consumer.disposition import DeadLetter
from shared.consumer.handler import Handler, W


class DeadLetters(Generic[W]):
    """Copies messages to the dead-letter queue; the source message is deleted later, by the disposition.

    A crash in between repeats the copy and loses nothing. Each copy has a deduplication id of its own, because SQS
    silently drops one whose id it saw in the last five minutes, and the source would be deleted all the same.
    """

    def __init__(self, queue: Queue, handler: Handler[W]) -> None:
        self._queue = queue
        self._handler = handler

    async def failed(self, delivery: Delivery, work: W, claim: Claim, disposition: DeadLetter) -> None:
        """Copy a command that failed for good, and let its handler say so and record its end."""
        await self._queue.dead_letter(
            DeadLetterCopy(
                delivery=delivery,
                deduplication_id=f"{work.claim_key}#{delivery.receive_count}",
                reason=disposition.reason,
                error=disposition.error,
                attempts=disposition.attempts,
            )
        )
        await self._handler.give_up(work, claim, disposition.reason)

    async def unread(self, delivery: Delivery, error: UndecodableError) -> DeadLetter:
        """Copy a message that can't be read, and return the disposition that ends it."""
        await self._queue.dead_letter(
            DeadLetterCopy(
                delivery=delivery,
                deduplication_id=f"{delivery.message_id}#{delivery.receive_count}",
                reason=error.reason,
                error=str(error),
                attempts=0,
            )
        )
        return DeadLetter(reason=error.reason, error=str(error), attempts=0)
