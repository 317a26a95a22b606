"""The ledger of failures in memory."""

import asyncio
from dataclasses import replace
from datetime import datetime

from shared.ids import derive_failure_id
from shared.ledger.failures import AuditEntry, Failure, FailureFilter, FailurePage, FailureState
from shared.ledger.rules import is_match, limit_audit_trail, make_cursor, merge_failure


class FakeFailures:
    """A `FailureLedger`. While `error` is set every call raises it and does nothing."""

    def __init__(self) -> None:
        self.rows: dict[str, Failure] = {}
        self.error: Exception | None = None

    async def record(self, failure: Failure) -> Failure:
        """Enter a failure, or note on the one that is there that it failed again; return what is kept."""
        await self.reach()
        kept = self.rows.get(failure.failure_id)
        now_kept = merge_failure(kept, failure)
        if now_kept is None:
            return kept or failure
        self.rows[failure.failure_id] = now_kept
        return now_kept

    async def get(self, failure_id: str) -> Failure | None:
        """Return one failure."""
        await self.reach()
        return self.rows.get(failure_id)

    async def find(
        self, criteria: FailureFilter, *, limit: int = 50, after: str | None = None, outlines: bool = False
    ) -> FailurePage:
        """Return up to `limit` failures, the latest first."""
        await self.reach()
        latest_first = sorted(self.rows.values(), key=make_cursor, reverse=True)
        found = [one for one in latest_first if is_match(one, criteria) and (not after or make_cursor(one) < after)]
        page = [replace(one, payload="", audit_trail=()) if outlines else one for one in found[:limit]]
        return FailurePage(page, make_cursor(found[limit - 1]) if len(found) > limit else None)

    async def change(self, failure: Failure) -> bool:
        """Write a change, whose version is one higher; False if the version before it no longer stands."""
        await self.reach()
        kept = self.rows.get(failure.failure_id)
        if kept is None or kept.version != failure.version - 1:
            return False
        # Of what no key opens the payload is left as it is stored; of what is erased nothing is.
        payload = failure.payload or ("" if failure.state is FailureState.ERASED else kept.payload)
        self.rows[failure.failure_id] = replace(
            failure, payload=payload, audit_trail=limit_audit_trail(failure.audit_trail)
        )
        return True

    async def reach(self) -> None:
        """Yield to other tasks as a call to a table does, and raise `error` if it is set."""
        await asyncio.sleep(0)
        if self.error:
            raise self.error


class FakeReplayOutcomes:
    """The failures of one queue, as the worker sees them that carries its commands out."""

    def __init__(self, failures: FakeFailures, *, queue: str) -> None:
        self._failures = failures
        self._queue = queue

    async def record_resolved(self, command_id: str, *, replay: int, at: datetime) -> None:
        """Note that a replay did what the command was for; one that is not the latest changes nothing."""
        await self._record_end(
            command_id, replay, FailureState.RESOLVED, AuditEntry(at=at, by=self._queue, action="resolved")
        )

    async def record_refused(self, command_id: str, *, replay: int, at: datetime, code: str) -> None:
        """Note that a replay ended with a no; one that is not the latest changes nothing."""
        entry = AuditEntry(at=at, by=self._queue, action="refused", detail=code)
        await self._record_end(command_id, replay, FailureState.REFUSED, entry)

    async def _record_end(self, command_id: str, replay: int, state: FailureState, entry: AuditEntry) -> None:
        await self._failures.reach()
        rows = self._failures.rows
        kept = rows.get(derive_failure_id(self._queue, command_id))
        if kept and kept.state is FailureState.REPLAYING and kept.replays == replay:
            rows[kept.failure_id] = replace(
                kept, state=state, audit_trail=(*kept.audit_trail, entry), version=kept.version + 1
            )
