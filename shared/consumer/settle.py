"""Carries dispositions out on the queue, in batches of ten."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from shared.backoff import backoff
from shared.consumer.delivery import Delivery, FailedEntry, Queue, VisibilityChange
from shared.consumer.disposition import Abandon, Ack, DeadLetter, Disposition, RetryIn
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

T = TypeVar("T")

_BATCH = 10
_TRIES = 4
_LINGER_SECONDS = 0.05
"""How long the first entry of a batch waits for company. Nobody waits for it: its handler's permit is back already."""

_SHORT_LINGER_SECONDS = 0.005
"""The same where somebody does: the next message of a FIFO group comes only when this one is off the queue."""

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 0.4


Then = Callable[[Delivery], None]
"""Called once the queue has answered for a delivery, however it answered."""


class Settler:
    """Settles deliveries.

    What the queue refuses after several tries is logged and left: the message comes back, and its processed-message
    record keeps it from being done twice.
    """

    def __init__(self, queue: Queue) -> None:
        linger = _SHORT_LINGER_SECONDS if queue.is_fifo else _LINGER_SECONDS
        self._deletes = _Batcher("delete", queue.delete, lambda delivery: delivery, linger)
        self._changes = _Batcher(
            "change_visibility", queue.change_visibility, lambda change: change.delivery, _SHORT_LINGER_SECONDS
        )

    def begin(self, delivery: Delivery, disposition: Disposition, then: Then) -> None:
        """Carry out one disposition, and call `then` when it is done."""
        match disposition:
            case Ack() | DeadLetter():
                self._deletes.add(delivery, then)
            case RetryIn(delay):
                self._changes.add(VisibilityChange(delivery, max(round(delay.total_seconds()), 0)), then)
            case Abandon():
                then(delivery)

    async def settle(self, delivery: Delivery, disposition: Disposition) -> None:
        """Carry out one disposition; return once the queue has answered."""
        answered = asyncio.Event()
        self.begin(delivery, disposition, lambda _: answered.set())
        await answered.wait()

    async def hand_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let the deliveries be seen again at once; return once the queue has answered.

        Last first: when the queue shows a group again, all of it is back.
        """
        if not deliveries:
            return
        answered = asyncio.Event()
        waiting = {delivery.receipt for delivery in deliveries}

        def one_less(delivery: Delivery) -> None:
            waiting.discard(delivery.receipt)
            if not waiting:
                answered.set()

        for delivery in reversed(deliveries):
            self._changes.add(VisibilityChange(delivery, 0), one_less)
        await answered.wait()

    async def finish(self) -> None:
        """Send what still waits for company, and return once the queue has answered for everything."""
        await asyncio.gather(self._deletes.finish(), self._changes.finish())


class _Batcher(Generic[T]):
    """Collects the entries of one kind of call, and reads the partial failures."""

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
        self._waiting: list[tuple[T, Then]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = contextvars.Context()
        """A batch belongs to nobody: its log lines and its calls must not go by the delivery that filled it."""

    def add(self, entry: T, then: Then) -> None:
        self._waiting.append((entry, then))
        if len(self._waiting) >= _BATCH:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._linger_seconds, self._flush)

    async def finish(self) -> None:
        self._flush()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._settle(batch), context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _settle(self, batch: "list[tuple[T, Then]]") -> None:
        try:
            await self._send_all([entry for entry, _ in batch])
        except Exception:
            log.exception("settlement_broken", call=self._call, entries=len(batch))
        finally:
            for entry, then in batch:
                then(self._delivery_of(entry))

    async def _send_all(self, entries: list[T]) -> None:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(
                    backoff(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS, fixed_share=0.5)
                )
            try:
                failed_entries = await self._send(entries)
            except (TransientError, PermanentError) as error:
                log.warning("settlement_failed", call=self._call, entries=len(entries), error=str(error))
                continue
            if not failed_entries:
                return
            again = {one.delivery.receipt for one in failed_entries if not one.gone}
            entries = [entry for entry in entries if self._delivery_of(entry).receipt in again]
            if not entries:
                return
        log.error("settlement_given_up", call=self._call, entries=len(entries))
