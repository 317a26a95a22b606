"""Carries dispositions out on the queue, in batches of ten."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import structlog

from shared.consumer.delivery import Delivery, Queue, Refused, VisibilityChange
from shared.consumer.disposition import Abandon, Ack, DeadLetter, Disposition, RetryIn
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

T = TypeVar("T")

_BATCH = 10
_TRIES = 4
_LINGER_SECONDS = 0.005
"""How long the first entry of a batch waits for company: far less than a delete takes."""

_FIRST_PAUSE_SECONDS = 0.1


class Settler:
    """Settles deliveries; what it returns is done once the queue has answered."""

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
        """Let the delivery be seen again in `seconds`; 0 is at once."""
        await self._changes.add(VisibilityChange(delivery, max(seconds, 0)))

    async def hand_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let the deliveries be seen again at once.

        Last first: when the queue shows a group again, all of it is back.
        """
        changes = [self._changes.add(VisibilityChange(delivery, 0)) for delivery in reversed(deliveries)]
        if changes:
            await asyncio.wait(changes)


class _Batcher(Generic[T]):
    """Collects the entries of one kind of call, and reads the partial failures."""

    def __init__(
        self,
        call: str,
        send: Callable[[Sequence[T]], Awaitable[Sequence[Refused]]],
        delivery_of: Callable[[T], Delivery],
    ) -> None:
        self._call = call
        self._send = send
        self._delivery_of = delivery_of
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, entry: T) -> "asyncio.Future[None]":
        """Take an entry; the future ends when the queue has answered for it, however it answered."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((entry, future))
        if len(self._waiting) >= _BATCH:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(_LINGER_SECONDS, self._flush)
        return future

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            self._start(self._settle(batch))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, batch: "list[tuple[T, asyncio.Future[None]]]") -> None:
        try:
            await self._send_all([entry for entry, _ in batch])
        except Exception:
            log.exception("settlement_broken", call=self._call, entries=len(batch))
        finally:
            for _, future in batch:
                if not future.done():
                    future.set_result(None)

    async def _send_all(self, entries: list[T]) -> None:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                refused = await self._send(entries)
            except (TransientError, PermanentError) as error:
                log.warning("settlement_failed", call=self._call, entries=len(entries), error=str(error))
                continue
            if not refused:
                return
            again = {one.delivery.receipt for one in refused if not one.gone}
            entries = [entry for entry in entries if self._delivery_of(entry).receipt in again]
            if not entries:
                return
        log.error("settlement_given_up", call=self._call, entries=len(entries))
