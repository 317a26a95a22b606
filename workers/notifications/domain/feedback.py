"""Feedback of mail providers on our e-mails, and which addresses are suppressed because of it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.messages.model import Instant, Message, QueuedId
from shared.retention import FULL_MAILBOX_RETENTION
from shared.suppressions import Suppression

Address = Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^\s@]+@[^\s@]+$")]


class MailFeedback(Message):
    """Feedback on one e-mail: a bounce, a complaint, or an event of another kind, which is ignored."""

    kind: Literal["bounce", "complaint", "other"]
    detail: Annotated[str, Field(max_length=100)] = ""
    """For the log: `Permanent/General` for a bounce, `abuse` for a complaint."""
    category: Annotated[str, Field(exclude=True)] = ""
    """Type of the bounce or complaint in SES. Not in the fingerprint, which the release before computes without it."""
    subcategory: Annotated[str, Field(exclude=True)] = ""
    """Sub-type of the bounce."""
    address: Address | None = None
    """The address that we sent the e-mail to, not the one in the provider's report, which its sender can choose."""
    at: Instant


class FeedbackReport(Message):
    """A message of the feedback queue."""

    id: QueuedId
    tenant: str = "*"
    session_id: str = "feedback"
    type: Literal["mail.feedback"] = "mail.feedback"
    replay: Literal[0] = 0
    data: MailFeedback

    @property
    def claim_key(self) -> str:
        """The key of the processed-message record."""
        return f"feedback#{self.id}"


def decide_suppression(feedback: MailFeedback, *, now: datetime) -> Suppression | None:
    """Return the suppression of the address; None if it goes on getting e-mails.

    A permanent bounce means that the address does not exist, and a complaint that its owner wants no e-mails: both
    suppress it until an operator removes it. A full mailbox suppresses it for a while. Other transient bounces say
    nothing about the address: they include automatic replies, and single e-mails that were too large or unwelcome
    (https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types).
    """
    since = min(feedback.at, now)
    match feedback.kind, feedback.category, feedback.subcategory:
        case "bounce", "Permanent", _:
            return Suppression("bounced", since)
        case ("bounce", "Undetermined", _) | ("bounce", "Transient", "MailboxFull"):
            until = since + FULL_MAILBOX_RETENTION
            return Suppression("full", since, until) if until > now else None
        case "complaint", "not-spam", _:
            return None
        case "complaint", _, _:
            return Suppression("complained", since)
    return None
