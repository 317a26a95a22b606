"""Keeps what we are working on ours: extends visibility time-outs and claims until they are let go.

It runs on a thread of its own, with connections of its own: a handler that blocks the event loop, or a pool of
connections that is all in use, never costs a lease.
"""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from shared.consumer.delivery import Delivery, Queue, VisibilityChange
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ports import Claim, ClaimStore

log = structlog.get_logger()

_BATCH = 10
_EXTENSIONS_PER_LEASE = 3
"""So that two failed extensions in a row still lose nothing."""

_BEAT_SECONDS = 0.7
"""How often running work is looked at: a lease that was taken from us is noticed within a second."""

_SHORTEST_PAUSE_SECONDS = 0.05
_JOIN_SECONDS = 1.5

_GRACE_SECONDS = 10.0
"""How long a handler may take to end once it was cancelled, before its leases are kept no longer."""

MAX_VISIBILITY_SECONDS = 12 * 3600
"""From the receipt on, however often it is extended
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""

OpenLine = Callable[[], AbstractAsyncContextManager[tuple[Queue, ClaimStore]]]
"""Opens the keeper's own connections, inside its own event loop."""


@dataclass(slots=True, eq=False)
class _Covered:
    """A delivery that is ours. Times are on the monotonic clock."""

    delivery: Delivery
    received_at: float
    extended_at: float
    hold: "Hold | None" = None
    is_lost: bool = False
    in_flight: "concurrent.futures.Future[None] | None" = None
    """The extension under way, if one is."""


