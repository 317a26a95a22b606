"""One round of the lease heartbeat: extend what is due, check the claims of running handlers, cancel what is lost."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from shared.claims import ClaimStore
from shared.consumer.delivery import Queue, VisibilityChange
from shared.consumer.handler_lease import HandlerLease, LeasedDelivery
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError, PermanentError, TransientError

log = structlog.get_logger()

_BATCH = 10
_EXTENSIONS_PER_LEASE = 3
"""So that two failed extensions in a row still lose nothing."""

_MAX_CALL_SECONDS = 5.0
"""For one extension, like an attempt of the clients; with a short lease it is less."""

BEAT_SECONDS = 0.7
"""How often the claims of running handlers are checked: a lost lease is noticed within a second."""

_GRACE_SECONDS = 10.0
"""How long a cancelled handler may take to end before its leases are no longer extended."""

MAX_VISIBILITY_SECONDS = 12 * 3600
"""From the receipt on, however often it is extended
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""


class Heartbeat:
    """Visits all leased deliveries in rounds; a call that hangs does not delay the others.

    A lease is lost when the queue says so, when the processed-message record names another owner, or when nothing
    could be extended for as long as it lasts. Its handler is cancelled within a second of that.
    """

    def __init__(
        self,
        leased: Mapping[str, LeasedDelivery],
        *,
        lease: timedelta,
        limit: timedelta,
        telemetry: Telemetry,
        monotonic: Callable[[], float],
    ) -> None:
        """Take the leased deliveries by receipt; the worker adds and removes entries while a round runs."""
        self._leased = leased
        self._lease = lease
        self._lease_seconds = lease.total_seconds()
        self._interval_seconds = self._lease_seconds / _EXTENSIONS_PER_LEASE
        self._limit_seconds = limit.total_seconds()
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._under_way: set[asyncio.Task[None]] = set()
        self._checking: asyncio.Task[None] | None = None
        self.pause_seconds = min(BEAT_SECONDS, self._interval_seconds)
        """How long to wait from one round to the next."""
        # A slow call succeeds, and one that hangs ends early enough for another try within the lease.
        left_seconds = self._lease_seconds - self._interval_seconds - 2 * self.pause_seconds
        self._call_seconds = max(self._interval_seconds / 2, min(left_seconds, _MAX_CALL_SECONDS))
        self.beat_at = monotonic()
        """When the last round began."""

    def is_lease_over(self, leased: LeasedDelivery, now: float) -> bool:
        """Return whether the lease on a delivery has ended."""
        return leased.is_lost or now > leased.extended_at + self._lease_seconds

    def is_hanging(self, handler_lease: HandlerLease, now: float) -> bool:
        """Return whether a handler still runs after its time limit, its cancellation and the grace period."""
        return now > handler_lease.began_at + self._limit_seconds + _GRACE_SECONDS

    async def beat(self, queue: Queue, claims: ClaimStore) -> None:
        """Extend what is due, check the claims of running handlers, and cancel the handlers whose lease is lost."""
        self.beat_at = now = self._monotonic()
        due = self._find_due(now)
        handler_leases = [
            leased.handler_lease
            for leased in list(self._leased.values())
            # Neither the receipt nor the claim of a lost or hanging delivery is extended.
            if leased.handler_lease and not leased.is_lost and not self.is_hanging(leased.handler_lease, now)
        ]
        batches = [due[start : start + _BATCH] for start in range(0, len(due), _BATCH)]
        calls = [
            *(self._extend_visibility(queue, batch) for batch in batches),
            *(
                self._extend_claim(claims, handler_lease)
                for handler_lease in handler_leases
                if not handler_lease.is_extending
            ),
        ]
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check_claims(claims, handler_leases))
            self._under_way.add(self._checking)
        self._under_way |= {asyncio.create_task(call) for call in calls}
        if self._under_way:
            # A call that hangs must not delay the extension of the others.
            done, self._under_way = await asyncio.wait(self._under_way, timeout=self.pause_seconds)
            for task in done:
                if error := task.exception():
                    log.error("lease_beat_failed", exc_info=error)
        now = self._monotonic()
        for leased in list(self._leased.values()):
            if now > leased.extended_at + self._lease_seconds:
                self._mark_lost(leased, "not extended in time")
            elif leased.handler_lease and now > leased.handler_lease.extended_at + self._lease_seconds:
                self._mark_lost(leased, "claim not extended in time")
            elif leased.handler_lease and now > leased.handler_lease.began_at + self._limit_seconds:
                leased.handler_lease.cancel(TimeoutError(f"no end after {self._limit_seconds:.0f} s"))

    def _find_due(self, now: float) -> list[LeasedDelivery]:
        due = []
        for leased in list(self._leased.values()):
            if leased.is_lost or leased.in_flight:
                continue
            if leased.handler_lease and self.is_hanging(leased.handler_lease, now):
                continue  # another worker may take it
            # A running delivery is extended at every beat: only an extension shows whether the receipt is still valid.
            interval = self.pause_seconds / 2 if leased.handler_lease else self._interval_seconds
            if leased.has_queue_timeout or now - leased.extended_at >= interval:
                due.append(leased)
        return due

    async def _extend_visibility(self, queue: Queue, batch: list[LeasedDelivery]) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        now = self._monotonic()
        for leased in batch:
            leased.in_flight = done
        # Leave out what was settled meanwhile: extending a message that was handed back would hide it again.
        batch = [leased for leased in batch if leased.delivery.receipt in self._leased]
        changes = [VisibilityChange(one.delivery, self._compute_extension_seconds(one, now)) for one in batch]
        try:
            if not changes:
                return
            async with asyncio.timeout(self._call_seconds):
                failed_entries = await queue.change_visibility(changes)
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("lease_extension_failed", messages=len(changes), error=str(error) or type(error).__name__)
            return
        finally:
            for leased in batch:
                leased.in_flight = None
            done.set_result(None)
        outcome = {one.delivery.receipt: one.gone for one in failed_entries}
        for leased in batch:
            if leased.delivery.receipt not in self._leased:
                continue  # settled meanwhile, and gone for that reason
            gone = outcome.get(leased.delivery.receipt)
            if gone is None:
                leased.extended_at, leased.has_queue_timeout = now, False
            elif gone:
                self._mark_lost(leased, "the queue refused the receipt")
        self._telemetry.record_extensions(len(batch) - len(outcome))
        if outcome:
            log.warning("lease_extension_failed", messages=len(outcome))

    def _compute_extension_seconds(self, leased: LeasedDelivery, now: float) -> int:
        left = MAX_VISIBILITY_SECONDS - (now - leased.received_at)
        return max(0, min(round(self._lease_seconds), int(left)))

    async def _extend_claim(self, claims: ClaimStore, handler_lease: HandlerLease) -> None:
        now = self._monotonic()
        if now - handler_lease.extended_at < self._interval_seconds:
            return
        handler_lease.is_extending = True
        try:
            async with asyncio.timeout(self._call_seconds):
                still_ours = await claims.extend(handler_lease.claim, lease=self._lease)
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("claim_extension_failed", error=str(error) or type(error).__name__)
            return
        finally:
            handler_lease.is_extending = False
        if still_ours:
            handler_lease.extended_at = now
        else:
            self._lose_handler_lease(handler_lease, "another worker has the claim")

    async def _check_claims(self, claims: ClaimStore, handler_leases: Sequence[HandlerLease]) -> None:
        if not handler_leases:
            return
        try:
            lost = await claims.find_lost([handler_lease.claim for handler_lease in handler_leases])
        except (TransientError, PermanentError) as error:
            log.warning("claims_not_read", error=str(error))
            return
        for handler_lease in handler_leases:
            if handler_lease.claim in lost:
                self._lose_handler_lease(handler_lease, "another worker has the claim")

    def _lose_handler_lease(self, handler_lease: HandlerLease, cause: str) -> None:
        leased = self._leased.get(handler_lease.delivery.receipt)
        if leased and leased.handler_lease is handler_lease:
            self._mark_lost(leased, cause)

    def _mark_lost(self, leased: LeasedDelivery, cause: str) -> None:
        if leased.is_lost:
            return
        leased.is_lost = True
        self._telemetry.record_lost_lease()
        running = leased.handler_lease is not None
        log.warning("lease_lost", message_id=leased.delivery.message_id, why=cause, running=running)
        if leased.handler_lease:
            leased.handler_lease.cancel(LeaseLostError(leased.handler_lease.claim.key))
