"""One round of keeping leases: extends what is due, looks whether what runs is still ours, cancels what is not."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from shared.claims import ClaimStore
from shared.consumer.delivery import Queue, VisibilityChange
from shared.consumer.hold import Covered, Hold
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError, PermanentError, TransientError

log = structlog.get_logger()

_BATCH = 10
_EXTENSIONS_PER_LEASE = 3
"""So that two failed extensions in a row still lose nothing."""

_BEAT_SECONDS = 0.7
"""How often running work is looked at: a lease that was taken from us is noticed within a second."""

_GRACE_SECONDS = 10.0
"""How long a handler may take to end once it was cancelled, before its leases are kept no longer."""

MAX_VISIBILITY_SECONDS = 12 * 3600
"""From the receipt on, however often it is extended
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""


class Heartbeat:
    """Goes round all that is covered, again and again; a call that hangs holds up no other.

    A lease is lost when the queue says so, when the processed-message record names another owner, or when nothing
    could be extended for as long as it lasts. Its handler is cancelled within a second of that.
    """

    def __init__(
        self,
        covered: Mapping[str, Covered],
        *,
        lease: timedelta,
        limit: timedelta,
        telemetry: Telemetry,
        monotonic: Callable[[], float],
    ) -> None:
        """Take what is covered, by receipt; others put in and take out while we look."""
        self._covered = covered
        self._lease = lease
        self._lease_seconds = lease.total_seconds()
        self._interval_seconds = self._lease_seconds / _EXTENSIONS_PER_LEASE
        self._limit_seconds = limit.total_seconds()
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._under_way: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self.pause_seconds = min(_BEAT_SECONDS, self._interval_seconds)
        """How long to wait from one round to the next."""
        self.beat_at = monotonic()
        """When the last round began."""

    def is_over(self, covered: Covered, now: float) -> bool:
        """Whether a delivery is no longer ours."""
        return covered.is_lost or now > covered.extended_at + self._lease_seconds

    def hangs(self, hold: Hold, now: float) -> bool:
        """Whether a handler goes on though it was cancelled when its time was over, and nobody waits for it."""
        return now > hold.began_at + self._limit_seconds + _GRACE_SECONDS

    async def beat(self, queue: Queue, claims: ClaimStore) -> None:
        """Extend what is due, look whether what runs is still ours, and cancel what is not."""
        self.beat_at = now = self._monotonic()
        due = self._due(now)
        holds = [
            covered.hold
            for covered in list(self._covered.values())
            # What is lost, or hangs, is kept no longer: neither its receipt nor its claim.
            if covered.hold and not covered.is_lost and not self.hangs(covered.hold, now)
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
            done, self._under_way = await asyncio.wait(self._under_way, timeout=self.pause_seconds)
            for task in done:
                if error := task.exception():
                    log.error("lease_beat_failed", exc_info=error)
        now = self._monotonic()
        for covered in list(self._covered.values()):
            if now > covered.extended_at + self._lease_seconds:
                self._lose(covered, "not extended in time")
            elif covered.hold and now > covered.hold.extended_at + self._lease_seconds:
                self._lose(covered, "claim not extended in time")
            elif covered.hold and now > covered.hold.began_at + self._limit_seconds:
                covered.hold.cancel(TimeoutError(f"no end after {self._limit_seconds:.0f} s"))

    def _due(self, now: float) -> list[Covered]:
        due = []
        for covered in list(self._covered.values()):
            if covered.is_lost or covered.in_flight:
                continue
            if covered.hold and self.hangs(covered.hold, now):
                continue  # let another worker have it
            # What runs is extended at every beat, because only an extension tells whether it is still ours.
            interval = self.pause_seconds / 2 if covered.hold else self._interval_seconds
            if now - covered.extended_at >= interval:
                due.append(covered)
        return due

    async def _extend_visibility(self, queue: Queue, batch: list[Covered]) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        now = self._monotonic()
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

    def _seconds_for(self, covered: Covered, now: float) -> int:
        left = MAX_VISIBILITY_SECONDS - (now - covered.received_at)
        return max(0, min(round(self._lease_seconds), int(left)))

    async def _extend_claim(self, claims: ClaimStore, hold: "Hold") -> None:
        now = self._monotonic()
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

    def _lose(self, covered: Covered, why: str) -> None:
        if covered.is_lost:
            return
        covered.is_lost = True
        self._telemetry.lost()
        log.warning("lease_lost", message_id=covered.delivery.message_id, why=why, running=covered.hold is not None)
        if covered.hold:
            covered.hold.cancel(LeaseLostError(covered.hold.claim.key))
