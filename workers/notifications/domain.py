"""Pure values and rules of notifications: a letter, and whether it is still worth sending."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.messages.notices import AnyNotice, SendCode


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail. Its text may hold a code: it is never logged."""

    notice_id: str
    recipient: str = field(repr=False)
    sender_name: str
    reply_to: str | None
    subject: str
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


def is_stale(notice: AnyNotice, now: datetime) -> bool:
    """Whether nobody is helped by the notice any more: a code that no longer works."""
    return isinstance(notice, SendCode) and now >= notice.expires_at


def one_line(text: str) -> str:
    """Return the text fit for a header: no line ends, no other control characters, not too long."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
