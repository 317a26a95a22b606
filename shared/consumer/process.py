"""From a delivery to a disposition: decode, claim, handle; a failure for good is copied, told, ended."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

import structlog
from pydantic import BaseModel

from shared.clock import Clock
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.delivery import DeadLetterCopy, Delivery, Queue
from shared.consumer.disposition import (
    Abandon,
    Ack,
    DeadLetter,
    Disposition,
    RetryIn,
    RetryPolicy,
    disposition_of,
)
from shared.consumer.lease import LeaseKeeper
from shared.errors import LeaseLostError, TransientError
from shared.ids import fingerprint
from shared.ports import Busy, Claim, ClaimStore, Done, Mismatch

log = structlog.get_logger()


class Work(Protocol):
    """What every queued message tells the core about itself."""

    @property
    def id(self) -> str:
        """The key that all effects derive from."""
        ...

    @property
    def claim_key(self) -> str:
        """The key of its processed-message record."""
        ...

    @property
    def tenant(self) -> str:
        """Whose visitor it is."""
        ...

    @property
    def session_id(self) -> str:
        """Which conversation it belongs to."""
        ...

    @property
    def type(self) -> str:
        """What kind of message it is."""
        ...

    @property
    def data(self) -> BaseModel:
        """What it says."""
        ...


W = TypeVar("W", bound=Work)
W_contra = TypeVar("W_contra", bound=Work, contravariant=True)


class Handler(Protocol[W_contra]):
    """One use case. It returns when the work is done and raises when it is not; it never settles."""

    async def handle(self, work: W_contra, claim: Claim) -> None:
        """Carry the work out and record its end; every effect must be harmless when it happens twice."""
        ...

    async def repeat(self, work: W_contra, outcome_seq: int | None) -> None:
        """Say the outcome once more: the work was done before."""
        ...

    async def mismatch(self, work: W_contra) -> None:
        """Refuse work that reuses the id of other work."""
        ...

    async def give_up(self, work: W_contra, claim: Claim, reason: str) -> None:
        """Tell whoever waits that the work has failed for good, and record its end."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a delivery is ours at a time, and how long its handler may take in all."""

    lease: timedelta = timedelta(seconds=30)
    handler_timeout: timedelta = timedelta(minutes=5)


