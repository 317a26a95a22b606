"""Records a dead letter in the ledger, and notifies a visitor who has had no outcome of the command."""

import asyncio
from datetime import timedelta

import structlog

from shared.claims import Busy, Claim, ClaimStore
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.delivery import Delivery
from shared.consumer.handler import fingerprint_message
from shared.conversations.replies import Replies, build_refusal_frame
from shared.dead_letter_reasons import NOT_HANDLED, DeadLetterReason
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ledger.failures import Failure
from shared.messages.errors import ErrorCode
from workers.failures.dependencies import FailurePorts
from workers.failures.domain import (
    Message,
    NotifiableCommand,
    build_failure,
    convert_to_current_version,
    find_notifiable_command,
    needs_record,
)

log = structlog.get_logger()


class LedgerHandler:
    """Handles the dead letters of one queue. Every step is idempotent."""

    def __init__(
        self,
        *,
        queue: str,
        decoder: Decoder[Message],
        ports: FailurePorts,
        replies: Replies,
        claims: ClaimStore,
        lease: timedelta,
    ) -> None:
        """Take the short name of the source queue (`chat`), and the decoder of its messages."""
        self._queue = queue
        self._decoder = decoder
        self._ports = ports
        self._replies = replies
        self._claims = claims
        self._lease = lease

    async def handle(self, dead_letter: Delivery) -> Failure | None:
        """Record the failure and notify its visitor; return the recorded failure. Then the dead letter may be deleted.

        A query is only logged, and None is returned.

        Raises:
            TransientError: a store can't be reached, or another worker holds the command.
        """
        message, command = self._decode_message(dead_letter)
        failure = build_failure(dead_letter, queue=self._queue, message=message, now=self._ports.clock.now())
        if not needs_record(message):
            log.warning("query_failed", type=failure.type, reason=failure.reason, attempts=failure.attempts)
            return None
        recorded = await self._ports.ledger.record(failure)
        log.info("failure_recorded", failure_id=recorded.failure_id, reason=failure.reason, state=recorded.state.value)
        # Any other reason comes from a worker that decoded the message, and such a worker notifies the visitor itself.
        if command and failure.reason in NOT_HANDLED:
            await self._notify_visitor(command)
        return recorded

    def _decode_message(self, dead_letter: Delivery) -> tuple[Message | None, NotifiableCommand | None]:
        """Return the message, and the command to notify about: also of a version that this release does not process."""
        try:
            message = self._decoder.decode(dead_letter.body)
        except UndecodableError as error:
            log.info("dead_letter_unreadable", reason=error.reason)
            return None, self._decode_other_version(dead_letter.body, error.reason)
        return message, find_notifiable_command(message)

    def _decode_other_version(self, body: str, problem: DeadLetterReason) -> NotifiableCommand | None:
        converted = convert_to_current_version(body, problem)
        try:
            return find_notifiable_command(self._decoder.decode(converted)) if converted is not None else None
        except UndecodableError:
            return None

    async def _notify_visitor(self, command: NotifiableCommand) -> None:
        claim = await self._claims.claim(command.claim_key, fingerprint=fingerprint_message(command), lease=self._lease)
        if isinstance(claim, Busy):
            wait = max(claim.until - self._ports.clock.now(), timedelta(seconds=1))
            raise TransientError("another worker holds the command", retry_after=min(wait, self._lease))
        if not isinstance(claim, Claim):
            return  # Done: the visitor has the outcome. Mismatch: the id belongs to a command with another payload.
        try:
            await self._send_error(command, claim)
        except LeaseLostError as error:
            raise TransientError("another worker took the command over") from error
        except (Exception, asyncio.CancelledError):
            # The next attempt need not wait for the end of this lease.
            await asyncio.shield(self._release_claim(claim))
            raise
        log.info("visitor_notified", command_id=command.id)

    async def _send_error(self, command: NotifiableCommand, claim: Claim) -> None:
        locale = await self._replies.find_locale(command.session_id, command.locale)
        frame = build_refusal_frame(ErrorCode.INTERNAL, re=command.client_id, locale=locale)
        await self._replies.store_and_post(command.session_id, frame, claim=claim, tenant=command.tenant)

    async def _release_claim(self, claim: Claim) -> None:
        try:
            await self._claims.release(claim, unspent=True)
        except (TransientError, PermanentError) as error:
            log.warning("release_failed", error=str(error))
