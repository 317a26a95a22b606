"""What of a conversation's frames the owner's pages show."""

import pytest

from ops.today.rules import find_last_message, find_unanswered
from shared.conversations.announcements import announcement
from shared.conversations.replies import refusal
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData


def ask(name):
    return ChatSent(re=name, data=ChatSentData(text=name))


def final(name, text="", **more):
    return ChatFinal(re=name, data=ChatFinalData(text=text, **more))


def left(name, text=""):
    return final(name, text, announces="is_read")


def staff(text, **more):
    return final(None, text, by="human", **more)


IS_READ = announcement("is_read", "pl")
TOOK_OVER, HANDED_BACK = (staff(announcement(what, "en"), announces=what) for what in ("took_over", "handed_back"))


@pytest.mark.parametrize(
    ("frames", "waits"),
    [
        ([], []),
        ([ask("a"), final("a", "An answer")], []),
        ([ask("a")], []),
        ([ask("a"), left("a", IS_READ), ask("b"), left("b")], ["a", "b"]),
        ([ask("a"), left("a"), staff("Yes"), ask("b"), left("b")], ["b"]),
        # Written before somebody took over, and left to them after it.
        ([ask("a"), TOOK_OVER, left("a")], ["a"]),
        # A worker that is late leaves to the person what the person has answered by then.
        ([ask("a"), staff("Yes"), left("a")], []),
        ([ask("a"), left("a"), HANDED_BACK], ["a"]),
        ([ask("a"), left("a"), HANDED_BACK, ask("b")], ["a"]),
        ([ask("a"), left("a"), HANDED_BACK, ask("b"), final("b", "An answer to both")], []),
        ([ask("a"), left("a"), ask("b"), final("b", stopped=True)], ["a"]),
        ([ask("a"), refusal(ErrorCode.TIMEOUT, re="a", locale="en")], []),
        # Its beginning is further back than anybody looks.
        ([left("a"), ask("b"), left("b")], ["b"]),
    ],
)
def test_what_waits_for_a_person(frames, waits):
    """Whatever was left to one, until somebody answers; that a button was pressed is no answer."""
    assert [one.data.text for one in find_unanswered(frames)] == waits


def test_the_last_words_are_the_visitors_where_a_person_reads_them():
    """That they are read is nobody's answer."""
    assert find_last_message([ask("a"), left("a", IS_READ)]) == ("a", "visitor")
    assert find_last_message([ask("a"), left("a")]) == ("a", "visitor")
    assert find_last_message([ask("a"), final("a", "Yes")]) == ("Yes", "assistant")
    assert find_last_message([ask("a"), TOOK_OVER]) == (TOOK_OVER.data.text, "human")


def test_words_count_as_what_their_field_says():
    """An answer that says the sentence is an answer; a reworded announcement, and one of a newer release, is none."""
    assert find_unanswered([ask("a"), left("a"), ask("b"), final("b", IS_READ)]) == ()
    assert find_unanswered([ask("a"), left("a"), staff(TOOK_OVER.data.text)]) == ()
    assert find_unanswered([ask("a"), left("a", "Somebody reads this.")]) == (ask("a"),)
    newer = staff("Your note has arrived.", announces="handover_requested")
    assert find_unanswered([ask("a"), left("a"), newer]) == (ask("a"),)
    assert find_last_message([ask("a"), final("a", IS_READ)]) == (IS_READ, "assistant")
