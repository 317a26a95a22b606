"""Converts values to DynamoDB's typed attributes; boto3's own function would import boto3."""

Value = str | int | bool


def to_item(values: dict[str, Value]) -> dict[str, dict[str, str | bool]]:
    """Return typed attributes."""
    return {name: _to_attribute(value) for name, value in values.items()}


def _to_attribute(value: Value) -> dict[str, str | bool]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
    return {"S": value}