class LeaseKeeper:
    """Covers deliveries from receipt to settlement, and claims while their handler runs.

    A lease is lost when the queue says so, when the processed-message record names another owner, or when nothing
    could be extended for as long as it lasts. Its handler is cancelled within a second of that.
    """

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
        self._lease_seconds = lease.total_seconds()
        self._interval_seconds = self._lease_seconds / _EXTENSIONS_PER_LEASE
        self._beat_seconds = min(_BEAT_SECONDS, self._interval_seconds)
        self._lease = lease
        self.limit_seconds = limit.total_seconds()
        self._telemetry = telemetry or Telemetry()
        self.monotonic = monotonic
        self._covered: dict[str, _Covered] = {}
        self._thread: threading.Thread | None = None
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._end: Callable[[], object] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self.beat_at = self.monotonic()
        """When the thread last went round, on the monotonic clock."""

    # --- called from the worker's loop --------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the thread; return once its connections are open."""
        opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._ended = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run_thread, args=(opened,), name="leases", daemon=True)
        self._thread.start()
        await asyncio.wrap_future(opened)

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
            self._covered[delivery.receipt] = _Covered(delivery, now, now)

    def is_lost(self, delivery: Delivery) -> bool:
        """Whether a covered delivery is no longer ours, so that work on it must not begin."""
        covered = self._covered.get(delivery.receipt)
        return covered is not None and self._is_over(covered, self.monotonic())

    def _is_over(self, covered: _Covered, now: float) -> bool:
        return covered.is_lost or now > covered.extended_at + self._lease_seconds

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

    def hold(self, delivery: Delivery, claim: Claim) -> "Hold":
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
            if covered.hold and self._hangs(covered.hold, now)
        ]

    def _hangs(self, hold: "Hold", now: float) -> bool:
        return now > hold.began_at + self.limit_seconds + _GRACE_SECONDS

    # --- on the thread ------------------------------------------------------------------------------------------

    def _run_thread(self, opened: "concurrent.futures.Future[None]") -> None:
        async def main() -> None:
            loop, end = asyncio.get_running_loop(), asyncio.Event()
            self._end = lambda: loop.call_soon_threadsafe(end.set)
            async with self._open_line() as (queue, claims):
                opened.set_result(None)
                pause = self._beat_seconds
                while True:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(end.wait(), pause)
                        return
                    began = time.monotonic()
                    try:
                        await self.beat(queue, claims)
                    except Exception:
                        log.exception("lease_beat_failed")
                    # The next one comes in time, also when this one had to wait for a call.
                    pause = max(self._beat_seconds - (time.monotonic() - began), _SHORTEST_PAUSE_SECONDS)

        try:
            asyncio.run(main())
        except BaseException as error:
            if opened.done():
                log.exception("lease_keeper_ended")
                raise
            opened.set_exception(error)
        finally:
            self._ended.set_result(None)

    async def beat(self, queue: Queue, claims: ClaimStore) -> None:
        """Extend what is due, look whether what runs is still ours, and cancel what is not."""
        self.beat_at = now = self.monotonic()
        due = self._due(now)
        holds = [
            covered.hold
            for covered in list(self._covered.values())
            # What is lost, or hangs, is kept no longer: neither its receipt nor its claim.
            if covered.hold and not covered.is_lost and not self._hangs(covered.hold, now)
        ]
        batches = [due[start : start + _BATCH] for start in range(0, len(due), _BATCH)]
        calls = [
            *(self._extend_visibility(queue, batch) for batch in batches),
            *(self._extend_claim(claims, hold) for hold in holds if not hold.is_extending),
        ]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_at_claims(claims, holds))
            self._under_way.add(self._looking)
        self._under_way |= {asyncio.create_task(call) for call in calls}
        if self._under_way:
            # One call that hangs must not hold up the extension of everything else.
            done, self._under_way = await asyncio.wait(self._under_way, timeout=self._beat_seconds)
            for task in done:
                if error := task.exception():
                    log.error("lease_beat_failed", exc_info=error)
        now = self.monotonic()
        for covered in list(self._covered.values()):
            if now > covered.extended_at + self._lease_seconds:
                self._lose(covered, "not extended in time")
            elif covered.hold and now > covered.hold.extended_at + self._lease_seconds:
                self._lose(covered, "claim not extended in time")
            elif covered.hold and now > covered.hold.began_at + self.limit_seconds:
                covered.hold.cancel(TimeoutError(f"no end after {self.limit_seconds:.0f} s"))

    def _due(self, now: float) -> list[_Covered]:
        due = []
        for covered in list(self._covered.values()):
            if covered.is_lost or covered.in_flight:
                continue
            if covered.hold and self._hangs(covered.hold, now):
                continue  # let another worker have it
            # What runs is extended at every beat, because only an extension tells whether it is still ours.
            interval = self._beat_seconds / 2 if covered.hold else self._interval_seconds
            if now - covered.extended_at >= interval:
                due.append(covered)
        return due

    async def _extend_visibility(self, queue: Queue, batch: list[_Covered]) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        now = self.monotonic()
        for covered in batch:
            covered.in_flight = done
        # What was settled since is left out: extending a message that was handed back would hide it again.
        batch = [covered for covered in batch if covered.delivery.receipt in self._covered]
        changes = [VisibilityChange(one.delivery, self._seconds_for(one, now)) for one in batch]
        try:
            if not changes:
                return
            # Given up soon enough for another try within the lease.
            async with asyncio.timeout(self._interval_seconds / 2):
                refused = await queue.change_visibility(changes)
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("lease_extension_failed", messages=len(changes), error=str(error) or type(error).__name__)
            return
        finally:
            for covered in batch:
                covered.in_flight = None
            done.set_result(None)
        outcome = {one.delivery.receipt: one.gone for one in refused}
        for covered in batch:
            if covered.delivery.receipt not in self._covered:
                continue  # settled meanwhile, and gone for that reason
            gone = outcome.get(covered.delivery.receipt)
            if gone is None:
                covered.extended_at = now
            elif gone:
                self._lose(covered, "the queue refused the receipt")
        self._telemetry.extended(len(batch) - len(outcome))
        if outcome:
            log.warning("lease_extension_failed", messages=len(outcome))

    def _seconds_for(self, covered: _Covered, now: float) -> int:
        left = MAX_VISIBILITY_SECONDS - (now - covered.received_at)
        return max(0, min(round(self._lease_seconds), int(left)))

    async def _extend_claim(self, claims: ClaimStore, hold: "Hold") -> None:
        now = self.monotonic()
        if now - hold.extended_at < self._interval_seconds:
            return
        hold.is_extending = True
        try:
            async with asyncio.timeout(self._interval_seconds / 2):
                still_ours = await claims.extend(hold.claim, lease=self._lease)
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("claim_extension_failed", error=str(error) or type(error).__name__)
            return
        finally:
            hold.is_extending = False
        if still_ours:
            hold.extended_at = now
        else:
            self._lose_hold(hold, "another worker has the claim")

    async def _look_at_claims(self, claims: ClaimStore, holds: Sequence["Hold"]) -> None:
        if not holds:
            return
        try:
            lost = await claims.lost([hold.claim for hold in holds])
        except (TransientError, PermanentError) as error:
            log.warning("claims_not_read", error=str(error))
            return
        for hold in holds:
            if hold.claim in lost:
                self._lose_hold(hold, "another worker has the claim")

    def _lose_hold(self, hold: "Hold", why: str) -> None:
        covered = self._covered.get(hold.delivery.receipt)
        if covered and covered.hold is hold:
            self._lose(covered, why)

    def _lose(self, covered: _Covered, why: str) -> None:
        if covered.is_lost:
            return
        covered.is_lost = True
        self._telemetry.lost()
        log.warning("lease_lost", message_id=covered.delivery.message_id, why=why, running=covered.hold is not None)
        if covered.hold:
            covered.hold.cancel(LeaseLostError(covered.hold.claim.key))

    def enter(self, hold: "Hold") -> None:
        """Begin to keep a claim; `Hold` calls it."""
        covered = self._covered.get(hold.delivery.receipt)
        if covered is None:
            self.cover(hold.delivery)
            covered = self._covered[hold.delivery.receipt]
        covered.hold = hold
        # In this order: the thread marks what is lost first, and looks for its hold second.
        if self._is_over(covered, hold.began_at):
            covered.hold = None
            raise LeaseLostError(hold.claim.key)

    def leave(self, hold: "Hold") -> None:
        """End keeping a claim; `Hold` calls it."""
        covered = self._covered.get(hold.delivery.receipt)
        if covered is not None:
            covered.hold = None


