"""The rules of the ledger: what a dead letter makes of the failure that is kept, and which failures a filter means."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from shared.instants import to_sortable_text
from shared.ledger.failures import AuditEntry, Failure, FailureFilter, FailureState

LEDGER = "ledger"
"""Who enters what is found on a dead-letter queue."""

MAX_AUDIT_ENTRIES = 50
"""How long a story may get; of a longer one the beginning and the latest deeds are kept."""

OPEN = frozenset({FailureState.FAILED, FailureState.FAILED_AGAIN})
"""States in which somebody has to do something."""

ENDED = frozenset({FailureState.RESOLVED, FailureState.REFUSED, FailureState.DISCARDED, FailureState.ERASED})
"""States in which nobody has to do anything any more."""


def merge_failure(kept: Failure | None, dead_letter: Failure) -> Failure | None:
    """Return the failure as it is to be kept now that a dead letter came; None where the letter is not news.

    A letter of the latest replay, or of a later one, means that the message failed again, also where somebody noted
    meanwhile that the replay went well: a worker may have told both, and a failure that nobody looks at costs more
    than one that is looked at in vain. What a person discarded stays so until it is replayed.
    """
    if kept is None:
        return replace(
            dead_letter, audit_trail=_append_entry(dead_letter.audit_trail, _make_entry(dead_letter, "failed"))
        )
    # What a person wanted forgotten does not come back with a letter that was under way.
    if kept.state is FailureState.ERASED or _order(dead_letter) <= _order(kept):
        return None
    is_first_round = dead_letter.replays == 0
    state = kept.state if is_first_round else FailureState.FAILED_AGAIN
    if kept.state is FailureState.DISCARDED and dead_letter.replays == kept.replays:
        state = FailureState.DISCARDED
    return replace(
        kept,
        # The kept one may have been edited and sent; a replay that the ledger does not know of brings its own.
        # Of one that could not be read nothing would be left, were it not for the letter.
        payload=dead_letter.payload if dead_letter.replays > kept.replays or not kept.payload else kept.payload,
        group=dead_letter.group,
        reason=dead_letter.reason,
        error=dead_letter.error,
        attempts=dead_letter.attempts,
        first_at=min(kept.first_at, dead_letter.first_at),
        last_at=dead_letter.last_at,
        state=state,
        # What could not be read at first may be read by now, and is its business's from then on.
        type=kept.type or dead_letter.type,
        tenant=kept.tenant or dead_letter.tenant,
        session_id=kept.session_id or dead_letter.session_id,
        command_id=kept.command_id or dead_letter.command_id,
        trace=dead_letter.trace or kept.trace,
        replays=dead_letter.replays,
        audit_trail=_append_entry(
            kept.audit_trail, _make_entry(dead_letter, "failed" if is_first_round else "failed_again")
        ),
        version=kept.version + 1,
    )


def _make_entry(dead_letter: Failure, action: Literal["failed", "failed_again"]) -> AuditEntry:
    return AuditEntry(at=dead_letter.last_at, by=LEDGER, action=action, detail=dead_letter.reason)


def _order(failure: Failure) -> tuple[int, datetime, int]:
    return failure.replays, failure.last_at, failure.attempts


def _append_entry(audit_trail: tuple[AuditEntry, ...], entry: AuditEntry) -> tuple[AuditEntry, ...]:
    return limit_audit_trail((*audit_trail, entry))


def limit_audit_trail(audit_trail: tuple[AuditEntry, ...]) -> tuple[AuditEntry, ...]:
    """Return a story that is short enough to be kept: its beginning, and what was done last."""
    return (
        audit_trail
        if len(audit_trail) <= MAX_AUDIT_ENTRIES
        else (audit_trail[0], *audit_trail[1 - MAX_AUDIT_ENTRIES :])
    )


def make_cursor(failure: Failure) -> str:
    """Return where a failure stands among all: the greater, the later it failed, and no two are the same."""
    return f"{to_sortable_text(failure.last_at)}#{failure.failure_id}"


def is_wanted(failure: Failure, wanted: FailureFilter) -> bool:
    """Whether a filter means this failure."""
    tenants, states = wanted.tenants, wanted.states
    return (
        (wanted.queue is None or failure.queue == wanted.queue)
        and (tenants is None or failure.tenant in tenants)
        and (states is None or failure.state in states)
        and (wanted.reason is None or failure.reason == wanted.reason)
        and (wanted.since is None or failure.last_at >= wanted.since)
        and (wanted.until is None or failure.last_at < wanted.until)
        and (not wanted.text or _says(failure, wanted.text.casefold()))
    )


def _says(failure: Failure, text: str) -> bool:
    said = (failure.type, failure.tenant, failure.reason, failure.error)
    ids = (failure.failure_id, failure.session_id, failure.command_id, failure.trace)
    return any(text in each.casefold() for each in (*said, *ids) if each)
