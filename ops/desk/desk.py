"""The use cases of the desk: find, show, forecast, replay, edit, discard and count failures, for one operator."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import structlog

from ops.desk.bulk_actions import Outcome, act_on_jobs, build_job
from ops.desk.domain import transitions
from ops.desk.domain.counts import count_failures
from ops.desk.domain.display import find_masked_contact, list_payload_lines, remove_payload
from ops.desk.domain.payload import (
    build_replay_payload,
    extract_message_data,
    find_acceptance_time,
    is_sent_to_contact,
    list_editable_fields,
    parse_message,
    rewrite_payload,
)
from ops.desk.domain.values import (
    Discarded,
    Edited,
    FailureDetails,
    FailureList,
    Forecast,
    ForecastKind,
    Invalid,
    NotPossible,
    NotPossibleReason,
    Operator,
    Progress,
    Replayed,
    Stats,
    Tally,
)
from ops.desk.ports import Contacts, Forecaster, ReplayQueues
from ops.desk.rate_limit import Job, run_uncancelled
from ops.desk.search import Search
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.ledger.failures import Failure, FailureFilter
from shared.ledger.ports import FailureLedger
from shared.ledger.rules import OPEN

log = structlog.get_logger()
Rejection = TypeVar("Rejection", bound=Invalid | NotPossible)

MAX_COUNTED = 20_000
_ATTEMPTS = 3
"""How often a change is decided if somebody else changes the failure at the same time."""


class Desk:
    """Lets operators find, inspect, edit, replay and discard failures.

    An unknown id and one of a tenant that the operator may not see have the same result: None, or
    `NotPossibleReason.UNKNOWN`.

    Raises:
        TransientError: the ledger can't be reached; nothing was done.
    """

    def __init__(
        self, *, ledger: FailureLedger, replays: ReplayQueues, forecaster: Forecaster, contacts: Contacts, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._search = Search(ledger=ledger, clock=clock)
        self._replays = replays
        self._forecaster = forecaster
        self._contacts = contacts
        self._clock = clock

    async def find_failures(
        self,
        operator: Operator,
        failure_filter: FailureFilter | None = None,
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> FailureList:
        """Return up to `limit` failures that the operator may see, the latest first, without payloads.

        A filter for all open failures also finds lost replays.
        """
        page = await self._search.find_failures(operator, failure_filter or FailureFilter(), limit=limit, after=after)
        return FailureList(
            failures=[remove_payload(failure) for failure in page.failures],
            after=page.after,
            contacts={
                failure.failure_id: contact for failure in page.failures if (contact := find_masked_contact(failure))
            },
        )

    async def find_ids(self, operator: Operator, beginning: str, *, limit: int) -> list[str]:
        """Return up to `limit` sorted ids that begin so; if one is complete, only that."""
        return await self._search.find_ids(operator, beginning, limit=limit)

    async def show_failure(
        self, operator: Operator, failure_id: str, *, unmasked: bool = False, is_on_record: bool = False
    ) -> FailureDetails | None:
        """Return the details of a failure and the forecast of a replay; viewing personal data is recorded.

        `is_on_record`: the same view was recorded already, so no further audit entry is added.
        """
        if unmasked and not is_on_record:
            recorded = await self._change_failure(
                operator, failure_id, lambda failure: transitions.record_unmasking(failure, operator, self._clock.now())
            )
            failure = recorded if isinstance(recorded, Failure) else None
        else:
            failure = await self._search.get_failure(operator, failure_id)
        if failure is None:
            return None
        message, now = parse_message(failure), self._clock.now()
        editable = list_editable_fields(message)
        is_editable = bool(editable)
        return FailureDetails(
            failure=remove_payload(failure),
            lines=list_payload_lines(failure, unmasked=unmasked),
            forecast=await self._forecaster.forecast_replay(failure),
            is_editable=is_editable,
            editable=editable,
            data=extract_message_data(message) if message and is_editable and unmasked else None,
            blocked=transitions.find_block_reason(failure, now) or transitions.find_decryption_problem(failure),
            is_lost=transitions.is_lost_replay(failure, now),
        )

    async def forecast_replay(self, operator: Operator, failure_id: str) -> Forecast | None:
        """Return what a replay would do now, or None for an unknown failure."""
        failure = await self._search.get_failure(operator, failure_id)
        return await self._forecaster.forecast_replay(failure) if failure else None

    async def replay_failure(
        self, operator: Operator, failure_id: str, *, again: bool = False
    ) -> Replayed | NotPossible:
        """Put the message on its queue again; with `again` also a message whose failure has ended.

        The ledger is set to `replaying` before the message is sent, and a stop waits for both. After a crash in between
        it stays so, and may be replayed again after `transitions.REPLAY_TIMEOUT`: all replays share the key of their
        effects, so these happen once.
        """
        return await run_uncancelled(self._replay_failure(operator, failure_id, again=again))

    async def _replay_failure(self, operator: Operator, failure_id: str, *, again: bool) -> Replayed | NotPossible:
        before: list[Failure] = []

        def decide_replay(failure: Failure) -> Failure | NotPossible:
            before[:] = [failure]
            now = self._clock.now()
            return _find_replay_obstacle(failure, now, again=again) or transitions.start_replay(failure, operator, now)

        changed = await self._change_failure(operator, failure_id, decide_replay)
        if not isinstance(changed, Failure):
            return changed
        try:
            await self._replays.send_replay(changed)
        except TransientError as error:
            # The message may be on its queue, so the outcome is awaited.
            again_at = self._clock.now() + transitions.REPLAY_TIMEOUT
            return NotPossible(NotPossibleReason.NOT_SENT, again_at=again_at, detail=describe_error(error))
        except PermanentError as error:
            await self._ledger.change(
                transitions.revert_unsent_replay(
                    changed, self._clock.now(), before=before[0].state, reason=error.reason
                )
            )
            return NotPossible(NotPossibleReason.NOT_SENT, detail=describe_error(error))
        log.info("failure_replayed", failure_id=failure_id, replay=changed.replays, tenant=changed.tenant)
        return Replayed(failure_id, changed.replays)

    async def replay_failures(
        self,
        operator: Operator,
        selection: FailureFilter | Sequence[str],
        *,
        per_second: float = 50,
        dry_run: bool = False,
        again: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Tally:
        """Replay the failures with these ids, or that a filter finds, by time of acceptance and at a limited rate.

        The messages of one group are sent in order; if one can't be sent, the rest of its group is skipped. A stop
        completes running replays and leaves the others unchanged. A filter without states finds open failures. A dry
        run only makes forecasts, of the failures that would be replayed.
        """
        jobs = await self._select_jobs(operator, selection)

        async def replay_or_forecast(failure_id: str) -> Outcome:
            try:
                if dry_run:
                    return await self._forecast_replay(operator, failure_id, again=again)
                return await self.replay_failure(operator, failure_id, again=again)
            except TransientError as error:
                # An unreachable ledger for one failure does not stop the others.
                if dry_run:
                    return Forecast(ForecastKind.UNKNOWN, code=error.reason)
                return NotPossible(NotPossibleReason.NOT_SENT, detail=describe_error(error))

        return await act_on_jobs(jobs, replay_or_forecast, per_second=per_second, on_progress=on_progress)

    async def _forecast_replay(self, operator: Operator, failure_id: str, *, again: bool) -> Forecast | NotPossible:
        """Return what a replay would do now, or why it would not be started."""
        failure = await self._search.get_failure(operator, failure_id)
        if failure is None:
            return NotPossible(NotPossibleReason.UNKNOWN)
        obstacle = _find_replay_obstacle(failure, self._clock.now(), again=again)
        return obstacle or await self._forecaster.forecast_replay(failure)

    async def _select_jobs(self, operator: Operator, selection: FailureFilter | Sequence[str]) -> list[Job]:
        """Return the jobs of the selected failures, as a snapshot: replayed failures no longer match the filter."""
        if isinstance(selection, FailureFilter):
            with_states = selection if selection.states is not None else replace(selection, states=OPEN)
            failures = [failure async for failure in self.iterate_failures(operator, with_states, limit=MAX_COUNTED)]
            failures.sort(key=lambda failure: (find_acceptance_time(failure), failure.failure_id))
            return [build_job(failure) for failure in failures]
        by_id = {
            failure_id: await self._search.get_failure(operator, failure_id) for failure_id in dict.fromkeys(selection)
        }
        known = sorted((failure for failure in by_id.values() if failure), key=find_acceptance_time)
        unknown = [Job(failure_id, failure_id) for failure_id, failure in by_id.items() if failure is None]
        return [*unknown, *(build_job(failure) for failure in known)]

    async def edit_failure(
        self, operator: Operator, failure_id: str, data: Mapping[str, Any]
    ) -> Edited | Invalid | NotPossible:
        """Replace the `data` of a message, for later replays; tenant, session and id stay the same.

        `data` is the complete new `data`; it is checked by the message's model, and the contact of a notice by
        booking's rules. The id stays, so effects of earlier attempts are found and not repeated.

        Raises:
            PermanentError: for a notice: the rules for contacts can't be read; nothing was written.
        """
        fields: list[str] = []
        current = await self._search.get_failure(operator, failure_id)
        rules = (
            await self._contacts.read_contact_rules(current.tenant)
            if current and current.tenant and is_sent_to_contact(current)
            else None
        )

        def decide_edit(failure: Failure) -> Failure | Invalid | NotPossible:
            now = self._clock.now()
            if reason := transitions.find_block_reason(failure, now) or transitions.find_decryption_problem(failure):
                return reason
            rewritten = rewrite_payload(failure, data, rules)
            if not isinstance(rewritten, tuple):
                return rewritten
            payload, fields[:] = rewritten
            return (
                transitions.edit_payload(failure, operator, now, payload=payload, fields=fields) if fields else failure
            )

        changed = await self._change_failure(operator, failure_id, decide_edit)
        if not isinstance(changed, Failure):
            return changed
        log.info("failure_edited", failure_id=failure_id, fields=fields, tenant=changed.tenant)
        return Edited(remove_payload(changed), tuple(fields))

    async def discard_failure(self, operator: Operator, failure_id: str, reason: str) -> Discarded | NotPossible:
        """Record, with a reason, that the failure needs no action."""
        note = " ".join(reason.split())
        if not note:
            return NotPossible(NotPossibleReason.NO_REASON)

        def decide_discard(failure: Failure) -> Failure | NotPossible:
            now = self._clock.now()
            return transitions.find_block_reason(failure, now) or transitions.mark_discarded(
                failure, operator, now, note
            )

        changed = await self._change_failure(operator, failure_id, decide_discard)
        if not isinstance(changed, Failure):
            return changed
        log.info("failure_discarded", failure_id=failure_id, tenant=changed.tenant)
        return Discarded(remove_payload(changed))

    async def count_failures(self, operator: Operator, failure_filter: FailureFilter | None = None) -> Stats:
        """Return counts of up to `MAX_COUNTED` failures that the operator may see."""
        outlines, is_complete = await self._search.find_outlines(
            operator, failure_filter or FailureFilter(), limit=MAX_COUNTED
        )
        return count_failures(outlines, is_complete=is_complete)

    def iterate_failures(
        self, operator: Operator, failure_filter: FailureFilter, *, limit: int
    ) -> AsyncIterator[Failure]:
        """Yield up to `limit` failures that the operator may see, the latest first, with their payloads."""
        return self._search.iterate_failures(operator, failure_filter, limit=limit)

    async def _change_failure(
        self, operator: Operator, failure_id: str, decide: Callable[[Failure], Failure | Rejection]
    ) -> Failure | Rejection | NotPossible:
        """Decide a change of the current failure and write it; decide again if the failure changed in between."""
        for _ in range(_ATTEMPTS):
            failure = await self._search.get_failure(operator, failure_id)
            if failure is None:
                return NotPossible(NotPossibleReason.UNKNOWN)
            changed = decide(failure)
            if not isinstance(changed, Failure) or changed is failure or await self._ledger.change(changed):
                return changed
            written = await self._ledger.get(failure_id)
            if written and (written.version, written.audit_trail[-1:]) == (changed.version, changed.audit_trail[-1:]):
                # The response to the first write was lost and the client repeated it; the first write succeeded.
                return changed
        return NotPossible(NotPossibleReason.CHANGED_MEANWHILE)


def _find_replay_obstacle(failure: Failure, now: datetime, *, again: bool) -> NotPossible | None:
    """Return why the failure can't be replayed now, or None."""
    if reason := transitions.find_decryption_problem(failure):
        return reason
    if build_replay_payload(failure) is None:
        return NotPossible(NotPossibleReason.UNREADABLE)
    return transitions.find_block_reason(failure, now, again=again)
