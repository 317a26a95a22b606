"""Plain values and DynamoDB's attributes: what boto3 makes of them, in less time."""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.aws.items import from_item, to_item

SCALARS = (
    st.text()
    | st.integers(-(10**37), 10**37)
    | st.booleans()
    | st.binary(min_size=1)
    | st.decimals(-1000, 1000, places=2)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)


@settings(max_examples=150)
@given(VALUES)
def test_attributes_are_those_of_boto3(value):
    """Whatever the type."""
    assert to_item({"a": value, "none": None}) == {"a": TypeSerializer().serialize(value)}


@settings(max_examples=150)
@given(VALUES)
def test_values_are_those_of_boto3(value):
    """But numbers, which become `int`, or `float` where they are not whole."""
    attribute = TypeSerializer().serialize(value)
    expected = TypeDeserializer().deserialize(attribute)
    if isinstance(expected, Decimal):
        expected = int(expected) if expected == int(expected) else float(expected)
    found = from_item({"a": attribute})["a"]
    assert (found, type(found)) == (expected, type(expected))


def test_forms_of_numbers():
    """Numbers that DynamoDB may return in any form keep their value and type."""
    for text, expected in (
        ("0", 0),
        ("-7", -7),
        ("1E3", 1000),
        ("1.0", 1),
        ("1.5", 1.5),
        ("007", 7),
        ("9" * 38, 10**38 - 1),
    ):
        found = from_item({"a": {"N": text}})["a"]
        assert (found, type(found)) == (expected, type(expected)), text
    assert from_item({"a": {"S": ""}, "b": {"NULL": True}}) == {"a": "", "b": None}


def test_what_dynamodb_does_not_keep_is_refused():
    """More than 38 digits, and floats, as boto3 does."""
    for value in (10**40 + 1, -(10**40) - 1, 1.5):
        with pytest.raises(Exception, match=r"Inexact|Rounded|Float"):
            to_item({"a": value})
