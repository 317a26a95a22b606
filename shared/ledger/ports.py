"""The ports of the failure ledger: one keeps failures, one records how replays end."""

from datetime import datetime
from typing import Protocol

from shared.ledger.failures import Failure, FailureFilter, FailurePage


class FailureLedger(Protocol):
    """Where failures are kept.

    Raises:
        TransientError: the table can't be reached; nothing was written.
    """

    async def record(self, failure: Failure) -> Failure:
        """Record a dead letter as a new failure, or that the known failure failed again; return what is stored.

        Recording a dead letter twice changes nothing the second time: `last_at`, `attempts` and the number of the
        replay identify it.
        """
        ...

    async def get(self, failure_id: str) -> Failure | None:
        """Return one failure."""
        ...

    async def find(
        self, criteria: FailureFilter, *, limit: int = 50, after: str | None = None, outlines: bool = False
    ) -> FailurePage:
        """Return up to `limit` failures, the latest first.

        `outlines` is for counting: they have what a filter compares, and neither payload nor audit trail.
        """
        ...

    async def change(self, failure: Failure) -> bool:
        """Write a change, whose version is one higher; False if the version before it no longer stands.

        If it becomes `ERASED`, only the fields of the change remain, and no part of the payload.
        """
        ...


class ReplayOutcomes(Protocol):
    """Where the end of a replay is recorded."""

    async def record_resolved(self, command_id: str, *, replay: int, at: datetime) -> None:
        """Record that a replay succeeded; recording it twice is harmless."""
        ...

    async def record_refused(self, command_id: str, *, replay: int, at: datetime, code: str) -> None:
        """Record that a replay ended with a refusal; recording it twice is harmless."""
        ...
