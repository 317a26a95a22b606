"""The rules of the failure ledger: how a dead letter changes a failure, and which failures match a filter."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from shared.instants import to_sortable_text
from shared.ledger.failures import AuditEntry, Failure, FailureFilter, FailureState

LEDGER = "ledger"
"""Author of the audit entries for what is found on a dead-letter queue."""

MAX_AUDIT_ENTRIES = 50
"""Length of an audit trail; of a longer one the first entry and the latest are kept."""

OPEN = frozenset({FailureState.FAILED, FailureState.FAILED_AGAIN})
"""States in which an operator has to act."""

ENDED = frozenset({FailureState.RESOLVED, FailureState.REFUSED, FailureState.DISCARDED, FailureState.ERASED})
"""States in which no operator has to act any more."""


def merge_failure(kept: Failure | None, dead_letter: Failure) -> Failure | None:
    """Return the failure to store after a dead letter; None if the dead letter is already part of it.

    A dead letter of the latest replay, or of a later one, means that the message failed again, even if the replay was
    recorded as resolved: a worker may report both, and a failure that nobody sees costs more than one that is examined
    in vain. What an operator discarded stays discarded until it is replayed.
    """
    if kept is None:
        return replace(
            dead_letter, audit_trail=_append_entry(dead_letter.audit_trail, _make_entry(dead_letter, "failed"))
        )
    # What a visitor had erased does not come back with a dead letter that was under way.
    if kept.state is FailureState.ERASED or _make_order_key(dead_letter) <= _make_order_key(kept):
        return None
    is_first_round = dead_letter.replays == 0
    state = kept.state if is_first_round else FailureState.FAILED_AGAIN
    if kept.state is FailureState.DISCARDED and dead_letter.replays == kept.replays:
        state = FailureState.DISCARDED
    return replace(
        kept,
        # The kept payload may have been edited and sent; a replay that the ledger does not know brings its own.
        # A kept payload that cannot be decrypted is replaced by the dead letter's.
        payload=dead_letter.payload if dead_letter.replays > kept.replays or not kept.payload else kept.payload,
        group=dead_letter.group,
        reason=dead_letter.reason,
        error=dead_letter.error,
        attempts=dead_letter.attempts,
        first_at=min(kept.first_at, dead_letter.first_at),
        last_at=dead_letter.last_at,
        state=state,
        # A message that was unreadable at first may be readable by now; it belongs to its tenant from then on.
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


def _make_order_key(failure: Failure) -> tuple[int, datetime, int]:
    return failure.replays, failure.last_at, failure.attempts


def _append_entry(audit_trail: tuple[AuditEntry, ...], entry: AuditEntry) -> tuple[AuditEntry, ...]:
    return limit_audit_trail((*audit_trail, entry))


def limit_audit_trail(audit_trail: tuple[AuditEntry, ...]) -> tuple[AuditEntry, ...]:
    """Return an audit trail that is short enough to be stored: the first entry and the latest."""
    return (
        audit_trail
        if len(audit_trail) <= MAX_AUDIT_ENTRIES
        else (audit_trail[0], *audit_trail[1 - MAX_AUDIT_ENTRIES :])
    )


def make_cursor(failure: Failure) -> str:
    """Return the position of a failure in lists: unique, and greater the later it failed."""
    return f"{to_sortable_text(failure.last_at)}#{failure.failure_id}"


def is_match(failure: Failure, criteria: FailureFilter) -> bool:
    """Whether a failure matches a filter."""
    tenants, states = criteria.tenants, criteria.states
    return (
        (criteria.queue is None or failure.queue == criteria.queue)
        and (tenants is None or failure.tenant in tenants)
        and (states is None or failure.state in states)
        and (criteria.reason is None or failure.reason == criteria.reason)
        and (criteria.since is None or failure.last_at >= criteria.since)
        and (criteria.until is None or failure.last_at < criteria.until)
        and (not criteria.text or _contains_text(failure, criteria.text.casefold()))
    )


def _contains_text(failure: Failure, text: str) -> bool:
    texts = (failure.type, failure.tenant, failure.reason, failure.error)
    ids = (failure.failure_id, failure.session_id, failure.command_id, failure.trace)
    return any(text in each.casefold() for each in (*texts, *ids) if each)
