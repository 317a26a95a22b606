"""The roles that the failure ledger fills: keeping failures, and noting how their replays end."""

from datetime import datetime
from typing import Protocol

from shared.ledger.failures import Failure, FailureFilter, FailurePage


class FailureLedger(Protocol):
    """Where failures are kept.

    Raises:
        TransientError: the table can't be reached; nothing was written.
    """

    async def record(self, failure: Failure) -> Failure:
        """Enter a failure, or note on the one that is there that it failed again; return what is kept.

        The same dead letter taken twice changes nothing the second time: `last_at`, `attempts` and the number of its
        replay tell one from another.
        """
        ...

    async def get(self, failure_id: str) -> Failure | None:
        """Return one failure."""
        ...

    async def find(
        self, wanted: FailureFilter, *, limit: int = 50, after: str | None = None, outlines: bool = False
    ) -> FailurePage:
        """Return up to `limit` failures, the latest first.

        `outlines` is for counting: only what a filter looks at can be relied on, there is no payload and no story.
        """
        ...

    async def change(self, failure: Failure) -> bool:
        """Write a change, whose version is one higher; False if the version before it no longer stands.

        Of one that is `ERASED` from then on only what the change says is left, and no part of the payload.
        """
        ...


class ReplayOutcomes(Protocol):
    """Where it is noted that a replay came to its end."""

    async def record_resolved(self, command_id: str, *, replay: int, at: datetime) -> None:
        """Note that a replay did what the command was for; noting it twice is harmless."""
        ...

    async def record_refused(self, command_id: str, *, replay: int, at: datetime, code: str) -> None:
        """Note that a replay ended with a no; noting it twice is harmless."""
        ...
