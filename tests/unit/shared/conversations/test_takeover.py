"""Who answers a conversation after each deed."""

from datetime import timedelta

import pytest

from shared.conversations.takeover import PERSON_ANSWERS_FOR, ConversationAuditEntry, Takeover, is_news, takeover_after
from tests.fakes.clock import NOON

LATER = NOON + PERSON_ANSWERS_FOR
STANDING = Takeover("Ola", NOON + timedelta(seconds=1))
TOLD = Takeover("Ola", NOON + timedelta(seconds=1), is_told=True)
OVER = Takeover("Ola", NOON, is_told=True)


@pytest.mark.parametrize(
    ("before", "action", "news", "after"),
    [
        (None, "answered", True, Takeover("Jan", LATER)),
        (OVER, "answered", True, Takeover("Jan", LATER)),
        (STANDING, "answered", True, Takeover("Jan", LATER)),
        (TOLD, "answered", True, Takeover("Jan", LATER, is_told=True)),
        (None, "took_over", True, Takeover("Jan", LATER, is_told=True)),
        (OVER, "took_over", True, Takeover("Jan", LATER, is_told=True)),
        (STANDING, "took_over", False, Takeover("Jan", LATER, is_told=True)),
        (STANDING, "handed_back", True, None),
        (OVER, "handed_back", False, None),
        (None, "handed_back", False, None),
        (TOLD, "looked", True, TOLD),
        (OVER, "looked", True, None),
    ],
)
def test_a_deed_changes_who_answers(before, action, news, after):
    """An answer or a press takes over for half an hour; the same press twice is no news; what ran out is over."""
    entry = ConversationAuditEntry(NOON, "Jan", action)
    assert is_news(before, entry) is news
    assert takeover_after(before, entry) == after


def test_a_takeover_ends_at_its_time():
    """The assistant is silent until then, and not a moment longer."""
    takeover = Takeover("Ola", NOON)
    assert takeover.holds(NOON - timedelta(microseconds=1))
    assert not takeover.holds(NOON)
