"""Who answers a conversation after each audit entry."""

from datetime import timedelta

import pytest

from shared.conversations.takeover import TAKEOVER_DURATION, ConversationAuditEntry, Takeover, apply_entry, has_effect
from tests.fakes.clock import NOON

LATER = NOON + TAKEOVER_DURATION
STANDING = Takeover("Ola", NOON + timedelta(seconds=1))
ANNOUNCED = Takeover("Ola", NOON + timedelta(seconds=1), is_announced=True)
OVER = Takeover("Ola", NOON, is_announced=True)


@pytest.mark.parametrize(
    ("before", "action", "news", "after"),
    [
        (None, "answered", True, Takeover("Jan", LATER)),
        (OVER, "answered", True, Takeover("Jan", LATER)),
        (STANDING, "answered", True, Takeover("Jan", LATER)),
        (ANNOUNCED, "answered", True, Takeover("Jan", LATER, is_announced=True)),
        (None, "took_over", True, Takeover("Jan", LATER, is_announced=True)),
        (OVER, "took_over", True, Takeover("Jan", LATER, is_announced=True)),
        (STANDING, "took_over", False, Takeover("Jan", LATER, is_announced=True)),
        (STANDING, "handed_back", True, None),
        (OVER, "handed_back", False, None),
        (None, "handed_back", False, None),
        (ANNOUNCED, "looked", True, ANNOUNCED),
        (OVER, "looked", True, None),
    ],
)
def test_an_entry_changes_who_answers(before, action, news, after):
    """An answer or a press takes over for half an hour; the same press twice is no news; what ran out is over."""
    entry = ConversationAuditEntry(NOON, "Jan", action)
    assert has_effect(before, entry) is news
    assert apply_entry(before, entry) == after


def test_a_takeover_ends_at_its_time():
    """The assistant is silent until then, and not a moment longer."""
    takeover = Takeover("Ola", NOON)
    assert takeover.is_active(NOON - timedelta(microseconds=1))
    assert not takeover.is_active(NOON)
