"""What goes out to a visitor: an e-mail or a text message. Either may hold a code, so neither is ever logged."""

from dataclasses import dataclass, field

from shared.messages.notices import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentReminder,
    AppointmentRescheduled,
    ChooseAgain,
    SendCode,
)

VisitorNotice = (
    SendCode | AppointmentConfirmed | AppointmentCancelled | AppointmentRescheduled | AppointmentReminder | ChooseAgain
)
"""What a visitor is told of; an alert is for whoever runs the system."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: str = field(repr=False)


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
    """The same in HTML, for mail programs that show it; `` if there is none."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One SMS."""

    recipient: str = field(repr=False)
    """In E.164."""
    text: str = field(repr=False)


def flatten_text(text: str) -> str:
    """Return the text fit for a header: no line ends, no other control characters, not too long."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:200]
