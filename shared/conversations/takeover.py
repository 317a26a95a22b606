"""Who answers a conversation, the assistant or a person of the business, and what people did in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.messages.server import ServerFrame

TAKEOVER_DURATION = timedelta(minutes=30)
"""How long the assistant is silent after a person's last words, if nobody hands the conversation back."""

ConversationAuditAction = Literal["answered", "took_over", "handed_back", "looked"]
"""`looked`: somebody read what the visitor wrote."""


@dataclass(frozen=True, slots=True)
class ConversationAuditEntry:
    """Who did what in a conversation, and when. Never what was said."""

    at: datetime
    by: str
    """A person as they signed in."""
    action: ConversationAuditAction


@dataclass(frozen=True, slots=True)
class Takeover:
    """That a person answers a conversation, and the assistant does not."""

    by: str
    until: datetime
    is_announced: bool = False
    """Whether the visitor has heard that a person reads what they write."""

    def is_active(self, at: datetime) -> bool:
        """Whether the assistant is still silent."""
        return at < self.until


@dataclass(frozen=True, slots=True)
class ConversationTail:
    """The last frames of a conversation, oldest first, and the takeover that stands after them."""

    frames: Sequence[ServerFrame] = ()
    takeover: Takeover | None = None
    """May have run out: see `is_active`."""


def is_news(before: Takeover | None, entry: ConversationAuditEntry) -> bool:
    """Whether a deed changes anything: of two people who press the same button, one does."""
    is_standing = before is not None and before.is_active(entry.at)
    match entry.action:
        case "took_over":
            return not is_standing
        case "handed_back":
            return is_standing
        case _:
            return True


def apply_entry(before: Takeover | None, entry: ConversationAuditEntry) -> Takeover | None:
    """Return the takeover that stands after a deed. An answer takes over; every further one gives it more time."""
    standing = before if before and before.is_active(entry.at) else None
    match entry.action:
        case "answered":
            is_announced = standing is not None and standing.is_announced
            return Takeover(entry.by, entry.at + TAKEOVER_DURATION, is_announced)
        case "took_over":
            return Takeover(entry.by, entry.at + TAKEOVER_DURATION, is_announced=True)
        case "handed_back":
            return None
        case "looked":
            return standing
