"""What mail providers say of our letters, and which addresses therefore get no more."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.messages.model import Instant, Message, QueuedId
from shared.retention import FULL_MAILBOX_RETENTION
from shared.suppressions import Suppression

Address = Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^\s@]+@[^\s@]+$")]


class MailFeedback(Message):
    """A word on one letter: it bounced, its reader complained, or nothing that is of use to us."""

    kind: Literal["bounce", "complaint", "other"]
    detail: Annotated[str, Field(max_length=100)] = ""
    """For the log: `Permanent/General` of a bounce, `abuse` of a complaint."""
    category: Annotated[str, Field(exclude=True)] = ""
    """Type of a bounce or complaint, as SES names it. Not in the fingerprint: the release before may have made that."""
    subcategory: Annotated[str, Field(exclude=True)] = ""
    """Sub-type of a bounce."""
    address: Address | None = None
    """Where we sent the letter: not where the other side says that it went, which is its own choice."""
    at: Instant


class FeedbackReport(Message):
    """A word on a letter, as it stands on its queue."""

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
    """Return what becomes of the address; None if it goes on getting letters.

    What bounces for good is not there, and who complained wants none: both stay until a person removes them. A full
    mailbox passes. The rest says nothing of the address: automatic replies come as passing bounces, too, and a letter
    that was too large or unwelcome is one letter
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
