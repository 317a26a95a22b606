"""What a visitor reads about who answers: the assistant, or a person of the business."""

from typing import Literal

from shared.texts import language_of

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
