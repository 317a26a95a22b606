"""Which typing errors are corrected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.chat.retrieval.spelling import correct_word

VOCABULARY = {"parking", "godziny", "massage", "prezent", "card", "x" * 30}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("parkign", "parking"),
        ("parkng", "parking"),
        ("parkking", "parking"),
        ("godxiny", "godziny"),
        ("massage", "massage"),
        ("prezydent", "prezydent"),
        ("arking", "arking"),
        ("xarking", "xarking"),
        ("cart", "cart"),
        ("", ""),
        ("x" * 31, "x" * 31),
    ],
)
def test_one_edit_is_corrected(typed, meant):
    """A word one edit away from a known one becomes it; two edits, a first character, a short or endless word stay."""
    assert correct_word(typed, VOCABULARY) == meant


@given(st.text(alphabet="aegikmnprs", max_size=9))
def test_a_corrected_word_is_known_and_stays(word):
    """The result is the word itself or a known one, and correcting again changes nothing."""
    corrected = correct_word(word, VOCABULARY)

    assert corrected == word or corrected in VOCABULARY
    assert correct_word(corrected, VOCABULARY) == corrected
