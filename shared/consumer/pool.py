"""The pool: what one process does with one queue, from its first receive to a stop that leaves nothing behind."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.consumer.delivery import Delivery, Queue
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import Disposition, RetryIn
from shared.consumer.group_order import group_batches, process_in_order
from shared.consumer.health import Vitals
from shared.consumer.lease import LeaseKeeper
from shared.consumer.permits import Permits
from shared.consumer.settle import Settler
from shared.consumer.source import Source
from shared.consumer.stop import Stop
from shared.consumer.telemetry import Telemetry
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

_UNSETTLED_PER_PERMIT = 10
"""How many deliveries may wait to be settled per permit: a slow queue does not delay the handlers, and a queue that
does not answer stops the pool before memory fills."""

_POLL_GRACE_SECONDS = 0.3
"""How long a stop waits for open receives: a queue with messages answers sooner."""

_ENDING_SECONDS = 2.0
"""The part of the stop time that is reserved for cancelled handlers to end and for handing everything back."""

_MIN_STEP_SECONDS = 0.7
"""The minimum for each step of the stop, also when the drain time is zero: enough to cancel an open poll and to repeat
it once."""

_RECEIVES_TO_SPARE = 10


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Limits and time-outs of a pool."""

    concurrency: int = 64
    wait_seconds: int = 20
    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=20)
    """How long a stop may take in all."""

    max_attempts: int = 5
    """The processor's limit, to compare with the queue's `maxReceiveCount`."""


