"""Decides whether a notice that waited is still useful."""

from datetime import datetime

from shared.messages.notices import AnyNotice, AppointmentReminder, ChooseAgain, SendCode


def is_stale(notice: AnyNotice, now: datetime) -> bool:
    """Return whether a notice is useless: its code has expired, or its visit has begun."""
    match notice:
        case SendCode(expires_at=expires_at):
            return now >= expires_at
        case AppointmentReminder(data=facts) | ChooseAgain(stands=True, data=facts):
            return now >= facts.start
    return False
