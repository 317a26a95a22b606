"""Handles one notice: sends it unless it is stale or outdated, and completes its claim."""

import asyncio

import structlog

from shared.claims import Claim, ClaimStore
from shared.dead_letter_reasons import REFUSED_CONTACT
from shared.errors import PermanentError, TransientError
from shared.messages.notices import AnyNotice, OperatorAlert, SendTranscript
from shared.messages.staleness import is_stale
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import VisitorNotice
from workers.notifications.handler.alert import alert_operators
from workers.notifications.handler.notify_visitor import notify_visitor
from workers.notifications.handler.send_transcript import send_transcript
from workers.notifications.ports import UnknownOutcomeError

log = structlog.get_logger()

_NOT_SENT = "not_sent"
"""The outcome of a notice that was no longer of use."""


class NotificationHandler:
    """Sends each notice once.

    The claim prevents that a repeated delivery sends it twice. A crash between the provider's acceptance and the
    completion of the claim may repeat an identical notice; it never loses one.
    """

    def __init__(self, *, ports: NotificationPorts, claims: ClaimStore) -> None:
        self._ports = ports
        self._claims = claims

    async def handle(self, notice: AnyNotice, claim: Claim) -> str | None:
        """Send the notice and return None; return `not_sent` for one that is no longer of use."""
        if is_stale(notice, self._ports.clock.now()):
            log.info("notice_stale", notice=notice.type)
            await self._claims.complete(claim)
            return _NOT_SENT
        if isinstance(notice, OperatorAlert):
            await alert_operators(self._ports, notice)
            await self._claims.complete(claim)
            return None
        if claim.unfinished:
            # An earlier worker may have crashed after the provider accepted the notice; this one is identical.
            self._count_as_perhaps_repeated(notice)
        return None if await self._notify_visitor(notice, claim) else _NOT_SENT

    async def _notify_visitor(self, notice: VisitorNotice | SendTranscript, claim: Claim) -> bool:
        """Notify the visitor and complete the claim; count each case in which the notice may be sent twice."""
        try:
            if isinstance(notice, SendTranscript):
                is_sent = await send_transcript(self._ports, notice, is_first_attempt=claim.is_first)
            else:
                is_sent = await notify_visitor(self._ports, notice, is_first_attempt=claim.is_first)
        except (UnknownOutcomeError, asyncio.CancelledError):
            self._count_as_perhaps_repeated(notice)
            raise
        try:
            await self._claims.complete(claim)
        except (TransientError, PermanentError, asyncio.CancelledError):
            # After a lost lease nothing is counted here: the new owner of the claim counts.
            self._count_as_perhaps_repeated(notice)
            raise
        return is_sent

    def _count_as_perhaps_repeated(self, notice: VisitorNotice | SendTranscript) -> None:
        self._ports.metrics.count("NoticesPerhapsRepeated")
        log.warning("notice_perhaps_repeated", notice=notice.type)

    async def repeat_outcome(self, notice: AnyNotice, outcome_seq: int | None) -> None:
        """Do nothing: the notice was sent."""

    async def refuse_reused_id(self, notice: AnyNotice) -> None:
        """Do nothing: a retried command may build its notice again with other content, and the first one counts."""
        log.info("notice_repeated", notice=notice.type)

    async def give_up(self, notice: AnyNotice, claim: Claim, reason: str) -> None:
        """Log the failure and complete the claim; the dead letter is recorded in the failure ledger.

        A code that was given up because of its provider costs the visitor none of the codes of the hold.
        """
        log.error("notice_failed", notice=notice.type, reason=reason)
        await self._claims.complete(claim, is_carried_out=reason in REFUSED_CONTACT)
