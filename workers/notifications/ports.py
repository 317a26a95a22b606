"""The roles that only notifications needs filled: wording notices, sending them, and alerting."""

from datetime import datetime
from typing import Protocol

from shared.errors import TransientError
from shared.messages.notices import OperatorAlert
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import AppointmentLinks, Email, TextMessage, VisitChange, VisitorNotice


class UnknownOutcomeError(TransientError):
    """The provider gave no answer: it may have taken what it was given, and the next try would repeat it."""


class EmailTemplates(Protocol):
    """Words a notice as an e-mail, in the recipient's language."""

    def render(
        self,
        notice: VisitorNotice,
        profile: TenantProfile,
        *,
        code: str | None,
        links: AppointmentLinks | None = None,
    ) -> Email:
        """Return the letter; `code` is given for a `notice.code` alone."""
        ...


class TextMessageTemplates(Protocol):
    """Words a notice as an SMS, in the recipient's language."""

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message; `code` is given for a `notice.code` alone."""
        ...


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, letter: Email) -> None:
        """Return once the provider has taken the letter.

        Raises:
            TransientError: throttled or unreachable; `PerhapsTakenError` if nobody knows.
            PermanentError: `mail_rejected`: the address or the sender is refused.
        """
        ...


class SmsSender(Protocol):
    """Sends SMS."""

    async def send(self, message: TextMessage) -> None:
        """Return once the provider has taken the message.

        Raises:
            TransientError: throttled or unreachable; `PerhapsTakenError` if nobody knows.
            PermanentError: `sms_rejected`: the number is refused, or its owner wants no messages.
        """
        ...


class SendRateLimiter(Protocol):
    """Limits how many notices per minute are sent for one rate-limit key, across all workers."""

    async def reserve(self, rate_limit_key: str, notice_key: str, *, now: datetime) -> datetime:
        """Return when the notice may be sent: `now`, or a send slot, which is the same at each call.

        Raises:
            TransientError: the limiter's store can't be reached.
            PermanentError: `line_too_long`: the notice would wait longer than the limiter's maximum.
        """
        ...


class VisitChanges(Protocol):
    """Records moves and cancellations, so that no outdated notice is sent for a visit.

    Raises:
        TransientError: the store can't be reached.
    """

    async def record(self, appointment_id: str, change: VisitChange) -> None:
        """Record a change, unless a later one or a cancellation is recorded already."""
        ...

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        ...


class Alerts(Protocol):
    """Reaches whoever runs the system."""

    async def send(self, alert: OperatorAlert) -> None:
        """Return once the alert is on its way.

        Raises:
            TransientError: throttled or unreachable.
            DeploymentError: the topic is not there, or we may not write to it.
        """
        ...
