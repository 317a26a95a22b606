"""Carries dispositions out on the queue, in batches of ten."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from shared.consumer.delivery import Delivery, Queue, VisibilityChange
from shared.consumer.disposition import Abandon, Ack, DeadLetter, Disposition, RetryIn
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

T = TypeVar("T")

_BATCH = 10
_TRIES = 4
_LINGER_SECONDS = 0.005
"""How long the first entry of a batch waits for company: far less than a delete takes."""


class Settler:
    """Settles deliveries; `settle` returns once the queue has answered."""

    def __init__(self, queue: Queue) -> None:
        self._deletes = _Batcher("delete", queue.delete, lambda delivery: delivery)
        self._changes = _Batcher("change_visibility", queue.change_visibility, lambda change: change.delivery)

    async def settle(self, delivery: Delivery, disposition: Disposition) -> None:
        """Carry out one disposition.

        What the queue refuses after several tries is logged and left: the message comes back, and its
        processed-message record keeps it from being done twice.
        """
        match disposition:
            case Ack() | DeadLetter():
                await self._deletes.add(delivery)
            case RetryIn(delay):
                await self.hide(delivery, round(delay.total_seconds()))
            case Abandon():
                pass

    async def hide(self, delivery: Delivery, seconds: int) -> None:
        """Let the delivery be seen again in `seconds`; 0 hands it back at once."""
        await self._changes.add(VisibilityChange(delivery, max(seconds, 0)))


class _Batcher(Generic[T]):
    """Collects entries of one kind of call, and reads the partial failures."""

    def __init__(
        self,
        call: str,
        send: Callable[[Sequence[T]], Awaitable[Sequence[Delivery]]],
        delivery_of: Callable[[T], Delivery],
    ) -> None:
        self._call = call
        self._send = send
        self._delivery_of = delivery_of
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, entry: T) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if len(self._waiting) >= _BATCH:
            self._start(self._flush())
        elif len(self._waiting) == 1:
            self._start(self._flush_soon())
        await future

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush_soon(self) -> None:
        await asyncio.sleep(_LINGER_SECONDS)
        await self._flush()

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        if self._waiting:
            self._start(self._flush_soon())
        try:
            await self._send_all([entry for entry, _ in batch])
        finally:
            for _, future in batch:
                if not future.done():
                    future.set_result(None)

    async def _send_all(self, entries: list[T]) -> None:
        for attempt in range(_TRIES):
            if not entries:
                return
            if attempt:
                await asyncio.sleep(0.1 * 2**attempt)
            try:
                failed = {delivery.receipt for delivery in await self._send(entries)}
            except (TransientError, PermanentError) as error:
                log.warning("settlement_failed", call=self._call, entries=len(entries), error=str(error))
                continue
            entries = [entry for entry in entries if self._delivery_of(entry).receipt in failed]
        if entries:
            log.error("settlement_given_up", call=self._call, entries=len(entries))
