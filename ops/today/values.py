"""What the owner's day consists of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from shared.conversations.takeover import ConversationAuditEntry, Takeover
from shared.messages.server import ServerFrame

Speaker = Literal["visitor", "assistant", "human"]


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant as the pages name it."""

    tenant: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment as the owner sees it: it is their own customer, so nothing is masked."""

    appointment_id: str
    session_id: str
    start: datetime
    end: datetime
    state: Literal["held", "confirmed", "cancelled"]
    service: str
    name: str
    contact: str
    note: str
    resource: str
    """Empty where the business has no resources."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A conversation in a list: when it was last alive, and its last words."""

    session_id: str
    last_at: datetime
    words: str
    by: Speaker | None
    """None where nothing was said, as after bookings alone."""

    takeover: Takeover | None = None
    """That a person answers it now."""

    waiting: Sequence[str] = ()
    """What the visitor wrote to a person, and nobody has answered; also when no person answers any more."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a business; the date is the business's own."""

    business: Business
    day: date
    visits: Sequence[Visit]
    conversations: Sequence[Glance]
    has_more: bool = False
    """Whether there were more conversations than are shown."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The latest durable frames of a session, oldest first."""

    business: Business
    session_id: str
    frames: Sequence[ServerFrame]
    is_listening: bool
    """Whether the visitor's page is open now; if not, an answer waits there."""

    story: Sequence[ConversationAuditEntry]
    """Who did what in it, oldest first."""

    takeover: Takeover | None
    """That a person answers it now."""

    services: Mapping[str, str]
    """What the business calls its services, by their ids."""

    waiting: Collection[int]
    """The numbers of the frames that the visitor wrote to a person, and nobody has answered."""


class Answered(StrEnum):
    """What became of an answer by hand, or of a button that was pressed."""

    SENT = "sent"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNKNOWN = "unknown"
    """There is no such conversation, or it is not this person's to see: both look the same."""
    OTHER_WORDS = "other_words"
    """The same form was sent before, with other words."""
    BUSY = "busy"
    """The same form is being sent at this moment."""
