"""The last message and the unanswered messages of a conversation, for the owner's pages."""

import pytest

from ops.desk.domain.values import Operator
from ops.today.rules import build_author, find_last_message, shorten_preview
from shared.conversations.announcements import render_announcement
from shared.conversations.open_questions import find_open_questions
from shared.conversations.replies import build_refusal_frame
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData


def ask(name):
    return ChatSent(re=name, data=ChatSentData(text=name))


def final(name, text="", **more):
    return ChatFinal(re=name, data=ChatFinalData(text=text, **more))


def left_to_staff(name, text=""):
    return final(name, text, announces="is_read")


def staff(text, **more):
    return final(None, text, by="human", **more)


IS_READ = render_announcement("is_read", "pl")
TOOK_OVER, HANDED_BACK = (
    staff(render_announcement(action, "en"), announces=action) for action in ("took_over", "handed_back")
)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], []),
        ([ask("a"), final("a", "An answer")], []),
        ([ask("a")], []),
        ([ask("a"), left_to_staff("a", IS_READ), ask("b"), left_to_staff("b")], ["a", "b"]),
        ([ask("a"), left_to_staff("a"), staff("Yes"), ask("b"), left_to_staff("b")], ["b"]),
        # Written before the takeover, and left to staff after it.
        ([ask("a"), TOOK_OVER, left_to_staff("a")], ["a"]),
        # A late worker leaves a message to staff that they have answered already.
        ([ask("a"), staff("Yes"), left_to_staff("a")], []),
        ([ask("a"), left_to_staff("a"), HANDED_BACK], ["a"]),
        ([ask("a"), left_to_staff("a"), HANDED_BACK, ask("b")], ["a"]),
        ([ask("a"), left_to_staff("a"), HANDED_BACK, ask("b"), final("b", "An answer to both")], []),
        ([ask("a"), left_to_staff("a"), ask("b"), final("b", stopped=True)], ["a"]),
        ([ask("a"), build_refusal_frame(ErrorCode.TIMEOUT, re="a", locale="en")], []),
        # The message itself is older than the frames that are read.
        ([left_to_staff("a"), ask("b"), left_to_staff("b")], ["b"]),
    ],
)
def test_unanswered_messages(frames, expected):
    """All messages that were left to staff, until an answer; an announcement is not an answer."""
    assert [message.data.text for message in find_open_questions(frames)] == expected


def test_the_last_message_is_the_visitors_during_a_takeover():
    """The announcement that staff read it is not a message."""
    assert find_last_message([ask("a"), left_to_staff("a", IS_READ)]) == ("a", "visitor")
    assert find_last_message([ask("a"), left_to_staff("a")]) == ("a", "visitor")
    assert find_last_message([ask("a"), final("a", "Yes")]) == ("Yes", "assistant")
    assert find_last_message([ask("a"), TOOK_OVER]) == (TOOK_OVER.data.text, "human")


def test_the_announces_field_decides():
    """An answer with the sentence of an announcement is an answer; reworded and newer announcements are none."""
    assert find_open_questions([ask("a"), left_to_staff("a"), ask("b"), final("b", IS_READ)]) == ()
    assert find_open_questions([ask("a"), left_to_staff("a"), staff(TOOK_OVER.data.text)]) == ()
    assert find_open_questions([ask("a"), left_to_staff("a", "Somebody reads this.")]) == (ask("a"),)
    newer = staff("Your note has arrived.", announces="handover_requested")
    assert find_open_questions([ask("a"), left_to_staff("a"), newer]) == (ask("a"),)
    assert find_last_message([ask("a"), final("a", IS_READ)]) == (IS_READ, "assistant")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("ten signs!", "ten signs!"), ("eleven sign", "eleven si…"), ("eight ho and", "eight ho…")],
)
def test_a_preview_says_that_it_is_cut(text, expected):
    """Within the same number of characters."""
    assert shorten_preview(text, 10) == expected


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("Ola Kowalska", "Ola Kowalska"),
        ("<b>Ola</b>", "<b>Ola</b>"),
        (" Ola \n\t Kowalska ", "Ola Kowalska"),
        ("Ola\u202e\u200b\x07", "Ola"),
        ("Ż" * 100, "Ż" * 60),
        ("ola@example.com", None),
        ("Ola <ola@example.com>", None),
        ("\u200b", None),
    ],
)
def test_a_visitor_reads_a_plain_name(name, author):
    """Without characters that can't be seen or that turn the direction of text, and never an address."""
    assert build_author(Operator(name)) == author
    assert build_author(Operator(name, is_display_name=False)) is None
