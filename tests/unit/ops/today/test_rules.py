"""What of a conversation's frames the owner's pages show."""

import pytest

from ops.today.rules import last_words, waiting
from shared.conversations.announcements import announcement
from shared.conversations.replies import refusal
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData


def ask(name):
    return ChatSent(re=name, data=ChatSentData(text=name))


def final(name, text="", **more):
    return ChatFinal(re=name, data=ChatFinalData(text=text, **more))


def person(text):
    return final(None, text, by="human")


IS_READ = announcement("is_read", "pl")
TOOK_OVER, HANDED_BACK = (person(announcement(what, "en")) for what in ("took_over", "handed_back"))


@pytest.mark.parametrize(
    ("frames", "waits"),
    [
        ([], []),
        ([ask("a"), final("a", "An answer")], []),
        ([ask("a")], []),
        ([ask("a"), final("a", IS_READ), ask("b"), final("b")], ["a", "b"]),
        ([ask("a"), final("a"), person("Yes"), ask("b"), final("b")], ["b"]),
        # Written before somebody took over, and left to them after it.
        ([ask("a"), TOOK_OVER, final("a")], ["a"]),
        # A worker that is late leaves to the person what the person has answered by then.
        ([ask("a"), person("Yes"), final("a")], []),
        ([ask("a"), final("a"), HANDED_BACK], ["a"]),
        ([ask("a"), final("a"), HANDED_BACK, ask("b")], ["a"]),
        ([ask("a"), final("a"), HANDED_BACK, ask("b"), final("b", "An answer to both")], []),
        ([ask("a"), final("a"), ask("b"), final("b", stopped=True)], ["a"]),
        ([ask("a"), refusal(ErrorCode.TIMEOUT, re="a", locale="en")], []),
        # Its beginning is further back than anybody looks.
        ([final("a"), ask("b"), final("b")], ["b"]),
    ],
)
def test_what_waits_for_a_person(frames, waits):
    """Whatever was left to one, until somebody answers; that a button was pressed is no answer."""
    assert [one.data.text for one in waiting(frames)] == waits


def test_the_last_words_are_the_visitors_where_a_person_reads_them():
    """That they are read is nobody's answer."""
    assert last_words([ask("a"), final("a", IS_READ)]) == ("a", "visitor")
    assert last_words([ask("a"), final("a")]) == ("a", "visitor")
    assert last_words([ask("a"), final("a", "Yes")]) == ("Yes", "assistant")
    assert last_words([ask("a"), TOOK_OVER]) == (TOOK_OVER.data.text, "human")
