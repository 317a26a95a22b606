"""The dialogue in the prompt: what is left out, shortened and dropped."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.replies import build_refusal_frame
from shared.language_models.tokens import estimate_tokens
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, Typing
from workers.chat.domain.history import (
    BLOCK_FRAMES,
    HISTORY_TOKENS,
    MAX_TURN_TOKENS,
    Turn,
    build_turns,
    find_last_question,
)


def sent(text, re="a1"):
    return ChatSent(re=re, data=ChatSentData(text=text))


def final(text, re="a1", **fields):
    return ChatFinal(re=re, data=ChatFinalData(text=text, **fields))


def refused(re="a1"):
    return build_refusal_frame(ErrorCode.TIMEOUT, re=re, locale="en")


def number(frames, first=1):
    return [frame.with_seq(seq) for seq, frame in enumerate(frames, first)]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], [("user", "now")]),
        ([sent("a"), final("b")], [("user", "a"), ("assistant", "b"), ("user", "now")]),
        ([final("lost its question"), sent("a"), final("b")], [("user", "a"), ("assistant", "b"), ("user", "now")]),
        ([sent("a")], [("user", "a\n\nnow")]),
        ([sent("a"), sent("b")], [("user", "a\n\nb\n\nnow")]),
        ([sent("a"), final("", stopped=True)], [("user", "a\n\nnow")]),
        ([sent("a"), final("b"), final("c")], [("user", "a"), ("assistant", "b\n\nc"), ("user", "now")]),
        ([sent("a"), refused()], [("user", "now")]),
        (
            [sent("a"), refused(), sent("b", "a2"), final("c", "a2")],
            [("user", "b"), ("assistant", "c"), ("user", "now")],
        ),
        # A failure that the desk replayed: the answer came after the error, under the same id.
        ([sent("a"), refused(), final("b")], [("user", "a"), ("assistant", "b"), ("user", "now")]),
        ([sent("a"), final("No answer to that", announces="declined")], [("user", "now")]),
        # A person's answer is dialogue; that one is there is not.
        ([sent("a"), final("A person reads", announces="is_read")], [("user", "a\n\nnow")]),
        ([sent("a"), final("b", None, by="human")], [("user", "a"), ("assistant", "b"), ("user", "now")]),
        ([refused("b1"), Typing()], [("user", "now")]),
        # What the model declined, it would decline again.
        (
            [sent("bad", "a2"), sent("a"), final("No.", "a2", announces="declined"), final("b")],
            [("user", "a"), ("assistant", "b"), ("user", "now")],
        ),
    ],
)
def test_the_turns_alternate_strictly(history, expected):
    """The model refuses two turns of the same role in a row, and a dialogue that does not begin with the user."""
    assert build_turns(history, "now") == tuple(Turn(role, text) for role, text in expected)


_FRAME = st.sampled_from([sent("q"), sent("q" * 9_000), final("a"), final("ą" * 9_000), refused("b1"), Typing()])


@given(st.lists(_FRAME, max_size=60), st.integers(min_value=1, max_value=40))
def test_any_history_gives_turns_that_the_model_accepts(frames, first):
    """Whatever was cut off, merged or left out: strictly alternating, and within the budget."""
    turns = build_turns(number(frames, first), "now")

    roles = [turn.role for turn in turns]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    assert sum(estimate_tokens(turn.text) for turn in turns[:-1]) <= HISTORY_TOKENS + len(turns)
    assert turns[-1].text.endswith("now")


def exchanges(count, size=600):
    return [
        frame
        for index in range(count)
        for frame in (sent(f"question {index}", f"a{index}"), final(f"answer {index} " + "x" * size, f"a{index}"))
    ]


def test_the_oldest_messages_are_dropped_in_blocks():
    """The beginning of a long conversation changes once in several messages, and the latest remain."""
    starts, previous = [], ()
    for count in range(1, 80):
        turns = build_turns(number(exchanges(count)), "now")
        assert turns[-2].text.startswith(f"answer {count - 1} ")
        assert sum(estimate_tokens(turn.text) for turn in turns) <= HISTORY_TOKENS
        starts.append(turns[0].text)
        if previous and turns[0] == previous[0]:
            assert turns[: len(previous) - 1] == previous[:-1]
        previous = turns
    assert starts[0] == "question 0"
    changes = sum(one != other for one, other in pairwise(starts))
    assert 3 <= changes <= 2 * 80 / BLOCK_FRAMES


def test_a_conversation_that_was_read_in_part_begins_at_a_whole_block():
    """What was read of its first block depends on the length of the read, so it would change with each message."""
    frames = number(exchanges(30, size=10))
    starts = {build_turns(frames[first:], "now")[0].text for first in range(1, BLOCK_FRAMES - 1)}
    assert starts == {f"question {BLOCK_FRAMES // 2}"}


def test_a_long_message_is_shortened():
    """So that the exchange before a message is always there; the message itself stays whole."""
    text = "ą" * 10_000
    question, answer, now = build_turns(number([sent(text), final(text)]), text)
    assert 0.9 * MAX_TURN_TOKENS < estimate_tokens(question.text) <= MAX_TURN_TOKENS
    assert estimate_tokens(answer.text) <= MAX_TURN_TOKENS
    assert now.text == text


@pytest.mark.parametrize(
    ("history", "question"),
    [
        ([], ""),
        ([final("a")], ""),
        ([sent("a"), final("b")], "a"),
        ([sent("a"), final("b"), sent("c", "a2"), final("d", "a2")], "c"),
        ([sent("a"), final("b"), sent("c", "a2"), refused("a2")], "a"),
        ([sent("a"), final("No answer to that", announces="declined")], ""),
    ],
)
def test_the_last_question_is_that_of_the_dialogue(history, question):
    """What was refused or declined is none."""
    assert find_last_question(history) == question
