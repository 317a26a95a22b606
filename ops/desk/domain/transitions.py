"""Decides what an operator may do with a failure in its current state, and makes the next state."""

from dataclasses import replace
from datetime import datetime, timedelta

from ops.desk.domain.values import NotPossible, NotPossibleReason, Operator
from shared.ledger.audit_details import AuditDetail, EditedFields, NotSent, ReplayNumber
from shared.ledger.failures import AuditAction, AuditEntry, Failure, FailureFilter, FailureState
from shared.ledger.rules import ENDED, OPEN

REPLAY_TIMEOUT = timedelta(minutes=10)
"""How long the outcome of a replay is awaited. After that the replay counts as lost, for example in a crash between the
ledger and the queue, and may be repeated: each replay has its own claim, and all share the key of
their effects."""

_NOTICE_REPLAY_TIMEOUT = timedelta(hours=24)
"""A notice may wait for the end of the quiet hours and for its send slot; a repetition would send it twice."""

MAX_NOTE_CHARACTERS = 300


def includes_all_open_states(failure_filter: FailureFilter) -> bool:
    """Return whether a filter asks for everything that needs action, and so also for lost replays."""
    states = failure_filter.states
    return states is not None and OPEN.issubset(states) and FailureState.REPLAYING not in states


def include_running_replays(failure_filter: FailureFilter) -> FailureFilter:
    """Add the replays in progress, some of which may be lost, to a filter for everything that needs action."""
    if failure_filter.states is None or not includes_all_open_states(failure_filter):
        return failure_filter
    return replace(failure_filter, states=frozenset({*failure_filter.states, FailureState.REPLAYING}))


def is_lost_replay(failure: Failure, now: datetime) -> bool:
    """Return whether a replay had no outcome within its time-out, so that the failure needs action again."""
    timeout = _NOTICE_REPLAY_TIMEOUT if failure.queue == "notifications" else REPLAY_TIMEOUT
    return failure.state is FailureState.REPLAYING and now >= find_replay_time(failure) + timeout


def find_block_reason(failure: Failure, now: datetime, *, again: bool = False) -> NotPossible | None:
    """Return why the failure can't be acted on now, or None."""
    if failure.state is FailureState.ERASED:
        return NotPossible(NotPossibleReason.ERASED)
    if failure.state is FailureState.REPLAYING:
        over = find_replay_time(failure) + REPLAY_TIMEOUT
        return NotPossible(NotPossibleReason.REPLAYING, again_at=over) if now < over else None
    if failure.state in ENDED and not again:
        return NotPossible(NotPossibleReason.ENDED)
    return None


def find_decryption_problem(failure: Failure) -> NotPossible | None:
    """Return why the payload can't be used, or None if it is decrypted."""
    if failure.payload:
        return None
    return NotPossible(
        NotPossibleReason.ERASED if failure.state is FailureState.ERASED else NotPossibleReason.PAYLOAD_UNREADABLE
    )


def start_replay(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure with its next replay in progress."""
    number = failure.replays + 1
    return replace(
        _append_entry(failure, _build_audit_entry(operator, "replayed", now, ReplayNumber(number))),
        state=FailureState.REPLAYING,
        replays=number,
    )


def revert_unsent_replay(failure: Failure, now: datetime, *, before: FailureState, reason: str) -> Failure:
    """Return the failure after its queue refused a replay: in the state before, but the number of the replay is used.

    If an earlier replay was in progress, it counts as lost.
    """
    state = FailureState.FAILED_AGAIN if before is FailureState.REPLAYING else before
    entry = AuditEntry(now, "desk", "failed", NotSent(reason))
    return replace(_append_entry(failure, entry), state=state)


def edit_payload(failure: Failure, operator: Operator, now: datetime, *, payload: str, fields: list[str]) -> Failure:
    """Return the failure with another payload; the audit entry names the changed fields, never their values."""
    return replace(
        _append_entry(failure, _build_audit_entry(operator, "edited", now, EditedFields(tuple(fields)))),
        payload=payload,
    )


def mark_discarded(failure: Failure, operator: Operator, now: datetime, reason: str) -> Failure:
    """Return the failure as discarded."""
    entry = _build_audit_entry(operator, "discarded", now, reason[:MAX_NOTE_CHARACTERS])
    return replace(_append_entry(failure, entry), state=FailureState.DISCARDED)


def record_unmasking(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure with an audit entry that the operator viewed the personal data."""
    return _append_entry(failure, _build_audit_entry(operator, "unmasked", now))


def _append_entry(failure: Failure, entry: AuditEntry) -> Failure:
    return replace(failure, audit_trail=(*failure.audit_trail, entry), version=failure.version + 1)


def _build_audit_entry(operator: Operator, action: AuditAction, now: datetime, detail: AuditDetail = "") -> AuditEntry:
    return AuditEntry(now, operator.name, action, detail)


def find_replay_time(failure: Failure) -> datetime:
    """Return when the latest replay was requested; when it last failed, if there was none."""
    return max((entry.at for entry in failure.audit_trail if entry.action == "replayed"), default=failure.last_at)
