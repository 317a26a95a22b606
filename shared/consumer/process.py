"""From a delivery to a disposition: decode, claim, handle; a failure for good is copied, told, ended."""

import asyncio
from datetime import timedelta
from typing import Generic

import structlog

from shared.claims import Busy, Claim, ClaimStore, Done, Mismatch
from shared.clock import Clock
from shared.consumer.dead_letter import DeadLetters
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.delivery import Delivery, Queue
from shared.consumer.delivery_processor import DeliveryProcessor, is_being_cancelled
from shared.consumer.disposition import (
    Abandon,
    Ack,
    DeadLetter,
    Disposition,
    RetryIn,
    RetryPolicy,
    disposition_of,
    try_again,
)
from shared.consumer.handler import Handler, W, fingerprint_of
from shared.consumer.lease import LeaseKeeper
from shared.consumer.telemetry import Telemetry
from shared.errors import LeaseLostError, NotYetError, TransientError, described
from shared.ledger.ports import ReplayOutcomes

log = structlog.get_logger()

DEATHS_BEFORE_QUARANTINE = 3
"""A message whose workers die of it, time and again, must not take down a fourth."""

DEATHS_BEFORE_ISOLATION = 2
"""A worker that dies takes along all that it has in hand, and nobody knows what it died of. So messages that saw it
twice run one at a time: of those, only the culprit can see it a third time."""

_ISOLATION_PAUSE = timedelta(seconds=2)


