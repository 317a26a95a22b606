"""Text messages are converted to the GSM 7-bit alphabet."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.notifications.domain import count_septets, shorten_to_septets, to_gsm_text
from workers.notifications.domain.gsm import _CHARACTERS, _TWO_SEPTET_CHARACTERS


def is_gsm(text):
    return all(character in _CHARACTERS or character in _TWO_SEPTET_CHARACTERS for character in text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zażółć gęślą jaźń ŁÓDŹ", "Zazolc gesla jazn LODZ"),
        ("Crème brûlée à Malmö", "Crème brulée à Malmö"),
        ("Salon „Ania” – spa…", 'Salon "Ania" - spa...'),
        ("Салон Красоты", "Salon Krasoty"),
        ("Nails 💅🏽 & Hair ✂️", "Nails & Hair"),
        ("it`s", "it's"),
        ("20 €", "20 €"),
        ("wt.\u00a013.01,\u202f10:00\n", "wt. 13.01, 10:00"),
        ("a\u202eb\u200bc\x00d", "abcd"),
        ("", ""),
    ],
)
def test_characters_outside_the_alphabet_are_replaced_or_dropped(text, expected):
    """Characters become the nearest ones, emoji are dropped, and any white space becomes a space."""
    assert to_gsm_text(text) == expected


def test_the_alphabet_is_that_of_the_standard():
    """128 codes less line feed, carriage return and escape, which we never write; nine characters take two septets."""
    assert len(_CHARACTERS) == 128 - 3
    assert len(_TWO_SEPTET_CHARACTERS) == 9
    assert not _CHARACTERS & _TWO_SEPTET_CHARACTERS
    assert count_septets("10 € [x]") == 11


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_can_be_converted(text):
    """The result is in the alphabet, on one line, and does not change when it is converted again."""
    converted = to_gsm_text(text)

    assert is_gsm(converted)
    assert "\n" not in converted
    assert to_gsm_text(converted) == converted


@given(st.text(max_size=100), st.integers(10, 60))
@example("€" * 20, 30)
def test_a_shortened_text_fits_and_ends_with_an_ellipsis(text, max_septets):
    """A text that fits stays whole."""
    short, whole = shorten_to_septets(text, max_septets), to_gsm_text(text)

    assert count_septets(short) <= max_septets
    assert short == whole if count_septets(whole) <= max_septets else short.endswith("...")
