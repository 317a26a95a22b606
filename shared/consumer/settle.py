"""Carries dispositions out on the queue, in batches of ten."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from shared.backoff import compute_backoff_seconds
from shared.consumer.delivery import Delivery, FailedEntry, Queue, VisibilityChange
from shared.consumer.disposition import Abandon, Ack, DeadLetter, Disposition, RetryIn
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

T = TypeVar("T")

_BATCH = 10
_TRIES = 4
_LINGER_SECONDS = 0.05
"""How long the first entry of a batch waits for others. Nothing waits for it: the permit is already given back."""

_SHORT_LINGER_SECONDS = 0.005
"""The same on a FIFO queue: the next message of a group is delivered only when this one is off the queue."""

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 0.4


OnSettled = Callable[[Delivery], None]
"""Called once the queue has answered for a delivery, successfully or not."""


class Settler:
    """Settles deliveries.

    An entry that fails after several tries is logged and given up: the message is delivered again, and its
    processed-message record prevents a second execution.
    """

    def __init__(self, queue: Queue) -> None:
        linger = _SHORT_LINGER_SECONDS if queue.is_fifo else _LINGER_SECONDS
        self._deletes = _Batcher("delete", queue.delete, lambda delivery: delivery, linger)
        self._changes = _Batcher(
            "change_visibility", queue.change_visibility, lambda change: change.delivery, _SHORT_LINGER_SECONDS
        )

    def start_settling(self, delivery: Delivery, disposition: Disposition, on_settled: OnSettled) -> None:
        """Carry out one disposition, and call `on_settled` when it is done."""
        match disposition:
            case Ack() | DeadLetter():
                self._deletes.add(delivery, on_settled)
            case RetryIn(delay):
                self._changes.add(VisibilityChange(delivery, max(round(delay.total_seconds()), 0)), on_settled)
            case Abandon():
                on_settled(delivery)

    async def settle(self, delivery: Delivery, disposition: Disposition) -> None:
        """Carry out one disposition; return once the queue has answered."""
        answered = asyncio.Event()
        self.start_settling(delivery, disposition, lambda _: answered.set())
        await answered.wait()

    async def hand_back(self, deliveries: Sequence[Delivery]) -> None:
        """Make the deliveries visible again at once; return once the queue has answered.

        The last one first: when a group becomes visible again, all its messages are there, in order.
        """
        if not deliveries:
            return
        answered = asyncio.Event()
        waiting = {delivery.receipt for delivery in deliveries}

        def mark_answered(delivery: Delivery) -> None:
            waiting.discard(delivery.receipt)
            if not waiting:
                answered.set()

        for delivery in reversed(deliveries):
            self._changes.add(VisibilityChange(delivery, 0), mark_answered)
        await answered.wait()

    async def finish(self) -> None:
        """Send the incomplete batches, and return once the queue has answered for everything."""
        await asyncio.gather(self._deletes.finish(), self._changes.finish())


class _Batcher(Generic[T]):
    """Collects entries for one kind of batch call, and retries the entries that failed."""

    def __init__(
        self,
        call: str,
        send: Callable[[Sequence[T]], Awaitable[Sequence[FailedEntry]]],
        delivery_of: Callable[[T], Delivery],
        linger_seconds: float,
    ) -> None:
        self._call = call
        self._send = send
        self._delivery_of = delivery_of
        self._linger_seconds = linger_seconds
        self._waiting: list[tuple[T, OnSettled]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = contextvars.Context()
        """An empty context: log fields and trace of the delivery that completed a batch must not apply to the batch."""

    def add(self, entry: T, on_settled: OnSettled) -> None:
        self._waiting.append((entry, on_settled))
        if len(self._waiting) >= _BATCH:
            self._flush_batch()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._linger_seconds, self._flush_batch)

    async def finish(self) -> None:
        self._flush_batch()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _flush_batch(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._settle_batch(batch), context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _settle_batch(self, batch: "list[tuple[T, OnSettled]]") -> None:
        try:
            await self._send_entries([entry for entry, _ in batch])
        except Exception:
            log.exception("settlement_broken", call=self._call, entries=len(batch))
        finally:
            for entry, on_settled in batch:
                on_settled(self._delivery_of(entry))

    async def _send_entries(self, entries: list[T]) -> None:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(
                    compute_backoff_seconds(
                        attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS, fixed_share=0.5
                    )
                )
            try:
                failed_entries = await self._send(entries)
            except (TransientError, PermanentError) as error:
                log.warning("settlement_failed", call=self._call, entries=len(entries), error=str(error))
                continue
            if not failed_entries:
                return
            retryable = {one.delivery.receipt for one in failed_entries if not one.gone}
            entries = [entry for entry in entries if self._delivery_of(entry).receipt in retryable]
            if not entries:
                return
        log.error("settlement_given_up", call=self._call, entries=len(entries))
