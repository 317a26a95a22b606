"""Judges whether a notice that waited too long still helps anybody."""

from datetime import datetime

from shared.messages.notices import AnyNotice, AppointmentReminder, ChooseAgain, SendCode


def is_stale(notice: AnyNotice, now: datetime) -> bool:
    """Whether it helps nobody any more: a code that no longer works, a call to a visit that has begun."""
    match notice:
        case SendCode(expires_at=ends):
            return now >= ends
        case AppointmentReminder(data=facts) | ChooseAgain(stands=True, data=facts):
            return now >= facts.start
    return False
