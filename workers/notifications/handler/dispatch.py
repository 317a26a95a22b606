"""Takes one notice, has it sent if that still helps, and records that it was."""

import asyncio

import structlog

from shared.claims import Claim, ClaimStore
from shared.errors import PermanentError, TransientError
from shared.messages.notices import AnyNotice, OperatorAlert
from shared.messages.staleness import is_stale
from workers.notifications.domain import VisitorNotice
from workers.notifications.handler.alert import alert
from workers.notifications.handler.dependencies import NotificationPorts
from workers.notifications.handler.tell import tell
from workers.notifications.ports import UnknownOutcomeError

log = structlog.get_logger()

_NOT_SENT = "not_sent"
"""How a notice ends that helps its reader no more."""


class NotificationHandler:
    """Sends each notice once.

    The claim keeps doubled deliveries from sending twice. A crash between the provider's yes and our record may
    repeat an identical notice; it never loses one.
    """

    def __init__(self, *, ports: NotificationPorts, claims: ClaimStore) -> None:
        self._ports = ports
        self._claims = claims

    async def handle(self, work: AnyNotice, claim: Claim) -> str | None:
        """Send the notice, unless it comes too late to help: then say so."""
        if is_stale(work, self._ports.clock.now()):
            log.info("notice_stale", notice=work.type)
            await self._claims.complete(claim)
            return _NOT_SENT
        if isinstance(work, OperatorAlert):
            await alert(self._ports, work)
            await self._claims.complete(claim)
            return None
        if claim.unfinished:
            # Whoever had it before may have died after the provider's yes: what goes out now is identical.
            self._count_as_perhaps_repeated(work)
        return None if await self._tell(work, claim) else _NOT_SENT

    async def _tell(self, work: VisitorNotice, claim: Claim) -> bool:
        """Tell the visitor, and record it; whatever leaves open whether the provider said yes is counted."""
        try:
            is_sent = await tell(self._ports, work)
        except (UnknownOutcomeError, asyncio.CancelledError):
            self._count_as_perhaps_repeated(work)
            raise
        try:
            await self._claims.complete(claim)
        except (TransientError, PermanentError, asyncio.CancelledError):
            # Who has lost the notice leaves the counting to its new owner.
            self._count_as_perhaps_repeated(work)
            raise
        return is_sent

    def _count_as_perhaps_repeated(self, work: VisitorNotice) -> None:
        self._ports.metrics.count("NoticesPerhapsRepeated")
        log.warning("notice_perhaps_repeated", notice=work.type)

    async def repeat(self, work: AnyNotice, outcome_seq: int | None) -> None:
        """Do nothing: it was sent."""

    async def mismatch(self, work: AnyNotice) -> None:
        """Keep the first one: a retried command may word its notice anew, and one is enough."""
        log.info("notice_repeated", notice=work.type)

    async def give_up(self, work: AnyNotice, claim: Claim, reason: str) -> None:
        """Record the end; the copy on the dead-letter queue is for the owner to see."""
        log.error("notice_failed", notice=work.type, reason=reason)
        await self._claims.complete(claim)
