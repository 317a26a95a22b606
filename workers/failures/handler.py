"""Records a dead letter in the ledger, and notifies its visitor: of a command without an outcome, of an unsent code."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from shared.claims import Busy, Claim, ClaimStore
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.delivery import Delivery
from shared.consumer.handler import fingerprint_message
from shared.conversations.replies import Replies, build_refusal_frame
from shared.dead_letter_reasons import NOT_HANDLED, DeadLetterReason
from shared.errors import ConversationEndedError, LeaseLostError, PermanentError, TransientError
from shared.ledger.failures import Failure
from shared.messages.errors import ErrorCode
from shared.messages.notices import SendCode
from shared.messages.server import BookingPending, Error
from shared.messages.staleness import is_stale
from workers.failures.dependencies import FailurePorts
from workers.failures.domain import (
    Message,
    NotifiableCommand,
    build_failure,
    convert_to_current_version,
    find_notifiable_command,
    needs_record,
)
from workers.failures.unsent_codes import build_unsent_code_frame, find_latest_booking_frame, is_superseded

log = structlog.get_logger()

_TAIL_FRAMES = 50
"""A hold is among the latest frames of its conversation while its code is awaited."""

_FRAME_RETRY = timedelta(seconds=1)
_MAX_FRAME_WAIT = timedelta(minutes=1)
"""Booking queues the code first, and then stores the frame of the hold. Later there will be none: it was erased."""


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
        if isinstance(message, SendCode):
            await self._report_unsent_code(message, failure.reason)
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
        """Send the error that ends a command."""
        await self._send_once(
            command,
            command.claim_key,
            lambda locale: build_refusal_frame(ErrorCode.INTERNAL, re=command.client_id, locale=locale),
        )

    async def _report_unsent_code(self, notice: SendCode, reason: str) -> None:
        """Send an error that answers no frame, if the visitor still waits for a code."""
        now = self._ports.clock.now()
        if is_stale(notice, now):
            return
        tail = await self._ports.conversations.get_tail(notice.session_id, _TAIL_FRAMES)
        if tail.is_ended:
            return
        state = find_latest_booking_frame(tail.frames, notice.data.appointment_id)
        if state is None and now < notice.accepted_at + _MAX_FRAME_WAIT:
            raise TransientError("the hold has no frame yet", retry_after=_FRAME_RETRY)
        if isinstance(state, BookingPending) and not is_superseded(notice, state):
            # The notice's own claim has ended.
            await self._send_once(
                notice,
                f"{notice.claim_key}#unsent",
                lambda locale: build_unsent_code_frame(notice, reason, locale),
            )

    async def _send_once(
        self, message: NotifiableCommand | SendCode, claim_key: str, build_frame: Callable[[str], Error]
    ) -> None:
        """Send the frame in the visitor's language, unless the claim has ended."""
        claim = await self._claims.claim(claim_key, fingerprint=fingerprint_message(message), lease=self._lease)
        if isinstance(claim, Busy):
            wait = max(claim.until - self._ports.clock.now(), timedelta(seconds=1))
            raise TransientError("another worker holds the command", retry_after=min(wait, self._lease))
        if not isinstance(claim, Claim):
            return  # Done: the visitor has the outcome. Mismatch: the id belongs to a command with another payload.
        try:
            locale = await self._replies.find_locale(message.session_id, message.locale)
            frame = build_frame(locale)
            await self._replies.store_and_post(message.session_id, frame, claim=claim, tenant=message.tenant)
        except LeaseLostError as error:
            raise TransientError("another worker took the command over") from error
        except ConversationEndedError:
            await self._claims.complete(claim)
            return
        except (Exception, asyncio.CancelledError):
            # The next attempt need not wait for the end of this lease.
            await asyncio.shield(self._release_claim(claim))
            raise
        log.info("visitor_notified", command_id=message.id)

    async def _release_claim(self, claim: Claim) -> None:
        try:
            await self._claims.release(claim, unspent=True)
        except (TransientError, PermanentError) as error:
            log.warning("release_failed", error=str(error))
