"""Reads the ledger for one person: what is theirs, and of what waits also the replays whose outcome never came."""

from collections.abc import AsyncIterator
from dataclasses import replace

from ops.desk.domain import transitions
from ops.desk.domain.values import Operator
from shared.clock import Clock
from shared.ledger.failures import Failure, FailureFilter, FailurePage, FailureState
from shared.ledger.ports import FailureLedger
from shared.ledger.rules import make_cursor

_PAGE = 500
_MOST_READS = 20
"""How often a page that replays under way have shortened is filled up."""

_MOST_REPLAYING = 500
"""How many of those that are replaying are looked at, when what waits is counted."""


class Search:
    """Finds failures for a person.

    Whoever asks for all that waits finds also what was replayed and never heard of again; a replay that is under way
    is left out. Only the story tells them apart, so a page may be shorter than the ledger's, and another follows it.
    """

    def __init__(self, *, ledger: FailureLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def get(self, operator: Operator, failure_id: str) -> Failure | None:
        """Return one failure, if it is the person's to see."""
        failure = await self._ledger.get(failure_id)
        return failure if failure and transitions.may_see(operator, failure) else None

    async def page(self, operator: Operator, wanted: FailureFilter, *, limit: int, after: str | None) -> FailurePage:
        """Return up to `limit` failures, the latest first; what was left out is made up for by those after it."""
        found: list[Failure] = []
        for _ in range(_MOST_READS):
            read = await self._read(operator, wanted, limit=limit, after=after)
            kept = self._wanted(read, wanted)
            found += kept
            after = read.after
            if after is None or len(found) >= limit or len(kept) == len(read.failures):
                break
        return FailurePage(found[:limit], make_cursor(found[limit - 1]) if len(found) > limit else after)

    async def every(self, operator: Operator, wanted: FailureFilter, *, limit: int) -> AsyncIterator[Failure]:
        """Yield up to `limit` failures, the latest first."""
        after, left = None, limit
        while left > 0:
            read = await self._read(operator, wanted, limit=min(_PAGE, left), after=after)
            kept = self._wanted(read, wanted)
            for failure in kept:
                yield failure
            after, left = read.after, left - len(kept)
            if after is None:
                return

    async def outlines(self, operator: Operator, wanted: FailureFilter, *, limit: int) -> tuple[list[Failure], bool]:
        """Return up to `limit` failures to count, which cost least, and whether these are all."""
        found: list[Failure] = []
        after, theirs = None, transitions.restrict_to_tenants(operator, wanted)
        while theirs is not None:
            page = await self._ledger.find(theirs, limit=limit + 1 - len(found), after=after, outlines=True)
            found += (outline for outline in page.failures if transitions.may_see(operator, outline))
            after = page.after
            if after is None or len(found) > limit:
                break
        is_complete = len(found) <= limit
        if transitions.wants_all_waiting(wanted):
            # Outlines have no story. These are few, unless many are being replayed just now.
            replaying = replace(wanted, states=frozenset({FailureState.REPLAYING}))
            read = await self._read(operator, replaying, limit=_MOST_REPLAYING, after=None)
            known = {outline.failure_id for outline in found}
            found += (one for one in self._wanted(read, wanted) if one.failure_id not in known)
            is_complete = is_complete and read.after is None and len(found) <= limit
        return found[:limit], is_complete

    async def _read(self, operator: Operator, wanted: FailureFilter, *, limit: int, after: str | None) -> FailurePage:
        theirs = transitions.restrict_to_tenants(operator, transitions.include_replaying(wanted))
        if theirs is None:
            return FailurePage([], None)
        page = await self._ledger.find(theirs, limit=limit, after=after)
        return replace(page, failures=[failure for failure in page.failures if transitions.may_see(operator, failure)])

    def _wanted(self, read: FailurePage, wanted: FailureFilter) -> list[Failure]:
        if not transitions.wants_all_waiting(wanted):
            return list(read.failures)
        now = self._clock.now()
        return [
            one for one in read.failures if one.state is not FailureState.REPLAYING or transitions.is_lost(one, now)
        ]
