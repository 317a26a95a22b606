"""Who answers a conversation, the assistant or a person of the business, and what people did in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.messages.server import ServerFrame
from shared.texts import language_of

PERSON_ANSWERS_FOR = timedelta(minutes=30)
"""How long the assistant is silent after a person's last words, if nobody hands the conversation back."""

ConversationDeedKind = Literal["answered", "took_over", "handed_back", "looked"]
"""`looked`: somebody read what the visitor wrote."""


@dataclass(frozen=True, slots=True)
class ConversationDeed:
    """Who did what in a conversation, and when. Never what was said."""

    at: datetime
    by: str
    """A person as they signed in."""
    what: ConversationDeedKind


@dataclass(frozen=True, slots=True)
class Takeover:
    """That a person answers a conversation, and the assistant does not."""

    by: str
    until: datetime
    is_told: bool = False
    """Whether the visitor has heard that a person reads what they write."""

    def holds(self, at: datetime) -> bool:
        """Whether the assistant is still silent."""
        return at < self.until


@dataclass(frozen=True, slots=True)
class Talk:
    """The last frames of a conversation, oldest first, and the takeover that stands after them."""

    frames: Sequence[ServerFrame] = ()
    takeover: Takeover | None = None
    """May have run out: see `holds`."""


def is_news(before: Takeover | None, deed: ConversationDeed) -> bool:
    """Whether a deed changes anything: of two people who press the same button, one does."""
    holds = before is not None and before.holds(deed.at)
    match deed.what:
        case "took_over":
            return not holds
        case "handed_back":
            return holds
        case _:
            return True


def takeover_after(before: Takeover | None, deed: ConversationDeed) -> Takeover | None:
    """Return the takeover that stands after a deed. An answer takes over; every further one gives it more time."""
    standing = before if before and before.holds(deed.at) else None
    match deed.what:
        case "answered":
            is_told = standing is not None and standing.is_told
            return Takeover(deed.by, deed.at + PERSON_ANSWERS_FOR, is_told)
        case "took_over":
            return Takeover(deed.by, deed.at + PERSON_ANSWERS_FOR, is_told=True)
        case "handed_back":
            return None
        case "looked":
            return standing


Announcement = Literal["took_over", "handed_back", "is_read"]
"""What a visitor hears about who answers. `is_read`: to the first message that a person, not the assistant, takes."""

_ANNOUNCEMENTS: dict[Announcement, dict[str, str]] = {
    "took_over": {
        "en": "A person of the business is with you now and reads what you write. The assistant is silent meanwhile.",
        "pl": "Rozmawia z Tobą teraz osoba z firmy i czyta to, co piszesz. Asystent w tym czasie milczy.",
    },
    "handed_back": {
        "en": "From here on, the assistant answers you again.",
        "pl": "Od teraz znowu odpowiada asystent.",
    },
    "is_read": {
        "en": "A person of the business is answering you and reads this, too.",
        "pl": "Odpowiada Ci osoba z firmy. Przeczyta również to.",
    },
}


def announcement(what: Announcement, locale: str) -> str:
    """Return the sentence in the visitor's language."""
    return _ANNOUNCEMENTS[what][language_of(locale)]


def announced(text: str) -> Announcement | None:
    """Return what a sentence announces; None if it is somebody's own words."""
    return next((what for what, sentences in _ANNOUNCEMENTS.items() if text in sentences.values()), None)
