"""Judges whether a letter still tells the truth: notices wait, are replayed, and overtake each other."""

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
class Change:
    """What became of a visit."""

    at: datetime
    """When it was asked for."""
    start: datetime | None
    """Where it was moved to; None if it was cancelled, which is for good."""
    forgotten_at: datetime


def change_in(notice: VisitorNotice) -> Change | None:
    """Return the change that a notice is about; None if it is about none."""
    match notice:
        case AppointmentCancelled(accepted_at=at, data=facts):
            return Change(at, None, max(at, facts.end) + VISIT_CHANGE_RETENTION)
        case AppointmentRescheduled(accepted_at=at, data=facts):
            return Change(at, facts.start, max(at, facts.end) + VISIT_CHANGE_RETENTION)
    return None


def says_that_it_stands(notice: VisitorNotice) -> bool:
    """Whether a notice tells its reader to come."""
    match notice:
        case AppointmentConfirmed() | AppointmentRescheduled() | AppointmentReminder():
            return True
        case ChooseAgain(stands=stands):
            return stands
    return False


def is_outdated(notice: VisitorNotice, last: Change | None) -> bool:
    """Whether the visit was cancelled, or moved to another time after the notice was thought of."""
    if last is None or not says_that_it_stands(notice):
        return False
    if last.start is None:
        return True
    return last.at > notice.accepted_at and last.start != notice.data.start
