"""From a delivery to a disposition: decode, claim, handle; a permanent failure is dead-lettered."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

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
    build_unclaimed_retry,
    build_uncounted_retry,
    decide_disposition,
)
from shared.consumer.handler import Handler, MessageT, WaitingVisitor, fingerprint_message
from shared.consumer.lease import LeaseKeeper
from shared.consumer.overload import Handle, OverloadGuard
from shared.consumer.rollout import ROLLOUT_WAIT, wait_for_newer_worker
from shared.consumer.shares import find_holders
from shared.consumer.telemetry import Telemetry
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import ConversationEndedError, LeaseLostError, NotYetError, TransientError, describe_error
from shared.ledger.ports import ReplayOutcomes
from shared.messages.errors import ErrorCode

log = structlog.get_logger()

DEATHS_BEFORE_QUARANTINE = 3
"""A message that has crashed three workers must not crash a fourth."""

DEATHS_BEFORE_ISOLATION = 2
"""A worker that crashes had many messages in progress, and any of them may be the cause. So messages that were in
progress in two crashes run one at a time: of those, only the cause can crash a third worker."""

_ISOLATION_PAUSE = timedelta(seconds=2)


class Processor(DeliveryProcessor, Generic[MessageT]):
    """Processes a command: claim it, run its handler, give it up when its attempts are used up."""

    def __init__(
        self,
        *,
        queue: Queue,
        decoder: Decoder[MessageT],
        handler: Handler[MessageT],
        claims: ClaimStore,
        leases: LeaseKeeper,
        clock: Clock,
        policy: RetryPolicy,
        policies: Mapping[type, Callable[[Any], RetryPolicy]] | None = None,
        lease: timedelta,
        telemetry: Telemetry | None = None,
        outcomes: ReplayOutcomes | None = None,
        rollout_wait: timedelta = ROLLOUT_WAIT,
        guard: OverloadGuard[MessageT] | None = None,
        visitor: WaitingVisitor[MessageT] | None = None,
    ) -> None:
        super().__init__(queue_name=queue.name, clock=clock, policy=policy, telemetry=telemetry)
        self._policies = policies or {}
        self._decoder = decoder
        self._handler = handler
        self._claims = claims
        self._leases = leases
        self._lease = lease
        self._outcomes = outcomes
        self._rollout_wait = rollout_wait
        self._guard = guard
        self._visitor = visitor
        self._is_fifo = queue.is_fifo
        self.spare_permits = guard.spare_permits if guard else 0
        self._dead_letters = DeadLetters(queue)
        self._is_isolating = False
        """Whether a message that is suspected of crashing its workers is running."""

    async def _process_delivery(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        if self._leases.is_lost(delivery):
            # It waited longer than its lease could be extended: another worker may have it by now.
            return Abandon()
        try:
            message = self._decoder.decode(delivery.body)
        except UndecodableError as error:
            retry = wait_for_newer_worker(delivery, error.reason, now=self._clock.now(), limit=self._rollout_wait)
            return retry or await self._dead_letters.dead_letter_unreadable(delivery, error)
        fields |= {
            "command_id": message.id,
            "tenant": message.tenant,
            "session_id": message.session_id,
            "type": message.type,
        }
        if self._visitor is None:
            return await self._wait_and_handle(delivery, message, fields)
        async with self._visitor.watch(message):
            return await self._wait_and_handle(delivery, message, fields)

    async def _wait_and_handle(self, delivery: Delivery, message: MessageT, fields: dict[str, object]) -> Disposition:
        """Claim and handle the message once it has a handler, or defer it."""
        guard = self._guard
        if guard is None:
            return await self._claim_and_handle(delivery, message, self._handler.handle, fields)
        holders = find_holders(message, is_fifo=self._is_fifo)
        used_up = guard.take_handler(holders)
        if used_up is not None:
            unwanted = await guard.wait_or_defer(
                message,
                holders,
                used_up,
                age=self._compute_age(delivery),
                shed=lambda handle: self._claim_and_handle(delivery, message, handle, fields),
            )
            if unwanted is not None:
                return unwanted
        began = guard.monotonic()
        try:
            return await self._claim_and_handle(delivery, message, self._handler.handle, fields)
        finally:
            guard.end_handler(holders, began=began)

    async def _claim_and_handle(
        self, delivery: Delivery, message: MessageT, handle: Handle[MessageT], fields: dict[str, object]
    ) -> Disposition:
        try:
            async with asyncio.timeout(self._visitor.compute_claim_seconds(message) if self._visitor else None):
                claim_result = await self._claims.claim(
                    message.claim_key, fingerprint=fingerprint_message(message), lease=self._lease
                )
            match claim_result:
                case Done(outcome_seq):
                    async with asyncio.timeout(self._leases.limit_seconds):
                        code = await self._handler.repeat_outcome(message, outcome_seq)
                        await self._record_outcome(message, code)
                    return Ack()
                case Mismatch():
                    async with asyncio.timeout(self._leases.limit_seconds):
                        await self._handler.refuse_reused_id(message)
                    return Ack()
                case Busy(until):
                    wait = max(until - self._clock.now(), timedelta(seconds=1))
                    return RetryIn(min(wait, self._lease), reason="in_progress_elsewhere")
        except Exception as error:  # noqa: BLE001 - nothing was decided before the claim: always retry
            log.warning("claim_failed", error=describe_error(error))
            if self._visitor and await self._visitor.refuse_unclaimed(message):
                return Ack()
            return build_unclaimed_retry(error, receives=delivery.receive_count, policy=self._policy)
        fields["attempt"] = claim_result.attempts
        return await self._process_or_isolate(delivery, message, claim_result, handle)

    async def _process_or_isolate(
        self, delivery: Delivery, message: MessageT, claim: Claim, handle: Handle[MessageT]
    ) -> Disposition:
        if claim.unfinished < DEATHS_BEFORE_ISOLATION:
            return await self._process_claimed(delivery, message, claim, handle)
        if self._is_isolating:
            await asyncio.shield(self._release_claim(claim, unspent=True))
            return RetryIn(_ISOLATION_PAUSE, reason="suspect_waits")
        self._is_isolating = True
        try:
            return await self._process_claimed(delivery, message, claim, handle)
        finally:
            self._is_isolating = False

    async def _process_claimed(
        self, delivery: Delivery, message: MessageT, claim: Claim, handle: Handle[MessageT]
    ) -> Disposition:
        try:
            used_up = self._check_attempts(message, claim)
            disposition = used_up or await self._run_handler(delivery, message, claim, handle)
            if isinstance(disposition, DeadLetter):
                disposition = await self._give_up(delivery, message, claim, disposition)
        except LeaseLostError:
            log.warning("handler_lost_its_lease")
            # If only the receipt was lost, the claim is still ours: release it, so that the next worker can start and
            # nothing that this handler left running can write any more.
            await asyncio.shield(self._release_claim(claim))
            return Abandon()
        except asyncio.CancelledError:
            # The pool is stopping: release the claim, so that the next worker need not wait for the lease to end.
            # The command did not fail, so the attempt does not count.
            await asyncio.shield(self._release_claim(claim, unspent=True))
            raise
        if isinstance(disposition, RetryIn):
            await asyncio.shield(self._release_claim(claim, unspent=disposition.is_unspent))
        return disposition

    def _get_policy(self, message: MessageT) -> RetryPolicy:
        choose = self._policies.get(type(message))
        return choose(message) if choose else self._policy

    def _decide(self, error: Exception, delivery: Delivery, message: MessageT, claim: Claim) -> Disposition:
        age = self._compute_age(delivery)
        return decide_disposition(
            error,
            attempts=claim.attempts,
            policy=self._get_policy(message),
            age=age,
            receives=delivery.receive_count,
        )

    def _compute_age(self, delivery: Delivery) -> timedelta:
        """Return the time since the message was sent."""
        if not delivery.sent_at:
            return timedelta(0)
        return self._clock.now() - datetime.fromtimestamp(delivery.sent_at, UTC)

    def _check_attempts(self, message: MessageT, claim: Claim) -> DeadLetter | None:
        """Return the dead letter of a command that must not be tried again; None if its handler may run."""
        if claim.unfinished >= DEATHS_BEFORE_QUARANTINE:
            return DeadLetter(
                reason=DeadLetterReason.QUARANTINED,
                error=f"{claim.unfinished} workers ended while they had it",
                attempts=claim.attempts,
            )
        if claim.attempts > self._get_policy(message).max_attempts:
            return DeadLetter(
                reason=DeadLetterReason.ATTEMPTS_EXHAUSTED, error="no attempt ended", attempts=claim.attempts
            )
        return None

    async def _run_handler(
        self, delivery: Delivery, message: MessageT, claim: Claim, handle: Handle[MessageT]
    ) -> Disposition:
        try:
            with self._leases.open_handler_lease(delivery, claim):
                code = await handle(message, claim)
        except LeaseLostError:
            raise
        except ConversationEndedError:
            return await self._end_without_frame(message, claim)
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            # This task was not cancelled; something that the handler awaited was. That is an ordinary failure.
            log.exception("attempt_failed")
            return self._decide(RuntimeError("cancelled from inside"), delivery, message, claim)
        except Exception as error:
            if isinstance(error, NotYetError):
                log.info("not_yet", wait_seconds=round(error.wait.total_seconds()))
            elif isinstance(error, TransientError):
                log.warning("attempt_failed", error=describe_error(error))
            else:
                log.exception("attempt_failed")
            return self._decide(error, delivery, message, claim)
        return await self._finish_replay(message, claim, code)

    async def _end_without_frame(self, message: MessageT, claim: Claim) -> Ack | RetryIn:
        """End a command whose visitor has ended the session: nobody reads how it ends, and nothing is stored."""
        log.info("conversation_has_ended")
        try:
            async with asyncio.timeout(self._leases.limit_seconds):
                await self._claims.complete(claim)
        except LeaseLostError:
            raise
        except Exception as error:  # noqa: BLE001 - the next delivery finds the end, too
            log.warning("completion_failed", error=describe_error(error))
            return build_uncounted_retry(error, attempt=claim.attempts, policy=self._policy)
        return await self._finish_replay(message, claim, ErrorCode.SESSION_EXPIRED)

    async def _finish_replay(self, message: MessageT, claim: Claim, code: str | None) -> Ack | RetryIn:
        """Record the outcome of a replay before the command is acknowledged; retry until that succeeds."""
        try:
            async with asyncio.timeout(self._leases.limit_seconds):
                await self._record_outcome(message, code)
        except Exception as error:  # noqa: BLE001 - the command has ended; the next delivery finds it done and records the outcome
            log.warning("outcome_not_noted", error=describe_error(error))
            return build_uncounted_retry(error, attempt=claim.attempts, policy=self._policy)
        return Ack()

    async def _record_outcome(self, message: MessageT, code: str | None) -> None:
        """Record in the ledger how a replay ended: resolved, or refused with which code."""
        if not message.replay or self._outcomes is None:
            return
        now = self._clock.now()
        if code is None:
            await self._outcomes.record_resolved(message.id, replay=message.replay, at=now)
        else:
            await self._outcomes.record_refused(message.id, replay=message.replay, at=now, code=code)

    async def _give_up(
        self, delivery: Delivery, message: MessageT, claim: Claim, disposition: DeadLetter
    ) -> Ack | DeadLetter | RetryIn:
        # An operator who has replayed it waits for the outcome.
        is_kept = bool(message.replay) or not disposition.asks_to_repeat
        try:
            with self._leases.open_handler_lease(delivery, claim):
                if is_kept:
                    await self._dead_letters.copy(delivery, message, disposition)
                await self._handler.give_up(message, claim, disposition.reason)
        except LeaseLostError:
            raise
        except ConversationEndedError:
            # The dead letter is on its queue; nobody waits for the frame.
            ended = await self._end_without_frame(message, claim)
            if isinstance(ended, RetryIn):
                return ended
        except Exception as error:
            log.exception("giving_up_failed")
            return build_uncounted_retry(error, attempt=claim.attempts, policy=self._policy)
        return disposition if is_kept else Ack()

    async def _release_claim(self, claim: Claim, *, unspent: bool = False) -> None:
        try:
            await self._claims.release(claim, unspent=unspent)
        except Exception as error:  # noqa: BLE001 - the delivery continues whatever the error is
            # The lease expires by itself; until then the next attempt finds the command busy.
            log.warning("release_failed", error=describe_error(error))
