"""Order: deliveries of one group one after the other, different groups side by side."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Ack, DeadLetter, Disposition

Process = Callable[[Delivery], Awaitable[Disposition]]
Settle = Callable[[Delivery, Disposition], Awaitable[None]]
HandBack = Callable[[Sequence[Delivery]], Awaitable[None]]


def lines(deliveries: Iterable[Delivery], *, in_order: bool) -> list[list[Delivery]]:
    """Return the deliveries as lines to be worked on side by side.

    On a FIFO queue there is a line per group. On a standard queue every message is a line of its own: a group there
    is a matter of fairness, which the queue sees to, and its messages need not wait for each other.
    """
    if not in_order:
        return [[delivery] for delivery in deliveries]
    by_group: dict[str | None, list[Delivery]] = {}
    for delivery in deliveries:
        by_group.setdefault(delivery.group, []).append(delivery)
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
            if successors := line[position + 1 :]:
                await hand_back(successors)
            return
