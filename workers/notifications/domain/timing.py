"""Decides when a notice may be sent: reminders wait for the end of quiet hours, and each business has a rate limit."""

from datetime import datetime, timedelta

from shared.messages.notices import AppointmentReminder, ChooseAgain, SendCode
from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.notifications.domain.messages import VisitorNotice

MAX_SEND_WAIT = timedelta(hours=1)
"""A notice that the rate limit would delay for longer is dead-lettered, for an operator to examine.

Waiting notices are in flight, and a queue allows 120,000 messages in flight for all businesses together: at the default
rate an hour is 18,000 (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
"""


def find_quiet_hours_end(notice: VisitorNotice, profile: TenantProfile, now: datetime) -> datetime | None:
    """Return the end of the quiet hours if the notice has to wait for it; None if it may be sent now.

    Booking plans reminders outside the quiet hours; this covers reminders that were delayed. A business may replay a
    request at any hour, so `ChooseAgain` waits too, unless its visit takes place and begins soon after the quiet hours.
    Every other notice answers something that the visitor or the business has just done, and does not wait.
    """
    if not isinstance(notice, AppointmentReminder | ChooseAgain) or profile.quiet_hours is None:
        return None
    quiet = profile.quiet_hours.find_quiet_period(now, profile.zone)
    if quiet is None:
        return None
    if isinstance(notice, ChooseAgain) and notice.stands and _leaves_no_time(notice, quiet.ends):
        return None
    return quiet.ends


def is_too_late(notice: VisitorNotice, at: datetime) -> bool:
    """Return whether the notice is a reminder that would leave the visitor no time to get ready if sent at `at`."""
    return isinstance(notice, AppointmentReminder) and _leaves_no_time(notice, at)


def _leaves_no_time(notice: VisitorNotice, at: datetime) -> bool:
    return at > notice.data.start - TO_GET_READY


def build_rate_limit_key(notice: VisitorNotice) -> str:
    """Return the rate-limit key: each business has one for codes, which visitors wait for, and one for the rest."""
    # A part of the key of stored rows, which keeps the name that it had first.
    return f"{notice.tenant}/{'codes' if isinstance(notice, SendCode) else 'letters'}"
