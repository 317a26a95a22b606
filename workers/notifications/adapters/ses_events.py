"""Decodes the events that SES publishes about e-mails, as SNS delivers them to the feedback queue.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from shared.messages.model import Instant, Message
from workers.notifications.domain import FeedbackReport, MailFeedback

_MAX_CHARACTERS = 128 * 1024
_TOPIC_VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."
"""The message by which SES validates the topic once."""


class _Notification(Message):
    """The envelope in which SNS delivers a message (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html)."""

    Type: Literal["Notification"]
    MessageId: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    TopicArn: str
    Message: Annotated[str, Field(max_length=_MAX_CHARACTERS)]
    Timestamp: Instant


class _Mail(Message):
    destination: Annotated[list[str], Field(min_length=1, max_length=1)]
    """One: each of our e-mails has one recipient."""


class _Bounce(Message):
    bounceType: Annotated[str, Field(max_length=40)]  # noqa: N815 - the name in SES's event
    bounceSubType: Annotated[str, Field(max_length=40)] = ""  # noqa: N815
    timestamp: Instant


class _Complaint(Message):
    complaintFeedbackType: Annotated[str, Field(max_length=60)] | None = None  # noqa: N815
    timestamp: Instant


class _Event(Message):
    eventType: Annotated[str, Field(max_length=40)]  # noqa: N815
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


def build_feedback_report_adapter(topic_arn: str) -> TypeAdapter[FeedbackReport]:
    """Return the decoder of the feedback queue, which accepts only notifications of this topic.

    The queue's policy admits no other topic either; this check still holds if the policy is changed by mistake.
    """

    def decode(content: Any) -> FeedbackReport:
        notification = _Notification.model_validate(content)
        if notification.TopicArn != topic_arn:
            raise ValueError("a notification of another topic")
        return FeedbackReport(
            id=notification.MessageId, data=_parse_event(notification.Message, notification.Timestamp)
        )

    return TypeAdapter(Annotated[FeedbackReport, BeforeValidator(decode)])


def _parse_event(text: str, at: datetime) -> MailFeedback:
    if text.strip() == _TOPIC_VALIDATION:
        return MailFeedback(kind="other", detail="greeting", at=at)
    event = _Event.model_validate_json(text)
    [address] = event.mail.destination
    match event.eventType:
        case "Bounce" if event.bounce:
            bounce = event.bounce
            return MailFeedback(
                kind="bounce",
                detail=f"{bounce.bounceType}/{bounce.bounceSubType}",
                category=bounce.bounceType,
                subcategory=bounce.bounceSubType,
                address=address,
                at=bounce.timestamp,
            )
        case "Complaint" if event.complaint:
            kind = event.complaint.complaintFeedbackType or ""
            return MailFeedback(
                kind="complaint", detail=kind, category=kind, address=address, at=event.complaint.timestamp
            )
        case "Bounce" | "Complaint":
            raise ValueError("an event without its bounce or complaint object")
    return MailFeedback(kind="other", detail=event.eventType, at=at)