class Hold:
    """One claim that is kept while its handler runs, for a limited time."""

    __slots__ = (
        "_is_active",
        "_keeper",
        "_loop",
        "_reason",
        "_task",
        "began_at",
        "claim",
        "delivery",
        "extended_at",
        "is_extending",
    )

    def __init__(self, keeper: LeaseKeeper, delivery: Delivery, claim: Claim) -> None:
        self._keeper = keeper
        self._is_active = False
        self._reason: Exception | None = None
        self.delivery = delivery
        self.claim = claim
        self.is_extending = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a claim is held by a task")
        self._task = task
        self._loop = task.get_loop()
        self.began_at = self.extended_at = self._keeper.monotonic()
        self._keeper.enter(self)
        self._is_active = True
        return self

    def cancel(self, reason: Exception) -> None:
        """Cancel the body, from any thread; the context raises the reason."""
        with suppress(RuntimeError):  # the loop has ended, and the task with it
            self._loop.call_soon_threadsafe(self._cancel_task, reason)

    def _cancel_task(self, reason: Exception) -> None:
        if self._is_active and self._reason is None:
            self._reason = reason
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_active = False
        self._keeper.leave(self)
        if self._reason is None:
            return
        others = self._task.uncancel()
        if others and isinstance(error, asyncio.CancelledError):
            return  # somebody else cancelled us as well, and a stop wins
        if isinstance(error, LeaseLostError) or (error and not isinstance(error, Exception | asyncio.CancelledError)):
            return
        # Also when the body made another error of its cancellation. And a body that came to its end in spite of it may
        # have done its work late, but not with a lease that was lost.
        if error or isinstance(self._reason, LeaseLostError):
            raise self._reason from error
