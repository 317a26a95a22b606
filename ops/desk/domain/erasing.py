"""Decides which failures are a conversation's, and what is left of one after a person asked to be forgotten."""

from dataclasses import replace
from datetime import datetime

from ops.desk.domain.values import Operator
from shared.json_objects import parse_json_object
from shared.ledger.failures import AuditEntry, Failure, FailureState


def is_of_session(failure: Failure, session_id: str) -> bool:
    """Whether somebody said it in this conversation.

    What could not be read may say so all the same, as another release's message does; else only its group does, and
    that of a notice is the business.
    """
    if failure.session_id is not None:
        return failure.session_id == session_id
    said = (parse_json_object(failure.payload) or {}).get("session_id")
    return said == session_id or (failure.queue != "notifications" and failure.group == session_id)


def erased(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure with nothing in it that was said, or that leads to whoever said it.

    What is kept is named here; anything that failures may carry one day goes. Of its story the deeds stay, since
    they say who looked at personal data, and no details, which people may write.
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
