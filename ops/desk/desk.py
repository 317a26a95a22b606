"""The use cases of the desk: find, show, forecast, replay, edit, discard, count; each for one person, and on record."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from ops.desk.bulk_actions import Outcome, make_job, run_each
from ops.desk.domain import transitions
from ops.desk.domain.counts import counted
from ops.desk.domain.masking import lines_of, raw_line
from ops.desk.domain.payload import (
    asked_at,
    data_of,
    editable_fields,
    goes_to_a_contact,
    numbered,
    read,
    rewritten,
)
from ops.desk.domain.values import (
    Case,
    Discarded,
    Edited,
    Forecast,
    ForecastKind,
    Found,
    Invalid,
    Line,
    NotPossible,
    Operator,
    Progress,
    Replayed,
    Stats,
    Tally,
    Why,
)
from ops.desk.ports import Contacts, Forecasts, Replays
from ops.desk.rate_limit import Job, finish
from ops.desk.search import Search
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.ledger.ports import FailureLedger
from shared.ledger.rules import OPEN
from shared.masking import mask_unchecked_contact

log = structlog.get_logger()
Refused = TypeVar("Refused", bound=Invalid | NotPossible)

MAX_COUNTED = 20_000
_TRIES = 3
"""How often a change is decided anew when somebody else changed the failure meanwhile."""


class Desk:
    """Where a person looks after what failed.

    An id that is unknown and one that is another tenant's look the same, everywhere: None, or `Why.UNKNOWN`.

    Raises:
        TransientError: the ledger can't be reached; nothing was done.
    """

    def __init__(
        self, *, ledger: FailureLedger, replays: Replays, forecasts: Forecasts, contacts: Contacts, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._search = Search(ledger=ledger, clock=clock)
        self._replays = replays
        self._forecasts = forecasts
        self._contacts = contacts
        self._clock = clock

    async def find(
        self, operator: Operator, wanted: FailureFilter | None = None, *, limit: int = 50, after: str | None = None
    ) -> Found:
        """Return up to `limit` of the person's failures, the latest first, without their payloads.

        Who asks for what waits finds the replays that are lost, too.
        """
        page = await self._search.page(operator, wanted or FailureFilter(), limit=limit, after=after)
        return Found(
            failures=[_without_payload(failure) for failure in page.failures],
            after=page.after,
            contacts={one.failure_id: contact for one in page.failures if (contact := _masked_contact(one))},
        )

    async def show(
        self, operator: Operator, failure_id: str, *, unmasked: bool = False, is_on_record: bool = False
    ) -> Case | None:
        """Return one failure with what it says and what a replay would do; a look at personal data is on record.

        `is_on_record`: it is the same look once more, and stands in the story already.
        """
        if unmasked and not is_on_record:
            noted = await self._change(
                operator, failure_id, lambda failure: transitions.record_unmasking(failure, operator, self._clock.now())
            )
            failure = noted if isinstance(noted, Failure) else None
        else:
            failure = await self._search.get(operator, failure_id)
        if failure is None:
            return None
        message, now = read(failure), self._clock.now()
        editable = editable_fields(message)
        is_editable = bool(editable)
        return Case(
            failure=_without_payload(failure),
            lines=_lines(failure, unmasked=unmasked),
            forecast=await self._forecasts.of(failure),
            is_editable=is_editable,
            editable=editable,
            data=data_of(message) if message and is_editable and unmasked else None,
            blocked=transitions.why_blocked(failure, now) or transitions.why_undecryptable(failure),
            is_lost=transitions.is_lost(failure, now),
        )

    async def forecast(self, operator: Operator, failure_id: str) -> Forecast | None:
        """Return what a replay would do now."""
        failure = await self._search.get(operator, failure_id)
        return await self._forecasts.of(failure) if failure else None

    async def replay(self, operator: Operator, failure_id: str, *, again: bool = False) -> Replayed | NotPossible:
        """Put the message on its queue once more; `again` does so for what has ended, too.

        The ledger says `replaying` before the queue has the message, and a stop waits for both. A crash in between
        leaves it so, and after `transitions.REPLAY_TIMEOUT` it may be replayed anew: the effects have one key, so they
        happen once.
        """
        return await finish(self._replay(operator, failure_id, again=again))

    async def _replay(self, operator: Operator, failure_id: str, *, again: bool) -> Replayed | NotPossible:
        before: list[Failure] = []

        def decide(failure: Failure) -> Failure | NotPossible:
            before[:] = [failure]
            if reason := transitions.why_undecryptable(failure):
                return reason
            if numbered(failure) is None:
                return NotPossible(Why.UNREADABLE)
            now = self._clock.now()
            return transitions.why_blocked(failure, now, again=again) or transitions.start_replay(
                failure, operator, now
            )

        changed = await self._change(operator, failure_id, decide)
        if not isinstance(changed, Failure):
            return changed
        try:
            await self._replays.put(changed)
        except TransientError as error:
            # It may be on its queue all the same: nobody can say, so its outcome is awaited.
            again_at = self._clock.now() + transitions.REPLAY_TIMEOUT
            return NotPossible(Why.NOT_SENT, again_at=again_at, detail=describe_error(error))
        except PermanentError as error:
            await self._ledger.change(
                transitions.revert_unsent(changed, self._clock.now(), before=before[0].state, reason=error.reason)
            )
            return NotPossible(Why.NOT_SENT, detail=describe_error(error))
        log.info("failure_replayed", failure_id=failure_id, replay=changed.replays, tenant=changed.tenant)
        return Replayed(failure_id, changed.replays)

    async def replay_many(
        self,
        operator: Operator,
        wanted: FailureFilter | Sequence[str],
        *,
        per_second: float = 50,
        dry_run: bool = False,
        again: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Tally:
        """Replay what is named or found, in the order in which it was asked for, and no faster than that.

        Those of one group follow each other; when one can't be sent, those behind it in its group stay where they are.
        A stop lets those end that are under way, and leaves the others as they were.
        A filter that names no states means what waits for somebody. On a dry run nothing is done but the forecasts.
        """
        chosen = await self._chosen(operator, wanted)

        async def act(failure_id: str) -> Outcome:
            try:
                if dry_run:
                    return await self.forecast(operator, failure_id) or NotPossible(Why.UNKNOWN)
                return await self.replay(operator, failure_id, again=again)
            except TransientError as error:
                # That the ledger is out of reach for one does not end the others.
                if dry_run:
                    return Forecast(ForecastKind.UNKNOWN, code=error.reason)
                return NotPossible(Why.NOT_SENT, detail=describe_error(error))

        return await run_each(chosen, act, per_second=per_second, on_progress=on_progress)

    async def _chosen(self, operator: Operator, wanted: FailureFilter | Sequence[str]) -> list[Job]:
        """Return what is to be replayed; a snapshot, because what is replayed no longer matches the filter."""
        if isinstance(wanted, FailureFilter):
            waiting = wanted if wanted.states is not None else replace(wanted, states=OPEN)
            found = [failure async for failure in self.every(operator, waiting, limit=MAX_COUNTED)]
            found.sort(key=lambda failure: (asked_at(failure), failure.failure_id))
            return [make_job(failure) for failure in found]
        seen = {failure_id: await self._search.get(operator, failure_id) for failure_id in dict.fromkeys(wanted)}
        known = sorted((one for one in seen.values() if one), key=asked_at)
        unknown = [Job(failure_id, failure_id) for failure_id, failure in seen.items() if failure is None]
        return [*unknown, *(make_job(failure) for failure in known)]

    async def edit(
        self, operator: Operator, failure_id: str, data: Mapping[str, Any]
    ) -> Edited | Invalid | NotPossible:
        """Let the message say something else when it is replayed; tenant, session and id are as they were.

        `data` is the whole of the payload's `data`, checked against the message's model, and the contact of a notice
        as booking checks it. The id stays, so what the first tries did already is found and not done again.

        Raises:
            PermanentError: of a notice: what booking takes as a contact may not be looked at; nothing was written.
        """
        fields: list[str] = []
        seen = await self._search.get(operator, failure_id)
        rules = (
            await self._contacts.contact_rules(seen.tenant)
            if seen and seen.tenant and goes_to_a_contact(seen)
            else None
        )

        def decide(failure: Failure) -> Failure | Invalid | NotPossible:
            now = self._clock.now()
            if reason := transitions.why_blocked(failure, now) or transitions.why_undecryptable(failure):
                return reason
            new = rewritten(failure, data, rules)
            if not isinstance(new, tuple):
                return new
            payload, fields[:] = new
            return (
                transitions.edit_payload(failure, operator, now, payload=payload, fields=fields) if fields else failure
            )

        changed = await self._change(operator, failure_id, decide)
        if not isinstance(changed, Failure):
            return changed
        log.info("failure_edited", failure_id=failure_id, fields=fields, tenant=changed.tenant)
        return Edited(_without_payload(changed), tuple(fields))

    async def discard(self, operator: Operator, failure_id: str, reason: str) -> Discarded | NotPossible:
        """Say, with a reason, that nothing needs to be done about the failure."""
        given = " ".join(reason.split())
        if not given:
            return NotPossible(Why.NO_REASON)

        def decide(failure: Failure) -> Failure | NotPossible:
            now = self._clock.now()
            return transitions.why_blocked(failure, now) or transitions.mark_discarded(failure, operator, now, given)

        changed = await self._change(operator, failure_id, decide)
        if not isinstance(changed, Failure):
            return changed
        log.info("failure_discarded", failure_id=failure_id, tenant=changed.tenant)
        return Discarded(_without_payload(changed))

    async def stats(self, operator: Operator, wanted: FailureFilter | None = None) -> Stats:
        """Return counts of the person's failures, of up to `MAX_COUNTED` of them."""
        found, is_complete = await self._search.outlines(operator, wanted or FailureFilter(), limit=MAX_COUNTED)
        return counted(found, is_complete=is_complete)

    def every(self, operator: Operator, wanted: FailureFilter, *, limit: int) -> AsyncIterator[Failure]:
        """Yield the person's failures page after page, the latest first, with their payloads."""
        return self._search.every(operator, wanted, limit=limit)

    async def _change(
        self, operator: Operator, failure_id: str, decide: Callable[[Failure], Failure | Refused]
    ) -> Failure | Refused | NotPossible:
        """Write what is decided on the failure as it stands; decide anew when it stands otherwise by then."""
        for _ in range(_TRIES):
            failure = await self._search.get(operator, failure_id)
            if failure is None:
                return NotPossible(Why.UNKNOWN)
            changed = decide(failure)
            if not isinstance(changed, Failure) or changed is failure or await self._ledger.change(changed):
                return changed
            written = await self._ledger.get(failure_id)
            if written and (written.version, written.audit_trail[-1:]) == (changed.version, changed.audit_trail[-1:]):
                # The write was sent again after an answer that got lost; the first one went through.
                return changed
        return NotPossible(Why.CHANGED_MEANWHILE)


def _lines(failure: Failure, *, unmasked: bool) -> list[Line]:
    if message := read(failure):
        return lines_of(data_of(message), unmasked=unmasked)
    return [] if failure.state is FailureState.ERASED else [raw_line(failure.payload, unmasked=unmasked)]


def _masked_contact(failure: Failure) -> str:
    message = read(failure)
    contact = data_of(message).get("contact") if message else None
    return mask_unchecked_contact(contact) if isinstance(contact, str) and contact else ""


def _without_payload(failure: Failure) -> Failure:
    return replace(failure, payload="")
