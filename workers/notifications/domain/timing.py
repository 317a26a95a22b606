"""Judges whether now is the time to tell somebody: who sleeps waits, and who floods stands in line."""

from datetime import datetime, timedelta

from shared.messages.notices import AppointmentReminder, SendCode
from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.notifications.domain.messages import VisitorNotice

LONGEST_WAIT = timedelta(hours=6)
"""More than that much ahead in the line, and a business sends what a person should look at first."""


def quiet_until(notice: VisitorNotice, profile: TenantProfile, now: datetime) -> datetime | None:
    """Return when a reminder that came late may wake its reader; None if it may now.

    Booking plans reminders around the quiet hours; this is for those that were held up. Everything else answers what
    somebody just did, and does not wait.
    """
    if not isinstance(notice, AppointmentReminder) or profile.quiet_hours is None:
        return None
    quiet = profile.quiet_hours.around(now, profile.zone)
    return quiet.ends if quiet else None


def is_too_late(notice: VisitorNotice, at: datetime) -> bool:
    """Whether a reminder at that time leaves its reader no time to get ready."""
    return at > notice.data.start - TO_GET_READY


def line_of(notice: VisitorNotice) -> str:
    """Return the line in which a notice waits: each business has one, and one for codes, which people sit and await."""
    return f"{notice.tenant}/{'codes' if isinstance(notice, SendCode) else 'letters'}"
