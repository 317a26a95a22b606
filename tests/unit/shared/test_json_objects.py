"""What counts as a JSON object, whoever sent it."""

import pytest
from pydantic_core import from_json

from shared.json_objects import is_json_array_or_null, parse_json_object


@pytest.mark.parametrize("text", ["{}", '{"a": [1, {"b": null}]}', b'{"a": "\xc4\x85"}'])
@pytest.mark.parametrize("options", [{}, {"parse": from_json}], ids=["json", "pydantic"])
def test_an_object_is_returned_as_it_is(text, options):
    """From text or UTF-8 bytes, with either parser."""
    expected = {} if text == "{}" else {"a": [1, {"b": None}]} if isinstance(text, str) else {"a": "ą"}

    assert parse_json_object(text, **options) == expected


@pytest.mark.parametrize("text", ["", "[]", "null", "1", '"{}"', "{", '{"a":' * 100_000, b"\xff", "1" * 5000])
def test_anything_else_is_none(text):
    """Also what nests without end or has more digits than a number may have, which other exceptions tell."""
    assert parse_json_object(text) is None


ARRAYS = [
    *(
        "[]",
        "null",
        " \t\r\nnull\n",
        "[1, 2]",
        " [ ] ",
        '["ą", "\\u0000", "\\ud800"]',
        "[[[]]]",
        '[{"v": 1}]',
        "[true]",
    ),
    *("[-0.0e-5]", f"[{'1' * 5000}]", "[" * 12_000 + "]" * 12_000, "[" * 24_000),
]
OTHERS = [
    *(
        "",
        " ",
        "Null",
        "NULL",
        "nul",
        "null!",
        "null null",
        "\u00a0null",
        "null\x00",
        "\ufeffnull",
        "{}",
        "17",
        "-1e3",
        "true",
    ),
    *(
        '"[]"',
        "[",
        "]",
        "[1,]",
        "[1] please",
        "[1][2]",
        "[Anna]",
        "['a']",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[01]",
    ),
    *('["\x00"]', '["\n"]', "[//]", "\u00a0[]", "[]\x00", "\u200b[]"),
]


def test_arrays_and_null_are_recognized_among_other_texts():
    """By the grammar of JSON, not by Python's: `NaN` is none, and a number may have any length."""
    assert [text[:40] for text in ARRAYS if not is_json_array_or_null(text)] == []
    assert [text for text in OTHERS if is_json_array_or_null(text)] == []
