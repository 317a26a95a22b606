"""A person asks to be forgotten: what failed of their conversation is erased, and that it was is on record."""

from collections import Counter
from collections.abc import AsyncIterator

import structlog

from ops.desk.domain import transitions
from ops.desk.domain.erasing import erased, is_of_session
from ops.desk.domain.values import Erased, Operator
from shared.clock import Clock
from shared.ids import fingerprint
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.ledger.ports import FailureLedger

log = structlog.get_logger()

_PAGE = 1000
_TRIES = 5
"""How often one is erased anew when somebody else changed it meanwhile."""

_WITH_SOMETHING_IN_THEM = frozenset(FailureState) - {FailureState.ERASED}


class Erasing:
    """Erases what failed of one conversation, for one person at the desk, among what is theirs to see.

    What says not even whose it is belongs to no business: only somebody who sees all erases it.

    Raises:
        TransientError: the ledger can't be reached; what was erased until then stays so, and the rest is found again.
    """

    def __init__(self, *, ledger: FailureLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def session(self, operator: Operator, session_id: str, *, dry_run: bool = False) -> Erased:
        """Erase every failure of a conversation; on a dry run only count them.

        A letter that comes later makes a failure of its own. Letters of what was erased are not taken any more.
        """
        queues, states, left = Counter[str](), Counter[str](), 0
        try:
            async for failure in self._found(operator, session_id):
                is_erased = dry_run or await self._erase(operator, failure, session_id)
                if is_erased:
                    queues[failure.queue] += 1
                    states[failure.state.value] += 1
                left += is_erased is False
        finally:
            # Also of one that broke off: what is gone is gone.
            if queues and not dry_run:
                who = fingerprint(operator.name)
                log.info("failures_erased", failures=queues.total(), by_queue=dict(queues), by_fingerprint=who)
        return Erased(by_queue=queues, by_state=states, left=left)

    async def _found(self, operator: Operator, session_id: str) -> AsyncIterator[Failure]:
        """Yield the conversation's failures as they stand: an index may still tell what was."""
        # The indexes have no groups, so for those who see all what has no conversation is looked at one by one.
        wanted = FailureFilter(states=_WITH_SOMETHING_IN_THEM, text=None if operator.tenants is None else session_id)
        theirs, after = transitions.restrict_to_tenants(operator, wanted), None
        while theirs is not None:
            page = await self._ledger.find(theirs, limit=_PAGE, after=after, outlines=True)
            for outline in page.failures:
                if outline.session_id in (session_id, None):
                    failure = await self._seen(operator, outline.failure_id, session_id)
                    if failure:
                        yield failure
            after = page.after
            if after is None:
                return

    async def _seen(self, operator: Operator, failure_id: str, session_id: str) -> Failure | None:
        failure = await self._ledger.get(failure_id)
        is_theirs = (
            failure is not None and transitions.may_see(operator, failure) and is_of_session(failure, session_id)
        )
        return failure if is_theirs else None

    async def _erase(self, operator: Operator, failure: Failure, session_id: str) -> bool | None:
        """Whether it was erased; None if somebody else did so meanwhile."""
        standing: Failure | None = failure
        for _ in range(_TRIES):
            if standing is None:
                return None
            if await self._ledger.change(erased(standing, operator, self._clock.now())):
                return True
            standing = await self._seen(operator, failure.failure_id, session_id)
        return False