class Pool:
    """Processes one queue: bounded concurrency, order within a group, no receive without permits."""

    def __init__(
        self,
        *,
        queue: Queue,
        processor: DeliveryProcessor,
        leases: LeaseKeeper,
        settler: Settler,
        options: PoolOptions,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._queue = queue
        self._processor = processor
        self._leases = leases
        self._settler = settler
        self._options = options
        self._telemetry = telemetry or Telemetry()
        self._permits = Permits(options.concurrency + processor.spare_permits)
        self._unsettled = 0
        self._max_unsettled = options.concurrency * _UNSETTLED_PER_PERMIT
        self._room = asyncio.Event()
        self._source = Source(
            queue=queue,
            permits=self._permits,
            start=self._start_processing,
            wait_seconds=options.wait_seconds,
            visibility=options.lease,
        )
        self.vitals = Vitals(source=self._source, leases=leases, wait_seconds=options.wait_seconds)
        self._running: dict[str, asyncio.Task[None]] = {}
        """The running tasks, by the receipt of the first delivery of their batch."""
        self._in_hand: dict[str, Delivery] = {}
        """Deliveries that are received and not settled yet, by receipt."""
        self._unstarted: list[Delivery] = []
        """Deliveries that were received after the stop was requested."""
        self._is_stopping = False
        self.handlers_left = 0
        """How many handlers were still running at the end although they were cancelled."""

    async def run(self, stop: Stop, *, health_url: str | None = None) -> None:
        """Process until a stop is requested, then drain and hand the rest back.

        `health_url` is only logged: the group that the pool belongs to serves the health check.
        """
        vitals, background_tasks = self.vitals, list[asyncio.Task[None]]()
        # Not before: behind an event-source mapping the same telemetry has no pool.
        self._telemetry.in_flight = lambda: len(self._in_hand)
        try:
            await self._leases.start()
            coroutines = (self._telemetry.run(), self._check_receive_limit(), vitals.record_beats())
            background_tasks += [asyncio.create_task(coroutine) for coroutine in coroutines]
            self._source.start_receiving()
            vitals.is_started = True
            log.info(
                "pool_started",
                queue=self._queue.name,
                concurrency=self._options.concurrency,
                health_url=health_url,
            )
            await stop.requested.wait()
            vitals.is_stopping = True
            await self._shut_down(stop)
        finally:
            for task in background_tasks:
                task.cancel()
            if background_tasks:
                await asyncio.wait(background_tasks)
            await self._leases.stop()
            self._telemetry.flush()
        log.info("pool_stopped", queue=self._queue.name, left_in_flight=len(self._in_hand))

    async def _check_receive_limit(self) -> None:
        """Warn when the queue moves a message to its dead-letter queue before our attempts are used up."""
        try:
            max_receive_count = await self._queue.read_max_receive_count()
        except (TransientError, PermanentError) as error:
            log.warning("queue_limits_unknown", queue=self._queue.name, error=str(error))
            return
        required = self._options.max_attempts + _RECEIVES_TO_SPARE
        if max_receive_count is not None and max_receive_count < required:
            log.warning(
                "max_receive_count_too_low",
                queue=self._queue.name,
                max_receive_count=max_receive_count,
                required=required,
                hint="the queue moves messages to its dead-letter queue before their attempts are used up: "
                "handing a successor back in its group costs a receive too",
            )

    # --- processing ---------------------------------------------------------------------------------------------------

    def _start_processing(self, deliveries: Sequence[Delivery]) -> int:
        """Start to process; return how many permits that takes: one per batch, given back when the batch is done."""
        for delivery in deliveries:
            self._in_hand[delivery.receipt] = delivery
        self._leases.track(*deliveries)
        if self._is_stopping:
            self._unstarted += deliveries
            return 0
        start = asyncio.get_running_loop().create_task
        started = group_batches(deliveries, in_order=self._queue.is_fifo)
        for batch in started:
            # A batch of one needs no order: the settler settles it, and the task ends with the handler.
            processing = self._process_alone(batch[0]) if len(batch) == 1 else self._process_batch(batch)
            self._running[batch[0].receipt] = start(processing)
        return len(started)

    async def _process_alone(self, delivery: Delivery) -> None:
        try:
            disposition = await self._processor.process(delivery)
            extending = self._leases.untrack(delivery)
            if extending and isinstance(disposition, RetryIn):
                await extending
            while self._unsettled >= self._max_unsettled:
                self._room.clear()
                await self._room.wait()
        except Exception:
            log.exception("delivery_broken", queue=self._queue.name)
            await self._hand_back([delivery])
        else:
            self._unsettled += 1
            self._settler.start_settling(delivery, disposition, self._on_settled)
        finally:
            self._on_batch_done(delivery)

    def _on_settled(self, delivery: Delivery) -> None:
        self._in_hand.pop(delivery.receipt, None)
        self._unsettled -= 1
        self._room.set()

    def _on_batch_done(self, first: Delivery) -> None:
        self._permits.give_back(1)
        del self._running[first.receipt]

    async def _process_batch(self, batch: list[Delivery]) -> None:
        try:
            await process_in_order(
                batch,
                process=self._processor.process,
                settle=self._settle_delivery,
                hand_back=self._hand_back,
                stopping=lambda: self._is_stopping,
            )
        except Exception:
            log.exception("group_batch_failed", queue=self._queue.name)
            await self._hand_back([delivery for delivery in batch if delivery.receipt in self._in_hand])
        finally:
            self._on_batch_done(batch[0])

    async def _settle_delivery(self, delivery: Delivery, disposition: Disposition) -> None:
        extending = self._leases.untrack(delivery)
        if extending and isinstance(disposition, RetryIn):
            await extending
        await self._settler.settle(delivery, disposition)
        self._in_hand.pop(delivery.receipt, None)

    async def _hand_back(self, deliveries: Sequence[Delivery]) -> None:
        extending = [under_way for delivery in deliveries if (under_way := self._leases.untrack(delivery))]
        if extending:
            await asyncio.wait(extending)
        await self._settler.hand_back(deliveries)
        for delivery in deliveries:
            self._in_hand.pop(delivery.receipt, None)

    # --- stop ------------------------------------------------------------------------------------------------

    async def _shut_down(self, stop: Stop) -> None:
        """Stop receiving, drain, cancel, hand back, all within the drain time."""
        loop = asyncio.get_running_loop()
        drain_seconds = self._options.drain.total_seconds()
        ends = loop.time() + drain_seconds
        # Half of the reserved time is for cancelled handlers, the rest for handing back.
        reserved = min(_ENDING_SECONDS, drain_seconds / 2)
        self._is_stopping = True
        log.info("pool_stopping", queue=self._queue.name, in_hand=len(self._in_hand), running=len(self._running))
        source_stopping = asyncio.create_task(self._stop_source())
        await self._drain_running(stop, until=ends - reserved)
        if stop.at_once.is_set():
            ends = min(ends, loop.time() + reserved)
        for task in self._running.values():
            task.cancel()
        await asyncio.wait(
            [source_stopping, *self._running.values()],
            timeout=max(ends - reserved / 2 - loop.time(), _MIN_STEP_SECONDS),
        )
        self.handlers_left = len(self._running)
        if self.handlers_left:
            log.error("handlers_left_behind", queue=self._queue.name, handlers=self.handlers_left)
        try:
            async with asyncio.timeout(max(ends - loop.time(), _MIN_STEP_SECONDS)):
                await self._settler.finish()
                await self._hand_back(list(self._in_hand.values()))
        except TimeoutError:
            log.warning("not_handed_back", queue=self._queue.name, deliveries=len(self._in_hand))

    async def _stop_source(self) -> None:
        for delivery in await self._source.stop_receiving(grace_seconds=_POLL_GRACE_SECONDS):
            self._in_hand[delivery.receipt] = delivery
            self._unstarted.append(delivery)
        await self._hand_back(self._unstarted)

    async def _drain_running(self, stop: Stop, *, until: float) -> None:
        loop = asyncio.get_running_loop()
        at_once = asyncio.create_task(stop.at_once.wait())
        while self._running and not at_once.done() and (seconds_left := until - loop.time()) > 0:
            await asyncio.wait(
                {*self._running.values(), at_once}, timeout=seconds_left, return_when=asyncio.FIRST_COMPLETED
            )
        at_once.cancel()
