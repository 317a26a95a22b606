"""The messages to a visitor: e-mails and text messages. Both may contain a code, so neither is ever logged."""

from dataclasses import dataclass, field

from shared.messages.notices import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentReminder,
    AppointmentRescheduled,
    ChooseAgain,
    SendCode,
)
from shared.typed_names import flatten_name

VisitorNotice = (
    SendCode | AppointmentConfirmed | AppointmentCancelled | AppointmentRescheduled | AppointmentReminder | ChooseAgain
)
"""The notices to a visitor; an alert goes to the operators."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is attached to an e-mail."""

    name: str
    content_type: str
    content: str = field(repr=False)
    method: str | None = None
    """The METHOD of a calendar file, which the content type repeats."""


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail."""

    notice_id: str
    recipient: str = field(repr=False)
    sender_name: str
    reply_to: str | None
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    """The same content as HTML, for mail programs that display it; empty if there is none."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One SMS."""

    recipient: str = field(repr=False)
    """In E.164."""
    text: str = field(repr=False)


def flatten_text(text: str) -> str:
    """Return the text fit for a header: without line breaks and control characters, at most 200 characters."""
    return flatten_name(text)[:200].rstrip()
