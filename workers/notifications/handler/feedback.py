"""Handles feedback on an e-mail: an address that bounced or complained is suppressed."""

import structlog

from shared.claims import Claim, ClaimStore
from shared.clock import Clock
from shared.metrics import Metrics
from shared.suppressions import Suppressions
from workers.notifications.domain import FeedbackReport, decide_suppression

log = structlog.get_logger()


class FeedbackHandler:
    """Adds addresses to the suppression list. Adding is idempotent."""

    def __init__(self, *, suppressions: Suppressions, claims: ClaimStore, metrics: Metrics, clock: Clock) -> None:
        self._suppressions = suppressions
        self._claims = claims
        self._metrics = metrics
        self._clock = clock

    async def handle(self, report: FeedbackReport, claim: Claim) -> None:
        """Suppress the address if the feedback is a bounce or a complaint that calls for it."""
        feedback = report.data
        suppression = decide_suppression(feedback, now=self._clock.now())
        if suppression and feedback.address:
            await self._suppressions.add(feedback.address, suppression)
            self._metrics.count("AddressesSuppressed", Reason=suppression.reason)
        log.info(
            "mail_feedback",
            kind=feedback.kind,
            detail=feedback.detail,
            suppressed=suppression.reason if suppression else None,
        )
        await self._claims.complete(claim)

    async def repeat_outcome(self, report: FeedbackReport, outcome_seq: int | None) -> None:
        """Do nothing: the feedback was handled."""

    async def refuse_reused_id(self, report: FeedbackReport) -> None:
        """Do nothing: SNS never gives two messages the same id, so the first one counts."""
        log.warning("feedback_repeated", kind=report.data.kind)

    async def give_up(self, report: FeedbackReport, claim: Claim, reason: str) -> None:
        """Log the failure and complete the claim; the dead letter is recorded in the failure ledger."""
        log.error("feedback_failed", kind=report.data.kind, reason=reason)
        await self._claims.complete(claim)
