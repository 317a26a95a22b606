"""What the visitor hears of who answers a conversation."""

from typing import get_args

from shared.conversations.announcements import Announcement, announced, announcement


def test_the_visitor_hears_in_their_language():
    """Each sentence is there in both languages, and they differ."""
    for what in get_args(Announcement):
        assert announcement(what, "pl-PL") != announcement(what, "en")
        assert announcement(what, "de") == announcement(what, "en")


def test_an_announcement_is_told_from_somebodys_words():
    """In both languages; no words at all are none."""
    for what in get_args(Announcement):
        assert [announced(announcement(what, locale)) for locale in ("pl", "en")] == [what] * 2
    assert [announced(text) for text in ("", "Hello", announcement("is_read", "en").upper())] == [None] * 3
