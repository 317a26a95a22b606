"""Decides when a notice may be sent: some wait for the end of quiet hours, and each business has a rate limit."""

import hmac
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.mailboxes.merging import merge_spellings
from shared.messages.notices import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentReminder,
    AppointmentRescheduled,
    ChooseAgain,
    SendCode,
    SendTranscript,
)
from shared.tenants.profile import TenantProfile
from shared.tenants.quiet_hours import TO_GET_READY
from workers.notifications.domain.messages import VisitorNotice
from workers.notifications.domain.visit_changes import VisitChange

MAX_SEND_WAIT = timedelta(hours=1)
"""A notice that the rate limit would delay for longer is dead-lettered, for an operator to examine.

Waiting notices are in flight, and a queue allows 120,000 messages in flight for all businesses together: at the default
rate an hour is 18,000 (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
"""


CONTACT_NOTICES_PER_MINUTE = 6
CONTACT_BURST = timedelta(minutes=1)
"""One contact gets seven notices at once, then one every ten seconds, so that nobody can use up the rate of a business
by moving visits back and forth. Codes have limits of their own."""


NOTICES_PER_CONTACT = 40
"""How many notices one contact gets from one business in a day without a further wait: ten visits booked, changed
once, and reminded of twice."""

MAX_DAILY_WAIT = timedelta(days=1)

_A_DAY = timedelta(days=1)
"""After that, nobody waits at the door for a visit that was moved."""


class SendRate(NamedTuple):
    """How often notices are sent."""

    interval: timedelta
    burst: timedelta
    """After an idle time the notices of so long may be sent at once."""


def build_daily_rate(notices: int) -> SendRate:
    """Return the rate of a number of notices a day, all of which may come at once."""
    interval = _A_DAY / notices
    return SendRate(interval, _A_DAY - interval)


MAX_CODE_DELAY = timedelta(seconds=30)
"""How long after its request another attempt to send a code may start, and how long it may wait for its send slot.

A visitor waits for the code in an open chat, and has to learn within a minute that it could not be sent. That leaves
twenty seconds for the last attempt and ten for the queues.
"""


def find_quiet_hours_end(
    notice: VisitorNotice, profile: TenantProfile, now: datetime, latest: VisitChange | None = None
) -> datetime | None:
    """Return the end of the quiet hours if the notice has to wait for it; None if it may be sent now.

    Booking plans reminders outside the quiet hours; this covers reminders that were delayed. A business may replay a
    request, or move, cancel or reinstate a visit, at any hour, so these notices wait too, unless the visitor would hear
    too late. `latest` is what is recorded of the visit: what its visitor knows may be older than this change.
    Every other notice answers something that the visitor has just done, and does not wait.
    """
    if profile.quiet_hours is None or not _is_unexpected(notice):
        return None
    quiet = profile.quiet_hours.find_quiet_period(now, profile.zone)
    if quiet is None or _is_urgent(notice, quiet.ends, now, latest):
        return None
    return quiet.ends


def _is_unexpected(notice: VisitorNotice) -> bool:
    """Return whether the notice answers nothing that the visitor has just done."""
    match notice:
        case AppointmentReminder() | ChooseAgain():
            return True
        case AppointmentRescheduled(by=by) | AppointmentCancelled(by=by):
            return by == "business"
        case AppointmentConfirmed(reinstates=reinstates):
            return reinstates
    return False


def _is_urgent(notice: VisitorNotice, at: datetime, now: datetime, latest: VisitChange | None) -> bool:
    """Return whether the visitor, notified at `at`, could set out for nothing or have no time to get ready.

    They set out for the start that they know. With several changes in one night that is none of those in between.
    """
    match notice:
        case AppointmentReminder():
            return False
        case ChooseAgain(stands=stands):
            return stands and _leaves_no_time(notice, at)
    is_kept = not isinstance(notice, AppointmentCancelled)
    known_start = latest.known_start if latest else None
    if is_kept and known_start == notice.data.start:
        return False  # They come when they are expected.
    if known_start is None:
        known_start = notice.previous_start if isinstance(notice, AppointmentRescheduled) else notice.data.start
    if known_start is None:
        return True  # The visit may have been planned for the morning.
    is_still_ahead = known_start > now - _A_DAY
    return (is_still_ahead and at > known_start - TO_GET_READY) or (is_kept and _leaves_no_time(notice, at))


def is_too_late(notice: VisitorNotice, at: datetime) -> bool:
    """Return whether the notice is a reminder that would leave the visitor no time to get ready if sent at `at`."""
    return isinstance(notice, AppointmentReminder) and _leaves_no_time(notice, at)


def _leaves_no_time(notice: VisitorNotice, at: datetime) -> bool:
    return at > notice.data.start - TO_GET_READY


def build_rate_limit_key(notice: VisitorNotice | SendTranscript) -> str:
    """Return the rate-limit key: each business has one for codes, which visitors wait for, and one for the rest."""
    # A part of the key of stored rows, which keeps the name that it had first.
    return f"{notice.tenant}/{'codes' if isinstance(notice, SendCode) else 'letters'}"


def build_contact_rate_limit_key(
    notice: VisitorNotice | SendTranscript, secret: bytes, *, period: str = "contact"
) -> str:
    """Return the rate-limit key of a contact at one business; the contact can't be read from it."""
    kind, contact = notice.data.contact_kind, notice.data.contact
    mailbox = merge_spellings(contact) if kind == "email" else contact.lower()
    digest = hmac.digest(secret, f"notices/{notice.tenant}/{kind}/{mailbox}".encode(), "sha256").hex()[:32]
    return f"{notice.tenant}/{period}/{digest}"
