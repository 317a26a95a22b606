"""Erases a conversation from failures and usage records, because its visitor asks to be forgotten, and records that."""

from collections import Counter
from collections.abc import AsyncIterator

import structlog

from ops.desk.domain import permissions
from ops.desk.domain.erasure import belongs_to_session, erase_failure
from ops.desk.domain.values import ErasureCounts, Operator
from shared.clock import Clock
from shared.ids import compute_fingerprint
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.ledger.ports import FailureLedger
from shared.resume_tokens import TokenRevocations
from shared.spending.ports import UsageReports
from shared.tenants.ports import TenantDirectory

log = structlog.get_logger()

_PAGE = 1000
_ATTEMPTS = 5
"""How often the erasure of a failure is repeated if somebody else changed it at the same time."""

_NOT_ERASED = frozenset(FailureState) - {FailureState.ERASED}


class SessionErasure:
    """Erases one conversation from failures and usage records, within the tenants of an operator.

    A failure without a tenant is erased only by an operator who may see all tenants. Usage records stay without the
    conversation, so that sums stay what they are. The visitor's browser can't resume the conversation any more.

    Raises:
        TransientError: a table can't be reached; what was erased stays erased, and a repetition erases the rest.
    """

    def __init__(
        self,
        *,
        ledger: FailureLedger,
        usage: UsageReports,
        tenants: TenantDirectory,
        tokens: TokenRevocations,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._usage = usage
        self._tokens = tokens
        self._tenants = tenants
        self._clock = clock

    async def erase_session(self, operator: Operator, session_id: str, *, dry_run: bool = False) -> ErasureCounts:
        """Erase every failure and usage record of a conversation; on a dry run only count them.

        A dead letter that arrives later becomes a new failure; one of an erased failure is dropped.
        """
        queues, states, not_erased, tenants = Counter[str](), Counter[str](), 0, set[str]()
        try:
            async for failure in self._iterate_failures(operator, session_id):
                tenants |= {failure.tenant} if failure.tenant else set()
                is_erased = dry_run or await self._erase_failure(operator, failure, session_id)
                if is_erased:
                    queues[failure.queue] += 1
                    states[failure.state.value] += 1
                not_erased += is_erased is False
        finally:
            # Also after an error: what was erased by then stays erased.
            if queues and not dry_run:
                who = compute_fingerprint(operator.name)
                log.info("failures_erased", failures=queues.total(), by_queue=dict(queues), by_fingerprint=who)
        records = await self._erase_usage(operator, session_id, tenants, dry_run=dry_run)
        if not dry_run and (operator.tenants is None or queues or records):
            await self._tokens.revoke_tokens(session_id, now=self._clock.now())
        return ErasureCounts(by_queue=queues, by_state=states, not_erased=not_erased, usage_records=records)

    async def _erase_usage(self, operator: Operator, session_id: str, tenants: set[str], *, dry_run: bool) -> int:
        """Return how many usage records the conversation has, with any business of the operator."""
        known = {*await self._tenants.list_tenants(), *tenants} if operator.tenants is None else operator.tenants
        # The ids of two businesses' conversations differ, so nearly all of these reads find nothing.
        counts = [await self._usage.erase_session(tenant, session_id, dry_run=dry_run) for tenant in sorted(known)]
        if sum(counts) and not dry_run:
            log.info("usage_erased", records=sum(counts), by_fingerprint=compute_fingerprint(operator.name))
        return sum(counts)

    async def _iterate_failures(self, operator: Operator, session_id: str) -> AsyncIterator[Failure]:
        """Yield the conversation's failures as the table has them now: an index may lag behind."""
        # The indexes have no message groups. For operators who see all tenants, failures without a session are read
        # one by one.
        failure_filter = FailureFilter(states=_NOT_ERASED, text=None if operator.tenants is None else session_id)
        restricted, after = permissions.restrict_to_tenants(operator, failure_filter), None
        while restricted is not None:
            page = await self._ledger.find(restricted, limit=_PAGE, after=after, outlines=True)
            for outline in page.failures:
                if outline.session_id in (session_id, None):
                    failure = await self._get_session_failure(operator, outline.failure_id, session_id)
                    if failure:
                        yield failure
            after = page.after
            if after is None:
                return

    async def _get_session_failure(self, operator: Operator, failure_id: str, session_id: str) -> Failure | None:
        failure = await self._ledger.get(failure_id)
        is_theirs = (
            failure is not None
            and permissions.can_see_failure(operator, failure)
            and belongs_to_session(failure, session_id)
        )
        return failure if is_theirs else None

    async def _erase_failure(self, operator: Operator, failure: Failure, session_id: str) -> bool | None:
        """Return whether it was erased; None if somebody else erased it at the same time."""
        current: Failure | None = failure
        for _ in range(_ATTEMPTS):
            if current is None:
                return None
            if await self._ledger.change(erase_failure(current, operator, self._clock.now())):
                return True
            current = await self._get_session_failure(operator, failure.failure_id, session_id)
        return False
