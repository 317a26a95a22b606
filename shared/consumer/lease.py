"""Keeps what we are working on ours: extends visibility time-outs and claims until they are let go.

It runs on a thread of its own, with connections of its own: a handler that blocks the event loop, or a pool of
connections that is all in use, never costs a lease.
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
from shared.consumer.heartbeat import Heartbeat
from shared.consumer.hold import Covered, Hold
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError

log = structlog.get_logger()

_SHORTEST_PAUSE_SECONDS = 0.05
_JOIN_SECONDS = 1.5

OpenLine = Callable[[], AbstractAsyncContextManager[tuple[Queue, ClaimStore]]]
"""Opens the keeper's own connections, inside its own event loop."""


class LeaseKeeper:
    """Covers deliveries from receipt to settlement, and claims while their handler runs."""

    def __init__(
        self,
        *,
        open_line: OpenLine,
        lease: timedelta,
        limit: timedelta,
        telemetry: Telemetry | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how to open connections, how long a lease lasts, and how long a handler may take in all."""
        self._open_line = open_line
        self.limit_seconds = limit.total_seconds()
        self.monotonic = monotonic
        self._covered: dict[str, Covered] = {}
        self.heartbeat = Heartbeat(
            self._covered, lease=lease, limit=limit, telemetry=telemetry or Telemetry(), monotonic=monotonic
        )
        self._thread: threading.Thread | None = None
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._end: Callable[[], object] | None = None

    # --- called from the worker's loop --------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the thread; return once its connections are open."""
        opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._ended = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run_thread, args=(opened,), name="leases", daemon=True)
        self._thread.start()
        try:
            # Shielded: whoever stops waiting must not take away what the thread reports to.
            await asyncio.shield(asyncio.wrap_future(opened))
        except asyncio.CancelledError:
            # It ends as soon as it has begun.
            opened.add_done_callback(lambda _: self._end and self._end())
            raise

    async def stop(self) -> None:
        """End the thread and close its connections."""
        end, self._end = self._end, None
        if end and self._thread:
            with suppress(RuntimeError):  # its loop has ended already
                end()
            # Not by a thread of the loop's executor: blocking calls of handlers may have all of them.
            await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=_JOIN_SECONDS)

    def cover(self, *deliveries: Delivery) -> None:
        """Keep deliveries invisible from now on, also while they wait for their turn."""
        now = self.monotonic()
        for delivery in deliveries:
            self._covered[delivery.receipt] = Covered(delivery, now, now)

    def is_lost(self, delivery: Delivery) -> bool:
        """Whether a covered delivery is no longer ours, so that work on it must not begin."""
        covered = self._covered.get(delivery.receipt)
        return covered is not None and self.heartbeat.is_over(covered, self.monotonic())

    def uncover(self, delivery: Delivery) -> "asyncio.Future[None] | None":
        """Stop extending a delivery; it is about to be settled or given back.

        Returns what to await before the delivery is shown again, if an extension is under way: an answer that
        overtakes it would be undone.
        """
        # Without a lock: the thread first notes that an extension is under way and then looks whether the delivery is
        # covered. Taken out before that look, it is not extended; after it, the extension is seen here.
        covered = self._covered.pop(delivery.receipt, None)
        under_way = covered.in_flight if covered else None
        return asyncio.wrap_future(under_way) if under_way else None

    def hold(self, delivery: Delivery, claim: Claim) -> Hold:
        """Return a context that keeps the claim during its body; when it is lost, the body is cancelled.

        Raises:
            LeaseLostError: from the context, when the lease was lost while the body ran.
            TimeoutError: from the context, when the body took longer than a handler may.
        """
        return Hold(self, delivery, claim)

    def overdue(self) -> list[str]:
        """Return the ids of messages whose handler goes on though it was cancelled when its time was over."""
        now = self.monotonic()
        return [
            covered.delivery.message_id
            for covered in list(self._covered.values())
            if covered.hold and self.heartbeat.hangs(covered.hold, now)
        ]

    def enter(self, hold: Hold) -> None:
        """Begin to keep a claim; `Hold` calls it."""
        covered = self._covered.get(hold.delivery.receipt)
        if covered is None:
            self.cover(hold.delivery)
            covered = self._covered[hold.delivery.receipt]
        covered.hold = hold
        # In this order: the thread marks what is lost first, and looks for its hold second.
        if self.heartbeat.is_over(covered, hold.began_at):
            covered.hold = None
            raise LeaseLostError(hold.claim.key)

    def leave(self, hold: Hold) -> None:
        """End keeping a claim; `Hold` calls it."""
        covered = self._covered.get(hold.delivery.receipt)
        if covered is not None:
            covered.hold = None

    # --- on the thread ------------------------------------------------------------------------------------------

    def _run_thread(self, opened: "concurrent.futures.Future[None]") -> None:
        async def main() -> None:
            loop, end = asyncio.get_running_loop(), asyncio.Event()
            self._end = lambda: loop.call_soon_threadsafe(end.set)
            async with self._open_line() as (queue, claims):
                opened.set_result(None)
                pause = self.heartbeat.pause_seconds
                while True:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(end.wait(), pause)
                        return
                    began = time.monotonic()
                    try:
                        await self.heartbeat.beat(queue, claims)
                    except Exception:
                        log.exception("lease_beat_failed")
                    # The next one comes in time, also when this one had to wait for a call.
                    pause = max(self.heartbeat.pause_seconds - (time.monotonic() - began), _SHORTEST_PAUSE_SECONDS)

        try:
            asyncio.run(main())
        except BaseException as error:
            if opened.done():
                log.exception("lease_keeper_ended")
                raise
            opened.set_exception(error)
        finally:
            self._ended.set_result(None)
