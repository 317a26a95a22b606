"""Decides whether a notice is outdated by a later change of its visit: notices wait, are replayed and change order."""

from dataclasses import dataclass
from datetime import datetime

from shared.messages.notices import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentReminder,
    AppointmentRescheduled,
    ChooseAgain,
)
from shared.retention import VISIT_CHANGE_RETENTION
from workers.notifications.domain.messages import VisitorNotice


@dataclass(frozen=True, slots=True)
class VisitChange:
    """A move, the cancellation or the reinstatement of a visit."""

    requested_at: datetime
    new_start: datetime | None
    """The start after a move; None for a cancellation, which is final unless the visit is reinstated."""
    expires_at: datetime
    reinstated_at: datetime | None = None
    """When the business last asked to reinstate the visit: cancellations that were requested before have ended."""
    known_start: datetime | None = None
    """The start that the visitor knows, as long as they have not heard of this change; None if that is unknown."""
    is_known: bool = False
    """Whether the visitor made the change, and so knows of it at once."""


def extract_change(notice: VisitorNotice) -> VisitChange | None:
    """Return the change that the notice reports; None if it reports none."""
    match notice:
        case AppointmentCancelled(accepted_at=requested_at, data=facts, by=by):
            expires_at = max(requested_at, facts.end) + VISIT_CHANGE_RETENTION
            return VisitChange(requested_at, None, expires_at, known_start=facts.start, is_known=by == "visitor")
        case AppointmentConfirmed(accepted_at=requested_at, data=facts, reinstates=True):
            expires_at = max(requested_at, facts.end) + VISIT_CHANGE_RETENTION
            return VisitChange(requested_at, facts.start, expires_at, reinstated_at=requested_at)
        case AppointmentRescheduled(accepted_at=requested_at, data=facts, by=by, previous_start=previous_start):
            expires_at = max(requested_at, facts.end) + VISIT_CHANGE_RETENTION
            known_start, is_known = (facts.start, True) if by == "visitor" else (previous_start, False)
            return VisitChange(requested_at, facts.start, expires_at, known_start=known_start, is_known=is_known)
    return None


def confirms_visit(notice: VisitorNotice) -> bool:
    """Return whether the notice tells the visitor that the visit takes place."""
    match notice:
        case AppointmentConfirmed() | AppointmentRescheduled() | AppointmentReminder():
            return True
        case ChooseAgain(stands=stands):
            return stands
    return False


def is_outdated(notice: VisitorNotice, latest: VisitChange | None) -> bool:
    """Return whether the visit was cancelled, moved to another time or reinstated after the notice was accepted."""
    if latest is None:
        return False
    if isinstance(notice, AppointmentCancelled):
        # The cancellation waited, and the visit takes place all the same.
        return latest.reinstated_at is not None and latest.reinstated_at > notice.accepted_at
    if not confirms_visit(notice):
        return False
    if latest.new_start is None:
        return True
    if isinstance(notice, AppointmentRescheduled):
        # Also if the visit is back at the same time: the notice of the later move says so.
        return latest.requested_at > notice.accepted_at
    return latest.requested_at > notice.accepted_at and latest.new_start != notice.data.start
