"""What stays of a name that somebody typed."""

import pytest

from shared.typed_names import flatten_name, is_unsafe_character


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Łukasz O'Brien-Müller",
        "می\u200cرود",  # a Persian word with a non-joiner
        "ශ්\u200dරී",  # a Sinhala word with a joiner
        "क\u094d\u200dष",
        "👩\u200d👧\u200d👦",
        "🏳\ufe0f\u200d🌈",
        "🇵🇱",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
        "\U0001fae9\U0001fadf\U0001face",  # emoji of Unicode 16 and later
        "👍🏽",
        "שלום\u200f!",
        "Jan\u00adusz",
        "\ue000",
    ],
)
def test_what_belongs_to_a_name_stays(name):
    """Joiners, flags, marks and emoji, also those that are newer than this Python."""
    assert flatten_name(name) == name
    assert flatten_name(f" {name}\n") == name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Jan\r\nBcc: eve@example.com", "Jan Bcc: eve@example.com"),
        ("Jan\u2028Eve\u2029Tom\x85Ada\x0bBea\x0cCid", "Jan Eve Tom Ada Bea Cid"),
        ("Jan\x00\x1b[31m\x7f\x9b", "Jan [31m"),
        ("Jan\ud800Eve\udfff", "Jan Eve"),
        ("\u202eJan\u202c \u202dEve \u2066Tom\u2069 \u202a\u202b\u2067\u2068", "Jan Eve Tom"),
        ("Jan\u00a0\u2009\u3000Eve", "Jan Eve"),
        ("", ""),
        (" \n ", ""),
        ("\u200b\u200d\u2060\ufe0f", ""),
        ("\u202e", ""),
    ],
)
def test_what_breaks_a_line_or_reverses_it_goes(text, line):
    """A name that cannot be seen is none."""
    assert flatten_name(text) == line


def test_of_all_characters_only_these_are_unsafe():
    """Every character of the planes that have scripts, emoji and tags is looked at."""
    expected = {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0x2028, 0x2029}
    expected |= {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    assert {
        point for point in (*range(0x20000), *range(0xE0000, 0xE1000)) if is_unsafe_character(chr(point))
    } == expected
