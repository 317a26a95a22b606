"""Decides which failures belong to a conversation, and what remains of a failure after its erasure."""

from dataclasses import replace
from datetime import datetime

from ops.desk.domain.values import Operator
from shared.json_objects import parse_json_object
from shared.ledger.failures import AuditEntry, Failure, FailureState


def belongs_to_session(failure: Failure, session_id: str) -> bool:
    """Return whether the failure belongs to this conversation.

    An unreadable message may still name its session, as one of another release does. Otherwise only its message group
    does, except that the group of a notice is the business.
    """
    if failure.session_id is not None:
        return failure.session_id == session_id
    named_session = (parse_json_object(failure.payload) or {}).get("session_id")
    return named_session == session_id or (failure.queue != "notifications" and failure.group == session_id)


def erase_failure(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure without personal data and without ids that lead to the visitor.

    Only the fields named here are kept, so a field that is added later is erased by default. The entries of the audit
    trail stay, because they say who looked at personal data; their details go, because operators may write anything
    into them.
    """
    return Failure(
        failure_id=failure.failure_id,
        queue=failure.queue,
        group=None,
        payload="",
        reason=failure.reason,
        error="",
        attempts=failure.attempts,
        first_at=failure.first_at,
        last_at=failure.last_at,
        state=FailureState.ERASED,
        type=failure.type,
        tenant=failure.tenant,
        replays=failure.replays,
        audit_trail=(
            *(replace(entry, detail="") for entry in failure.audit_trail),
            AuditEntry(now, operator.name, "erased"),
        ),
        version=failure.version + 1,
    )
