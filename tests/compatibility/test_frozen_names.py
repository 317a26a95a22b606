"""The comparison with a frozen list reports each name that is gone, and accepts additions."""

import pytest

from tests.compatibility.frozen_names import missing


@pytest.mark.parametrize(
    ("kept", "current", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, []),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, ["a > b"]),
        ({"a": {"b": 1}}, {"a": ["b"]}, ["a"]),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, ["a > x"]),
        ({"a": ["x"]}, {"a": "x"}, ["a > x"]),
        ({"a": "x"}, {"a": "y"}, ["a: 'x' has become 'y'"]),
    ],
)
def test_what_is_gone_is_named(kept, current, expected):
    """Whatever its depth in the list."""
    assert list(missing(kept, current)) == expected
