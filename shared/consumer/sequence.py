"""Order: deliveries of one group one after the other, different groups side by side."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Ack, DeadLetter, Disposition

Process = Callable[[Delivery], Awaitable[Disposition]]
Settle = Callable[[Delivery, Disposition], Awaitable[None]]
HandBack = Callable[[Delivery], Awaitable[None]]


def lines(deliveries: Iterable[Delivery]) -> list[list[Delivery]]:
    """Return the deliveries as lines to be worked on side by side: one per group, or per message without one."""
    by_group: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        key = f"group {delivery.group}" if delivery.group is not None else f"message {delivery.receipt}"
        by_group.setdefault(key, []).append(delivery)
    return list(by_group.values())


async def work_through(
    line: Sequence[Delivery],
    *,
    process: Process,
    settle: Settle,
    hand_back: HandBack,
    stopping: Callable[[], bool],
) -> None:
    """Work on one line in order; each delivery is settled before the next one starts.

    When one is not done, or a stop was asked for, those behind it are handed back: none overtakes.
    """
    for position, delivery in enumerate(line):
        disposition = await process(delivery)
        await settle(delivery, disposition)
        if stopping() or not isinstance(disposition, Ack | DeadLetter):
            # Last first: once the queue may show the group again, all of it is back.
            for successor in reversed(line[position + 1 :]):
                await hand_back(successor)
            return
