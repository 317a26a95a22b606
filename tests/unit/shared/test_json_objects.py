"""What counts as a JSON object, whoever sent it."""

import pytest
from pydantic_core import from_json

from shared.json_objects import parse_json_object


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
