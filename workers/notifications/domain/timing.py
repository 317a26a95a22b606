"""Judges whether now is the time to tell somebody: who sleeps waits, and who floods stands in line."""

from datetime import datetime, timedelta

from shared.messages.notices import AppointmentReminder, ChooseAgain, SendCode
from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.notifications.domain.messages import VisitorNotice

LONGEST_WAIT = timedelta(hours=1)
"""More than that much ahead in the line, and a business sends what a person should look at first.

What waits is in flight, and of that a queue takes 120,000 for all businesses: at the default pace an hour is 18,000
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
"""


def quiet_until(notice: VisitorNotice, profile: TenantProfile, now: datetime) -> datetime | None:
    """Return when a notice may wake its reader that nobody there is waiting for; None if it may now.

    Booking plans reminders around the quiet hours; this is for those that were held up. A replay is refused whenever
    the business replays; only if a visit stands that begins in the morning its reader hears of it at once. Everything
    else answers what somebody just did, and does not wait.
    """
    if not isinstance(notice, AppointmentReminder | ChooseAgain) or profile.quiet_hours is None:
        return None
    quiet = profile.quiet_hours.around(now, profile.zone)
    if quiet is None:
        return None
    if isinstance(notice, ChooseAgain) and notice.stands and _leaves_no_time(notice, quiet.ends):
        return None
    return quiet.ends


def is_too_late(notice: VisitorNotice, at: datetime) -> bool:
    """Whether a reminder at that time leaves its reader no time to get ready."""
    return isinstance(notice, AppointmentReminder) and _leaves_no_time(notice, at)


def _leaves_no_time(notice: VisitorNotice, at: datetime) -> bool:
    return at > notice.data.start - TO_GET_READY


def line_of(notice: VisitorNotice) -> str:
    """Return the line in which a notice waits: each business has one, and one for codes, which people sit and await."""
    return f"{notice.tenant}/{'codes' if isinstance(notice, SendCode) else 'letters'}"
