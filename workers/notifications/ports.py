"""The ports that only notifications needs: rendering notices, sending them, and alerting operators."""

from datetime import datetime, timedelta
from typing import Protocol

from shared.conversations.takeover import ConversationTail
from shared.errors import TransientError
from shared.messages.notices import OperatorAlert, SendTranscript
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import (
    AppointmentLinks,
    Email,
    SendRate,
    TextMessage,
    Transcript,
    VisitChange,
    VisitorNotice,
)


class UnknownOutcomeError(TransientError):
    """The provider did not answer: it may have accepted the message, and the next attempt may repeat it."""

    may_have_succeeded = True


class EmailTemplates(Protocol):
    """Renders a notice as an e-mail in the recipient's language."""

    def render(
        self,
        notice: VisitorNotice,
        profile: TenantProfile,
        *,
        code: str | None,
        links: AppointmentLinks | None = None,
        is_changeable: bool = True,
    ) -> Email:
        """Return the e-mail; `code` is given only for a `notice.code`.

        `is_changeable` says whether the visitor can still cancel or move the visit.
        """
        ...

    def render_transcript(self, notice: SendTranscript, transcript: Transcript, profile: TenantProfile) -> Email:
        """Return the e-mail with a conversation, whose texts may be hostile."""
        ...


class Conversations(Protocol):
    """Reads conversations that are sent to their visitors."""

    async def get_tail(self, session_id: str, limit: int, *, before_seq: int | None = None) -> ConversationTail:
        """Return the last frames before a number, at most `limit`.

        Raises:
            TransientError: the table can't be reached.
        """
        ...


class TextMessageTemplates(Protocol):
    """Renders a notice as an SMS in the recipient's language."""

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message; `code` is given only for a `notice.code`."""
        ...


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, email: Email) -> None:
        """Return once the provider has accepted the e-mail.

        Raises:
            TransientError: throttled or unreachable; `PerhapsTakenError` if nobody knows.
            PermanentError: `mail_rejected`: the provider refuses the address or the sender.
        """
        ...


class SmsSender(Protocol):
    """Sends SMS."""

    async def send(self, message: TextMessage) -> None:
        """Return once the provider has accepted the message.

        Raises:
            TransientError: throttled or unreachable; `PerhapsTakenError` if nobody knows.
            PermanentError: `sms_rejected`: the provider refuses the number, or its owner has opted out.
        """
        ...


class SendRateLimiter(Protocol):
    """Limits how many notices per minute are sent for one rate-limit key, across all workers."""

    async def reserve(
        self,
        rate_limit_key: str,
        notice_key: str,
        *,
        now: datetime,
        is_first_time: bool = False,
        max_wait: timedelta | None = None,
        rate: SendRate | None = None,
        is_shared: bool = False,
    ) -> datetime:
        """Return when the notice may be sent: `now`, or a send slot, which is the same at each call.

        A shared key is that of several notices: who has to wait gets the slot that another of them waits for. `rate`
        applies in place of the limiter's own.

        `is_first_time` says that nobody has called it for this notice before, so there is no send slot to read.
        `max_wait` is the maximum for this notice if that is shorter; a notice that is refused takes no send slot.

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
        """Return the change that is in force, with the start that the visitor knows; None if none is recorded."""
        ...

    async def mark_known(self, appointment_id: str, start: datetime | None) -> None:
        """Record what the visitor has just heard: a start, or None for a cancellation."""
        ...


class Alerts(Protocol):
    """Alerts the operators of the installation."""

    async def send(self, alert: OperatorAlert) -> None:
        """Return once the alert is published.

        Raises:
            TransientError: throttled or unreachable.
            DeploymentError: the topic does not exist, or publishing to it is not permitted.
        """
        ...
