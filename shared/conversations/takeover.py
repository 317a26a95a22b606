"""Who answers a conversation, the assistant or staff of the business, and what staff did in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from shared.conversations.judgements import Judgement
from shared.errors import ConversationEndedError
from shared.messages.server import ServerFrame

TAKEOVER_DURATION = timedelta(minutes=30)
"""How long the assistant is silent after a staff member's last action, if nobody hands the conversation back."""

ConversationAuditAction = Literal["answered", "took_over", "handed_back", "looked"]
"""`looked`: a staff member read what the visitor wrote."""


@dataclass(frozen=True, slots=True)
class ConversationAuditEntry:
    """One entry of a conversation's audit trail: who did what, and when. Never what was written."""

    at: datetime
    by: str
    """A staff member as they signed in."""
    action: ConversationAuditAction


@dataclass(frozen=True, slots=True)
class Takeover:
    """Staff answer a conversation, and the assistant does not."""

    by: str
    until: datetime
    is_announced: bool = False
    """Whether the visitor was told that staff read what they write."""

    def is_active(self, at: datetime) -> bool:
        """Whether the assistant is still silent."""
        return at < self.until


@dataclass(frozen=True, slots=True)
class ConversationTail:
    """The last frames of a conversation, oldest first, and the takeover after them."""

    frames: Sequence[ServerFrame] = ()
    takeover: Takeover | None = None
    """May have run out: see `is_active`."""
    last_seq: int = 0
    """The number of the last frame, readable or not; 0 where there is none."""
    stored_at: Mapping[int, datetime] = field(default_factory=dict)
    """When each frame was stored, by its number."""
    judgements: Mapping[int, Judgement] = field(default_factory=dict)
    """What the visitor thinks of answers, by the number of their frame."""
    is_ended: bool = False
    """Whether the visitor has ended the session: there are no frames, and nothing can be stored."""

    def demand_open(self) -> None:
        """Raise `ConversationEndedError` if the visitor has ended the session."""
        if self.is_ended:
            raise ConversationEndedError


def has_effect(before: Takeover | None, entry: ConversationAuditEntry) -> bool:
    """Whether an action changes anything: if two staff members press the same button, one of them acts."""
    is_standing = before is not None and before.is_active(entry.at)
    match entry.action:
        case "took_over":
            return not is_standing
        case "handed_back":
            return is_standing
        case _:
            return True


def apply_entry(before: Takeover | None, entry: ConversationAuditEntry) -> Takeover | None:
    """Return the takeover after an action. An answer takes over; every further one prolongs it."""
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
