"""What a visitor reads about who answers: the assistant, or a person of the business."""

from shared.messages.server import Announcement
from shared.texts import language_of

_ANNOUNCEMENTS: dict[Announcement, dict[str, str]] = {
    # The release before recognises its announcements by these sentences: they keep their wording until it is gone.
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
    """Return the sentence in the visitor's language. The frame's `announces` says what it is, never the sentence."""
    return _ANNOUNCEMENTS[what][language_of(locale)]
