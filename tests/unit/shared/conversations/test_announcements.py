"""What the visitor hears of who answers a conversation."""

from typing import get_args

from shared.conversations.announcements import render_announcement
from shared.conversations.unformatted_frames import ANNOUNCEMENTS
from shared.messages.server import Announcement


def test_the_visitor_hears_in_their_language():
    """Each sentence is there in both languages, and they differ."""
    for what in get_args(Announcement):
        assert render_announcement(what, "pl-PL") != render_announcement(what, "en")
        assert render_announcement(what, "tlh") == render_announcement(what, "en")


def test_sentences_keep_their_wording_for_the_release_before():
    """It knows announcements by them alone. This test goes with the release after the one that writes `announces`."""
    for what in {*ANNOUNCEMENTS.values()}:
        assert [ANNOUNCEMENTS[render_announcement(what, locale)] for locale in ("pl", "en")] == [what] * 2
