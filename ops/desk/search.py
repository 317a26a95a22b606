"""Searches the failure ledger for one operator: within their tenants, lost replays included."""

from collections.abc import AsyncIterator
from dataclasses import replace

from ops.desk.domain import permissions, transitions
from ops.desk.domain.values import Operator
from shared.clock import Clock
from shared.ledger.failures import Failure, FailureFilter, FailurePage, FailureState
from shared.ledger.ports import FailureLedger
from shared.ledger.rules import make_cursor

_PAGE = 500
_MAX_READS = 20
"""How many pages of the ledger are read to fill one page, when running replays are left out of it."""

_MAX_OUTLINES = 20_000
"""How many failures are compared with the beginning of an id."""

_MAX_REPLAYING = 500
"""How many running replays are checked for lost ones when open failures are counted."""


class Search:
    """Finds failures that an operator may see.

    A search for all open failures also returns lost replays: replays whose outcome never came. Running replays are left
    out. Only the audit trail tells the two apart, so a page may be shorter than a page of the ledger although more
    failures follow.
    """

    def __init__(self, *, ledger: FailureLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def get_failure(self, operator: Operator, failure_id: str) -> Failure | None:
        """Return one failure, or None if the operator may not see it."""
        failure = await self._ledger.get(failure_id)
        return failure if failure and permissions.can_see_failure(operator, failure) else None

    async def find_ids(self, operator: Operator, beginning: str, *, limit: int) -> list[str]:
        """Return up to `limit` sorted ids that begin so; if one is complete, only that."""
        if await self.get_failure(operator, beginning):
            return [beginning]
        # The text of a filter is found in any part of any id.
        outlines, _ = await self.find_outlines(operator, FailureFilter(text=beginning), limit=_MAX_OUTLINES)
        return sorted(each.failure_id for each in outlines if each.failure_id.startswith(beginning))[:limit]

    async def find_failures(
        self, operator: Operator, failure_filter: FailureFilter, *, limit: int, after: str | None
    ) -> FailurePage:
        """Return up to `limit` failures, the latest first; later ones fill the gaps that running replays leave."""
        failures: list[Failure] = []
        for _ in range(_MAX_READS):
            page = await self._read_page(operator, failure_filter, limit=limit, after=after)
            failures_of_page = self._drop_running_replays(page, failure_filter)
            failures += failures_of_page
            after = page.after
            if after is None or len(failures) >= limit or len(failures_of_page) == len(page.failures):
                break
        return FailurePage(failures[:limit], make_cursor(failures[limit - 1]) if len(failures) > limit else after)

    async def iterate_failures(
        self, operator: Operator, failure_filter: FailureFilter, *, limit: int
    ) -> AsyncIterator[Failure]:
        """Yield up to `limit` failures, the latest first."""
        after, remaining_limit = None, limit
        while remaining_limit > 0:
            page = await self._read_page(operator, failure_filter, limit=min(_PAGE, remaining_limit), after=after)
            failures_of_page = self._drop_running_replays(page, failure_filter)
            for failure in failures_of_page:
                yield failure
            after, remaining_limit = page.after, remaining_limit - len(failures_of_page)
            if after is None:
                return

    async def find_outlines(
        self, operator: Operator, failure_filter: FailureFilter, *, limit: int
    ) -> tuple[list[Failure], bool]:
        """Return up to `limit` outlines for counting, the cheapest read, and whether these are all."""
        failures: list[Failure] = []
        after, restricted = None, permissions.restrict_to_tenants(operator, failure_filter)
        while restricted is not None:
            page = await self._ledger.find(restricted, limit=limit + 1 - len(failures), after=after, outlines=True)
            failures += (outline for outline in page.failures if permissions.can_see_failure(operator, outline))
            after = page.after
            if after is None or len(failures) > limit:
                break
        is_complete = len(failures) <= limit
        if transitions.includes_all_open_states(failure_filter):
            # Outlines have no audit trail. These are few, unless a bulk replay is running.
            replaying = replace(failure_filter, states=frozenset({FailureState.REPLAYING}))
            page = await self._read_page(operator, replaying, limit=_MAX_REPLAYING, after=None)
            known = {outline.failure_id for outline in failures}
            failures += (
                failure
                for failure in self._drop_running_replays(page, failure_filter)
                if failure.failure_id not in known
            )
            is_complete = is_complete and page.after is None and len(failures) <= limit
        return failures[:limit], is_complete

    async def _read_page(
        self, operator: Operator, failure_filter: FailureFilter, *, limit: int, after: str | None
    ) -> FailurePage:
        restricted = permissions.restrict_to_tenants(operator, transitions.include_running_replays(failure_filter))
        if restricted is None:
            return FailurePage([], None)
        page = await self._ledger.find(restricted, limit=limit, after=after)
        return replace(
            page, failures=[failure for failure in page.failures if permissions.can_see_failure(operator, failure)]
        )

    def _drop_running_replays(self, page: FailurePage, failure_filter: FailureFilter) -> list[Failure]:
        if not transitions.includes_all_open_states(failure_filter):
            return list(page.failures)
        now = self._clock.now()
        return [
            failure
            for failure in page.failures
            if failure.state is not FailureState.REPLAYING or transitions.is_lost_replay(failure, now)
        ]
