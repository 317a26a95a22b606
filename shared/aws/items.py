"""Between plain Python values and DynamoDB's typed attributes."""

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize


def to_item(values: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the values that are not None."""
    return {name: _serialise(value) for name, value in values.items() if value is not None}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return plain values; whole numbers become `int`."""
    return {name: _to_plain_value(_deserialise(attribute)) for name, attribute in item.items()}


def _to_plain_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
