"""A word on a letter comes in: the address that it bounced from, or that complained, gets no more."""

import structlog

from shared.claims import Claim, ClaimStore
from shared.clock import Clock
from shared.metrics import Metrics
from shared.suppressions import Suppressions
from workers.notifications.domain import FeedbackReport, decide_suppression

log = structlog.get_logger()


class FeedbackHandler:
    """Notes addresses on the suppression list; to note one twice changes nothing."""

    def __init__(self, *, suppressions: Suppressions, claims: ClaimStore, metrics: Metrics, clock: Clock) -> None:
        self._suppressions = suppressions
        self._claims = claims
        self._metrics = metrics
        self._clock = clock

    async def handle(self, work: FeedbackReport, claim: Claim) -> None:
        """Note the address, if it shall get no more letters."""
        said = work.data
        suppression = decide_suppression(said, now=self._clock.now())
        if suppression and said.address:
            await self._suppressions.add(said.address, suppression)
            self._metrics.count("AddressesSuppressed", Reason=suppression.reason)
        log.info(
            "mail_feedback", kind=said.kind, detail=said.detail, suppressed=suppression.reason if suppression else None
        )
        await self._claims.complete(claim)

    async def repeat(self, work: FeedbackReport, outcome_seq: int | None) -> None:
        """Do nothing: it was noted."""

    async def mismatch(self, work: FeedbackReport) -> None:
        """Keep the first one: SNS gives no two messages one id."""
        log.warning("feedback_repeated", kind=work.data.kind)

    async def give_up(self, work: FeedbackReport, claim: Claim, reason: str) -> None:
        """Record the end; the copy on the dead-letter queue is for a person to see."""
        log.error("feedback_failed", kind=work.data.kind, reason=reason)
        await self._claims.complete(claim)
