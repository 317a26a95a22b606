"""Reads what a `chat.final` announces where its row has no format number: the releases before stored only sentences.

This module goes 90 days after the last worker of such a release has stopped, when its last frame has expired. It is
never used for a row with a format number: there the field alone counts, and a sentence means nothing.
"""

from typing import Final

from shared.messages.server import Announcement, ChatFinal, ServerFrame, Usage

ANNOUNCEMENTS: Final[dict[str, Announcement]] = {
    "A person of the business is with you now and reads what you write. The assistant is silent meanwhile.": (
        "took_over"
    ),
    "Rozmawia z Tobą teraz osoba z firmy i czyta to, co piszesz. Asystent w tym czasie milczy.": "took_over",
    "From here on, the assistant answers you again.": "handed_back",
    "Od teraz znowu odpowiada asystent.": "handed_back",
    "A person of the business is answering you and reads this, too.": "is_read",
    "Odpowiada Ci osoba z firmy. Przeczyta również to.": "is_read",
}
"""The sentences of those releases. Frozen: they stay as they are, whatever visitors read today."""


def add_announcement(frame: ServerFrame) -> ServerFrame:
    """Return a frame of such a row with what it announces; any frame that a model was paid for as it is."""
    if not isinstance(frame, ChatFinal) or frame.data.usage != Usage():
        return frame
    announces = ANNOUNCEMENTS.get(frame.data.text)
    if not frame.data.text and not frame.data.stopped and frame.data.by is None:
        # A further message that was left to staff ended without a sentence.
        announces = "is_read"
    return frame.model_copy(update={"data": frame.data.model_copy(update={"announces": announces})})
