"""Keeps leases: extends visibility time-outs and claims from receipt to settlement.

It runs on its own thread with its own connections: neither a handler that blocks the event loop nor an exhausted
connection pool costs a lease.
"""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

import structlog

from shared.claims import Claim, ClaimStore
from shared.consumer.delivery import Delivery, Queue
from shared.consumer.handler_lease import HandlerLease, LeasedDelivery
from shared.consumer.heartbeat import Heartbeat
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError

log = structlog.get_logger()

_SHORTEST_PAUSE_SECONDS = 0.05
_JOIN_SECONDS = 1.5

OpenConnections = Callable[[], AbstractAsyncContextManager[tuple[Queue, ClaimStore]]]
"""Opens the connections of the keeper's thread, inside its event loop."""


class LeaseKeeper:
    """Extends deliveries from receipt to settlement, and claims while their handler runs."""

    def __init__(
        self,
        *,
        open_connections: OpenConnections,
        lease: timedelta,
        limit: timedelta,
        telemetry: Telemetry | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how to open connections, the length of a lease, and the time limit of a handler."""
        self._open_connections = open_connections
        self.limit_seconds = limit.total_seconds()
        self.monotonic = monotonic
        self._leased: dict[str, LeasedDelivery] = {}
        self.heartbeat = Heartbeat(
            self._leased, lease=lease, limit=limit, telemetry=telemetry or Telemetry(), monotonic=monotonic
        )
        self._thread: threading.Thread | None = None
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._end: Callable[[], object] | None = None
        self._wake: Callable[[], object] | None = None

    # --- called from the worker's loop --------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the thread; return once its connections are open."""
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._ended = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run_thread, args=(started,), name="leases", daemon=True)
        self._thread.start()
        try:
            # Shielded: a cancelled caller must not cancel the future that the thread completes.
            await asyncio.shield(asyncio.wrap_future(started))
        except asyncio.CancelledError:
            # The thread ends as soon as it has started.
            started.add_done_callback(lambda _: self._end and self._end())
            raise

    async def stop(self) -> None:
        """End the thread and close its connections."""
        end, self._end = self._end, None
        if end and self._thread:
            with suppress(RuntimeError):  # its loop has already ended
                end()
            # Not on a thread of the loop's executor: blocking calls of handlers may occupy all of them.
            await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=_JOIN_SECONDS)

    def track(self, *deliveries: Delivery, has_queue_timeout: bool = False) -> None:
        """Keep deliveries invisible from now on, also while they wait to be processed.

        With `has_queue_timeout` they are hidden for the time-out of their queue: the thread replaces it by a lease at
        once, or a worker that died before the next beat would keep them hidden for minutes.
        """
        now = self.monotonic()
        for delivery in deliveries:
            self._leased[delivery.receipt] = LeasedDelivery(delivery, now, now, has_queue_timeout=has_queue_timeout)
        if has_queue_timeout and self._wake:
            with suppress(RuntimeError):  # its loop has already ended
                self._wake()

    def is_lost(self, delivery: Delivery) -> bool:
        """Return whether the lease on a tracked delivery is lost, so that its handler must not start."""
        leased = self._leased.get(delivery.receipt)
        return leased is not None and self.heartbeat.is_lease_over(leased, self.monotonic())

    def untrack(self, delivery: Delivery) -> "asyncio.Future[None] | None":
        """Stop extending a delivery that is about to be settled or handed back.

        Returns the extension in flight, if there is one: await it before you make the delivery visible, or the
        extension may hide it again.
        """
        # No lock: the thread first records that an extension is in flight, then checks whether the delivery is still
        # tracked. Removed before that check, it is not extended; removed after it, the extension is visible here.
        leased = self._leased.pop(delivery.receipt, None)
        under_way = leased.in_flight if leased else None
        return asyncio.wrap_future(under_way) if under_way else None

    def open_handler_lease(self, delivery: Delivery, claim: Claim) -> HandlerLease:
        """Return a context that extends the claim during its body; when the lease is lost, the body is cancelled.

        Raises:
            LeaseLostError: from the context, when the lease was lost while the body ran.
            TimeoutError: from the context, when the body took longer than a handler may.
        """
        return HandlerLease(self, delivery, claim)

    def list_overdue_message_ids(self) -> list[str]:
        """Return the ids of messages whose handler hangs: it still runs after cancellation and grace period."""
        now = self.monotonic()
        return [
            leased.delivery.message_id
            for leased in list(self._leased.values())
            if leased.handler_lease and self.heartbeat.is_hanging(leased.handler_lease, now)
        ]

    def register(self, handler_lease: HandlerLease) -> None:
        """Start to extend a claim; `HandlerLease` calls it."""
        leased = self._leased.get(handler_lease.delivery.receipt)
        if leased is None:
            self.track(handler_lease.delivery)
            leased = self._leased[handler_lease.delivery.receipt]
        leased.handler_lease = handler_lease
        # The order matters: the thread first marks a delivery as lost and then looks for its handler lease.
        if self.heartbeat.is_lease_over(leased, handler_lease.began_at):
            leased.handler_lease = None
            raise LeaseLostError(handler_lease.claim.key)

    def unregister(self, handler_lease: HandlerLease) -> None:
        """Stop extending a claim; `HandlerLease` calls it."""
        leased = self._leased.get(handler_lease.delivery.receipt)
        if leased is not None:
            leased.handler_lease = None

    # --- on the thread ------------------------------------------------------------------------------------------

    def _run_thread(self, started: "concurrent.futures.Future[None]") -> None:
        async def main() -> None:
            loop, woken, ending = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

            def end() -> None:
                ending.set()
                woken.set()

            self._wake = lambda: loop.call_soon_threadsafe(woken.set)
            self._end = lambda: loop.call_soon_threadsafe(end)
            async with self._open_connections() as (queue, claims):
                started.set_result(None)
                pause = self.heartbeat.pause_seconds
                while True:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), pause)
                    if ending.is_set():
                        return
                    woken.clear()
                    began = time.monotonic()
                    try:
                        await self.heartbeat.beat(queue, claims)
                    except Exception:
                        log.exception("lease_beat_failed")
                    # The next beat is on time, also when this one had to wait for a call.
                    pause = max(self.heartbeat.pause_seconds - (time.monotonic() - began), _SHORTEST_PAUSE_SECONDS)

        try:
            asyncio.run(main())
        except BaseException as error:
            if started.done():
                log.exception("lease_keeper_ended")
                raise
            started.set_exception(error)
        finally:
            self._ended.set_result(None)
