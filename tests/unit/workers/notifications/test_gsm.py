"""What letters a text message is written with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.notifications.domain import gsm_text, septets, shortened
from workers.notifications.domain.gsm import _DOUBLE_LETTERS, _LETTERS


def is_gsm(text):
    return all(letter in _LETTERS or letter in _DOUBLE_LETTERS for letter in text)


@pytest.mark.parametrize(
    ("text", "written"),
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
def test_a_text_keeps_what_phones_show_and_loses_the_rest(text, written):
    """The nearest letters stand in; emoji go; spaces are plain."""
    assert gsm_text(text) == written


def test_the_alphabet_is_the_standards():
    """127 letters and the line feed, carriage return and escape that we never write; nine that count twice."""
    assert len(_LETTERS) == 128 - 3
    assert len(_DOUBLE_LETTERS) == 9
    assert not _LETTERS & _DOUBLE_LETTERS
    assert septets("10 € [x]") == 11


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_can_be_written(text):
    """In one alphabet, on one line, and the same when it is written again."""
    written = gsm_text(text)

    assert is_gsm(written)
    assert "\n" not in written
    assert gsm_text(written) == written


@given(st.text(max_size=100), st.integers(10, 60))
def test_a_shortened_text_fits_and_says_that_it_goes_on(text, most):
    """What fits is left alone."""
    short, whole = shortened(text, most), gsm_text(text)

    assert septets(short) <= most
    assert short == whole if septets(whole) <= most else short.endswith("...")
