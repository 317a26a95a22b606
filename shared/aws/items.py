"""Between plain Python values and DynamoDB's typed attributes."""

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize

_MAX_SAFE = 10**38
"""DynamoDB keeps 38 digits; boto3 refuses what has more."""


def to_item(values: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the values that are not None."""
    return {name: _to_attribute(value) for name, value in values.items() if value is not None}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return plain values; whole numbers become `int`."""
    return {name: _from_attribute(attribute) for name, attribute in item.items()}


def _to_attribute(value: Any) -> dict[str, Any]:
    # Nearly all values are of these types, and boto3 takes ten times as long to find that out. A bool is no int here.
    if type(value) is str:
        return {"S": value}
    if type(value) is int and -_MAX_SAFE < value < _MAX_SAFE:
        return {"N": str(value)}
    attribute: dict[str, Any] = _serialise(value)
    return attribute


def _from_attribute(attribute: dict[str, Any]) -> Any:
    if (text := attribute.get("S")) is not None:
        return text
    if (number := attribute.get("N")) is not None and number.isdecimal():
        return int(number)
    return _to_plain_value(_deserialise(attribute))


def _to_plain_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