class Processor(DeliveryProcessor, Generic[W]):
    """Carries a command through: claims it, has it handled, gives it up when it has to be."""

    def __init__(
        self,
        *,
        queue: Queue,
        decoder: Decoder[W],
        handler: Handler[W],
        claims: ClaimStore,
        leases: LeaseKeeper,
        clock: Clock,
        policy: RetryPolicy,
        lease: timedelta,
        telemetry: Telemetry | None = None,
        outcomes: ReplayOutcomes | None = None,
    ) -> None:
        super().__init__(queue_name=queue.name, clock=clock, policy=policy, telemetry=telemetry)
        self._decoder = decoder
        self._handler = handler
        self._claims = claims
        self._leases = leases
        self._lease = lease
        self._outcomes = outcomes
        self._dead_letters = DeadLetters(queue, handler)
        self._is_isolating = False
        """Whether a message that is suspected of killing its workers runs."""

    async def _process(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        if self._leases.is_lost(delivery):
            # It waited for its turn for longer than we could keep it: it is somewhere else by now.
            return Abandon()
        try:
            work = self._decoder.decode(delivery.body)
        except UndecodableError as error:
            return await self._dead_letters.unread(delivery, error)
        fields |= {"command_id": work.id, "tenant": work.tenant, "session_id": work.session_id, "type": work.type}
        try:
            taken = await self._claims.claim(work.claim_key, fingerprint=fingerprint_of(work), lease=self._lease)
            match taken:
                case Done(outcome_seq):
                    async with asyncio.timeout(self._leases.limit_seconds):
                        code = await self._handler.repeat(work, outcome_seq)
                        await self._note_outcome(work, code)
                    return Ack()
                case Mismatch():
                    async with asyncio.timeout(self._leases.limit_seconds):
                        await self._handler.mismatch(work)
                    return Ack()
                case Busy(until):
                    wait = max(until - self._clock.now(), timedelta(seconds=1))
                    return RetryIn(min(wait, self._lease), reason="in_progress_elsewhere")
        except Exception as error:  # noqa: BLE001 - before the claim nothing is decided: always try again
            log.warning("claim_failed", error=described(error))
            return try_again(error, attempt=delivery.receive_count, policy=self._policy)
        fields["attempt"] = taken.attempts
        return await self._carry_out(delivery, work, taken)

    async def _carry_out(self, delivery: Delivery, work: W, claim: Claim) -> Disposition:
        if claim.unfinished < DEATHS_BEFORE_ISOLATION:
            return await self._claimed(delivery, work, claim)
        if self._is_isolating:
            await asyncio.shield(self._release(claim, unspent=True))
            return RetryIn(_ISOLATION_PAUSE, reason="suspect_waits")
        self._is_isolating = True
        try:
            return await self._claimed(delivery, work, claim)
        finally:
            self._is_isolating = False

    async def _claimed(self, delivery: Delivery, work: W, claim: Claim) -> Disposition:
        try:
            disposition = self._spent(claim) or await self._handled(delivery, work, claim)
            if isinstance(disposition, DeadLetter):
                disposition = await self._given_up(delivery, work, claim, disposition)
        except LeaseLostError:
            log.warning("handler_lost_its_lease")
            # If only the receipt was lost, the command is still in our name: whoever has the message now may begin,
            # and what this handler left running can write nothing any more.
            await asyncio.shield(self._release(claim))
            return Abandon()
        except asyncio.CancelledError:
            # The pool is stopping: hand the command back, so that the next worker need not wait for the lease.
            # It was not the command's fault, so the attempt does not count.
            await asyncio.shield(self._release(claim, unspent=True))
            raise
        if isinstance(disposition, RetryIn):
            await asyncio.shield(self._release(claim, unspent=disposition.is_unspent))
        return disposition

    def _spent(self, claim: Claim) -> DeadLetter | None:
        """Return how a command ends that shall not be tried once more, whatever its handler would say."""
        if claim.unfinished >= DEATHS_BEFORE_QUARANTINE:
            return DeadLetter(
                reason="quarantined",
                error=f"{claim.unfinished} workers ended while they had it",
                attempts=claim.attempts,
            )
        if claim.attempts > self._policy.max_attempts:
            return DeadLetter(reason="attempts_exhausted", error="no attempt ended", attempts=claim.attempts)
        return None

    async def _handled(self, delivery: Delivery, work: W, claim: Claim) -> Disposition:
        try:
            with self._leases.handler_lease(delivery, claim):
                code = await self._handler.handle(work, claim)
        except LeaseLostError:
            raise
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            # Nobody cancelled us: something that the handler waited for was. That is a failure like any other.
            log.exception("attempt_failed")
            inside = RuntimeError("cancelled from inside")
            return disposition_of(inside, attempts=claim.attempts, policy=self._policy)
        except Exception as error:
            if isinstance(error, NotYetError):
                log.info("not_yet", wait_seconds=round(error.wait.total_seconds()))
            elif isinstance(error, TransientError):
                log.warning("attempt_failed", error=described(error))
            else:
                log.exception("attempt_failed")
            return disposition_of(error, attempts=claim.attempts, policy=self._policy)
        return await self._noted(work, claim, code)

    async def _noted(self, work: W, claim: Claim, code: str | None) -> Ack | RetryIn:
        """Return how a command that is done ends: its replay's outcome is noted first, however often that is tried."""
        try:
            async with asyncio.timeout(self._leases.limit_seconds):
                await self._note_outcome(work, code)
        except Exception as error:  # noqa: BLE001 - the command has ended; the next delivery finds it done and notes it
            log.warning("outcome_not_noted", error=described(error))
            return try_again(error, attempt=claim.attempts, policy=self._policy)
        return Ack()

    async def _note_outcome(self, work: W, code: str | None) -> None:
        """Tell the ledger how a replay ended: whether the command was carried out, or with which no."""
        if not work.replay or self._outcomes is None:
            return
        now = self._clock.now()
        if code is None:
            await self._outcomes.resolved(work.id, replay=work.replay, at=now)
        else:
            await self._outcomes.refused(work.id, replay=work.replay, at=now, code=code)

    async def _given_up(
        self, delivery: Delivery, work: W, claim: Claim, disposition: DeadLetter
    ) -> DeadLetter | RetryIn:
        try:
            with self._leases.handler_lease(delivery, claim):
                await self._dead_letters.failed(delivery, work, claim, disposition)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("giving_up_failed")
            return try_again(error, attempt=claim.attempts, policy=self._policy)
        return disposition

    async def _release(self, claim: Claim, *, unspent: bool = False) -> None:
        try:
            await self._claims.release(claim, unspent=unspent)
        except Exception as error:  # noqa: BLE001 - whatever it is, the delivery goes on
            # The lease runs out by itself; until then the next attempt finds the command busy.
            log.warning("release_failed", error=described(error))