class Processor(Generic[W]):
    """Carries one delivery through; it decides, and leaves the settling to others."""

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
        limits: Limits,
    ) -> None:
        self._queue = queue
        self._decoder = decoder
        self._handler = handler
        self._claims = claims
        self._leases = leases
        self._clock = clock
        self._policy = policy
        self._limits = limits

    async def process(self, delivery: Delivery) -> Disposition:
        """Return what to do with the delivery; only cancellation gets out as an exception."""
        started = time.monotonic()
        structlog.contextvars.bind_contextvars(queue=self._queue.name, message_id=delivery.message_id)
        try:
            disposition = await self._decided(delivery)
            log.info(
                "delivery_finished",
                disposition=type(disposition).__name__,
                reason=getattr(disposition, "reason", None) or None,
                receive_count=delivery.receive_count,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
            )
            return disposition
        finally:
            structlog.contextvars.clear_contextvars()

    async def _decided(self, delivery: Delivery) -> Disposition:
        try:
            return await self._process(delivery)
        except Exception as error:
            # A bug of the core itself must not keep the message, and the group behind it, in flight.
            log.exception("processing_failed")
            return self._try_again(error, delivery.receive_count)

    async def _process(self, delivery: Delivery) -> Disposition:
        try:
            work = self._decoder.decode(delivery.body)
        except UndecodableError as error:
            return await self._dead_letter_unread(delivery, error)
        structlog.contextvars.bind_contextvars(
            command_id=work.id, tenant=work.tenant, session_id=work.session_id, type=work.type
        )
        try:
            taken = await self._claims.claim(
                work.claim_key, fingerprint=self._fingerprint(work), lease=self._limits.lease
            )
            match taken:
                case Done(outcome_seq):
                    await self._handler.repeat(work, outcome_seq)
                    return Ack()
                case Mismatch():
                    await self._handler.mismatch(work)
                    return Ack()
                case Busy(until):
                    wait = max(until - self._clock.now(), timedelta(seconds=1))
                    return RetryIn(min(wait, self._limits.lease), reason="in_progress_elsewhere")
        except Exception as error:  # noqa: BLE001 - before the claim nothing is decided: always try again
            log.warning("claim_failed", error=f"{type(error).__name__}: {error}")
            return self._try_again(error, delivery.receive_count)
        return await self._carry_out(delivery, work, taken)

    async def _carry_out(self, delivery: Delivery, work: W, claim: Claim) -> Disposition:
        structlog.contextvars.bind_contextvars(attempt=claim.attempts)
        try:
            async with self._leases.hold(delivery, claim):
                return await self._attempt(delivery, work, claim)
        except LeaseLostError:
            log.warning("lease_lost")
            return Abandon()
        except asyncio.CancelledError:
            # The pool is stopping: hand the command back, so that the next worker need not wait for the lease.
            # It was not the command's fault, so the attempt does not count.
            await asyncio.shield(self._release(claim, unspent=True))
            raise

    async def _attempt(self, delivery: Delivery, work: W, claim: Claim) -> Disposition:
        if claim.attempts > self._policy.max_attempts:
            # Earlier attempts ended without a word, for example with the worker killed.
            spent = DeadLetter(reason="attempts_exhausted", error="no attempt ended", attempts=claim.attempts)
            return await self._fail(delivery, work, claim, spent)
        try:
            async with asyncio.timeout(self._limits.handler_timeout.total_seconds()):
                await self._handler.handle(work, claim)
        except Exception as error:
            disposition = disposition_of(error, attempts=claim.attempts, policy=self._policy)
            if isinstance(error, TransientError | LeaseLostError):
                log.warning("attempt_failed", error=f"{type(error).__name__}: {error}")
            else:
                log.exception("attempt_failed")
            match disposition:
                case DeadLetter():
                    return await self._fail(delivery, work, claim, disposition)
                case RetryIn():
                    await self._release(claim)
            return disposition
        return Ack()

    async def _fail(self, delivery: Delivery, work: W, claim: Claim, disposition: DeadLetter) -> Disposition:
        """Copy first, tell the visitor second: a crash in between repeats both and loses neither."""
        try:
            await self._queue.dead_letter(
                DeadLetterCopy(
                    delivery=delivery,
                    deduplication_id=f"{work.claim_key}#{delivery.receive_count}",
                    reason=disposition.reason,
                    error=disposition.error,
                    attempts=disposition.attempts,
                )
            )
            await self._handler.give_up(work, claim, disposition.reason)
        except LeaseLostError:
            raise
        except Exception as error:
            log.exception("giving_up_failed")
            await self._release(claim)
            return self._try_again(error, claim.attempts)
        return disposition

    async def _dead_letter_unread(self, delivery: Delivery, error: UndecodableError) -> Disposition:
        copy = DeadLetterCopy(
            delivery=delivery,
            deduplication_id=f"{delivery.message_id}#{delivery.receive_count}",
            reason=error.reason,
            error=str(error),
            attempts=0,
        )
        try:
            await self._queue.dead_letter(copy)
        except Exception as trouble:
            log.exception("dead_letter_failed")
            return self._try_again(trouble, delivery.receive_count)
        return DeadLetter(reason=error.reason, error=str(error), attempts=0)

    async def _release(self, claim: Claim, *, unspent: bool = False) -> None:
        try:
            await self._claims.release(claim, unspent=unspent)
        except Exception as error:  # noqa: BLE001 - whatever it is, the delivery goes on
            # The lease runs out by itself; until then the next attempt finds the command busy.
            log.warning("release_failed", error=f"{type(error).__name__}: {error}")

    def _try_again(self, error: Exception, attempt: int) -> RetryIn:
        endless = RetryPolicy(max_attempts=2**31, base=self._policy.base, cap=self._policy.cap)
        later = disposition_of(TransientError(str(error)), attempts=max(attempt, 1), policy=endless)
        return later if isinstance(later, RetryIn) else RetryIn(self._policy.cap)

    @staticmethod
    def _fingerprint(work: W) -> str:
        # Without defaults: a field that a newer version adds does not make old messages look like others.
        return fingerprint(f"{work.type} {work.data.model_dump_json(exclude_defaults=True, by_alias=True)}")
