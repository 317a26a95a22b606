"""A dead letter is entered into the ledger; a visitor who has heard nothing of the command is told that it failed."""

import asyncio
from datetime import timedelta

import structlog

from shared.claims import Busy, Claim, ClaimStore
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.delivery import Delivery
from shared.consumer.handler import fingerprint_of
from shared.conversations.replies import Replies, refusal
from shared.dead_letter_reasons import NOT_HANDLED
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ledger.failures import Failure
from shared.messages.errors import ErrorCode
from workers.failures.dependencies import FailurePorts
from workers.failures.domain import Message, Told, as_if_of_this_version, failure_of, waiting

log = structlog.get_logger()


class LedgerHandler:
    """Does what one dead-letter queue's letters are for. Every step is harmless when it happens twice."""

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
        """Take the queue's own name (`chat`), and what reads its messages."""
        self._queue = queue
        self._decoder = decoder
        self._ports = ports
        self._replies = replies
        self._claims = claims
        self._lease = lease

    async def handle(self, letter: Delivery) -> Failure:
        """Return what is in the ledger, once whoever waits has been told: then the letter may be deleted.

        Raises:
            TransientError: not now.
        """
        message, command = self._read(letter)
        failure = failure_of(letter, queue=self._queue, message=message, now=self._ports.clock.now())
        kept = await self._ports.ledger.record(failure)
        log.info("failure_taken", failure_id=kept.failure_id, reason=failure.reason, state=kept.state.value)
        # A copy with another reason was made by a worker that had read it, and tells the visitor itself.
        if command and failure.reason in NOT_HANDLED:
            await self._tell(command)
        return kept

    def _read(self, letter: Delivery) -> tuple[Message | None, Told | None]:
        """Return the message, and the command whose visitor waits: also of a version that nobody here carries out."""
        try:
            message = self._decoder.decode(letter.body)
        except UndecodableError as error:
            log.info("letter_unreadable", reason=error.reason)
            return None, self._addressed(as_if_of_this_version(letter.body, error.reason))
        return message, waiting(message)

    def _addressed(self, body: str | None) -> Told | None:
        try:
            return waiting(self._decoder.decode(body)) if body is not None else None
        except UndecodableError:
            return None

    async def _tell(self, command: Told) -> None:
        claim = await self._claims.claim(command.claim_key, fingerprint=fingerprint_of(command), lease=self._lease)
        if isinstance(claim, Busy):
            wait = max(claim.until - self._ports.clock.now(), timedelta(seconds=1))
            raise TransientError("a worker has the command", retry_after=min(wait, self._lease))
        if not isinstance(claim, Claim):
            return  # It has ended, and was told then; or the visitor gave its id to another one.
        try:
            await self._say(command, claim)
        except LeaseLostError as error:
            raise TransientError("a worker took the command over") from error
        except (Exception, asyncio.CancelledError):
            # Whoever gets the letter next need not wait for our lease.
            await asyncio.shield(self._give_back(claim))
            raise
        log.info("failure_told", command_id=command.id)

    async def _say(self, command: Told, claim: Claim) -> None:
        locale = await self._replies.locale(command.session_id, command.locale)
        frame = refusal(ErrorCode.INTERNAL, re=command.client_id, locale=locale)
        await self._replies.durable(command.session_id, frame, claim=claim, tenant=command.tenant)

    async def _give_back(self, claim: Claim) -> None:
        try:
            await self._claims.release(claim, unspent=True)
        except (TransientError, PermanentError) as error:
            log.warning("release_failed", error=str(error))
