"""What a visitor reads about who answers: the assistant, or a person of the business."""

from shared.languages.available import SHARED
from shared.messages.server import Announcement


def render_announcement(what: Announcement, locale: str) -> str:
    """Return the sentence in the visitor's language. The frame's `announces` says what it is, never the sentence."""
    t = SHARED.get_texts(locale)
    return t(f"announcement_{what}")
