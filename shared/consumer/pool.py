"""The pool: receives what it has permits for, works on it, and stops cleanly."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

import structlog

from shared.consumer.delivery import Delivery, Queue
from shared.consumer.disposition import Disposition
from shared.consumer.lease import LeaseKeeper
from shared.consumer.process import Processor, W
from shared.consumer.sequence import lines, work_through
from shared.consumer.settle import Settler
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()

_RECEIVE_MAX = 10
_RECEIVE_TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How much at once, and how long to wait for what."""

    concurrency: int = 20
    wait_seconds: int = 20
    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=20)
    """How long running handlers may go on after a stop was asked for."""


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on SIGTERM and SIGINT inside the `with`."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class Pool(Generic[W]):
    """One queue's worker: bounded concurrency, order within a group, nothing fetched that can't be worked on."""

    def __init__(
        self,
        *,
        queue: Queue,
        processor: Processor[W],
        leases: LeaseKeeper,
        settler: Settler,
        options: PoolOptions,
    ) -> None:
        self._queue = queue
        self._processor = processor
        self._leases = leases
        self._settler = settler
        self._options = options
        self._permits = asyncio.Semaphore(options.concurrency)
        self._lines: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, Delivery] = {}
        """Deliveries that are ours and not settled yet, by receipt."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let what runs finish and hand the rest back."""
        log.info("pool_started", queue=self._queue.name, concurrency=self._options.concurrency)
        extending = asyncio.create_task(self._leases.run())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._receive_and_start(stopping)
            await self._drain()
        finally:
            for task in (extending, stopping):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await extending
        log.info("pool_stopped", queue=self._queue.name)

    async def _receive_and_start(self, stopping: "asyncio.Task[bool]") -> None:
        permits = await self._take_permits(stopping)
        if not permits:
            return
        receiving = asyncio.create_task(self._receive(permits))
        await asyncio.wait({receiving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            receiving.cancel()
        deliveries: list[Delivery] = []
        with suppress(asyncio.CancelledError):
            deliveries = await receiving
        for _ in range(permits - len(deliveries)):
            self._permits.release()
        for delivery in deliveries:
            self._waiting[delivery.receipt] = delivery
            self._leases.cover(delivery)
        for line in lines(deliveries):
            task = asyncio.create_task(self._work(line, stopping))
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)

    async def _take_permits(self, stopping: "asyncio.Task[bool]") -> int:
        """Return how many messages to ask for: at least one, unless a stop came first."""
        first = asyncio.create_task(self._permits.acquire())
        await asyncio.wait({first, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            first.cancel()
            return 0
        taken = 1
        while taken < _RECEIVE_MAX and not self._permits.locked():
            await self._permits.acquire()
            taken += 1
        return taken

    async def _receive(self, count: int) -> list[Delivery]:
        try:
            return list(
                await self._queue.receive(
                    max_messages=count,
                    wait_seconds=self._options.wait_seconds,
                    visibility_seconds=round(self._options.lease.total_seconds()),
                )
            )
        except (TransientError, PermanentError) as error:
            log.warning("receive_failed", error=str(error))
            await asyncio.sleep(_RECEIVE_TROUBLE_SECONDS)
            return []

    async def _work(self, line: list[Delivery], stopping: "asyncio.Task[bool]") -> None:
        try:
            await work_through(
                line,
                process=self._processor.process,
                settle=self._settle,
                hand_back=self._hand_back,
                stopping=stopping.done,
            )
        except Exception:
            log.exception("line_failed", queue=self._queue.name)
            for delivery in reversed(line):
                if delivery.receipt in self._waiting:
                    await self._hand_back(delivery)
        finally:
            for _ in line:
                self._permits.release()

    async def _settle(self, delivery: Delivery, disposition: Disposition) -> None:
        self._leases.uncover(delivery)
        await self._settler.settle(delivery, disposition)
        self._waiting.pop(delivery.receipt, None)

    async def _hand_back(self, delivery: Delivery) -> None:
        self._leases.uncover(delivery)
        await self._settler.hide(delivery, 0)
        self._waiting.pop(delivery.receipt, None)

    async def _drain(self) -> None:
        log.info("pool_draining", queue=self._queue.name, deliveries=len(self._waiting))
        if self._lines:
            await asyncio.wait(self._lines, timeout=self._options.drain.total_seconds())
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await asyncio.gather(*(self._hand_back(delivery) for delivery in list(self._waiting.values())))
