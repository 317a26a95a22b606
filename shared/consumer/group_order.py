"""Processes deliveries of one message group in order, and different groups concurrently."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Ack, DeadLetter, Disposition

Process = Callable[[Delivery], Awaitable[Disposition]]
Settle = Callable[[Delivery, Disposition], Awaitable[None]]
HandBack = Callable[[Sequence[Delivery]], Awaitable[None]]


def group_batches(deliveries: Iterable[Delivery], *, in_order: bool) -> list[list[Delivery]]:
    """Divide one receive into batches that are processed concurrently.

    On a FIFO queue there is one batch per message group. On a standard queue every message is a batch of its own:
    there the group only serves the fairness of the queue, and its messages need not wait for each other.
    """
    if not in_order:
        return [[delivery] for delivery in deliveries]
    by_group: dict[str | None, list[Delivery]] = {}
    for delivery in deliveries:
        by_group.setdefault(delivery.group, []).append(delivery)
    return list(by_group.values())


async def process_in_order(
    batch: Sequence[Delivery],
    *,
    process: Process,
    settle: Settle,
    hand_back: HandBack,
    stopping: Callable[[], bool],
) -> None:
    """Process one batch in order; each delivery is settled before the next one starts.

    When a delivery stays unfinished, or a stop was requested, its successors are handed back in order.
    """
    for position, delivery in enumerate(batch):
        disposition = await process(delivery)
        await settle(delivery, disposition)
        if stopping() or not isinstance(disposition, Ack | DeadLetter):
            if successors := batch[position + 1 :]:
                await hand_back(successors)
            return
