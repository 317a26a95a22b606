"""The counters of rate limits in DynamoDB: rows of the table `limits` whose keys begin with `rate#`."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from api_gateway_ws.adapters.attributes import to_item
from api_gateway_ws.limits.ports import RateRow, Use
from shared.aws.errors import get_error_code, translate_aws_errors


class DynamoRateCounters:
    """One conditional `UpdateItem` for each call; the role may write no other rows of the table."""

    def __init__(self, *, client: Any, table: str) -> None:
        """Take a client that does not repeat calls: what was counted and has no answer would be counted twice."""
        self._client = client
        self._table = table

    def count(self, row: RateRow, uses: Sequence[Use], *, expires_at: int) -> Mapping[str, int] | None:
        """Add all amounts and return None, or add nothing and return the row's counts."""
        if impossible := {use.counter: use.limit for use in uses if use.amount > use.limit}:
            return impossible
        numbers = range(len(uses))
        values: dict[str, str | int | bool] = {":expires": expires_at}
        for number, use in zip(numbers, uses, strict=True):
            values |= {f":a{number}": use.amount, f":m{number}": use.limit - use.amount}
        with translate_aws_errors("limits.count"):
            try:
                self._client.update_item(
                    **self._find_row(row),
                    UpdateExpression=(
                        f"ADD {', '.join(f'#c{number} :a{number}' for number in numbers)} SET expires_at = :expires"
                    ),
                    ConditionExpression=" AND ".join(
                        f"(attribute_not_exists(#c{number}) OR #c{number} <= :m{number})" for number in numbers
                    ),
                    ExpressionAttributeNames={f"#c{number}": uses[number].counter for number in numbers},
                    ExpressionAttributeValues=to_item(values),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return _read_counts(error.response.get("Item", {}))
        return None

    def release(self, row: RateRow, counter: str) -> None:
        """Take one from a counter that is above zero."""
        with translate_aws_errors("limits.release"):
            try:
                self._client.update_item(
                    **self._find_row(row),
                    UpdateExpression="ADD #c :a",
                    ConditionExpression="#c > :zero",
                    ExpressionAttributeNames={"#c": counter},
                    ExpressionAttributeValues=to_item({":a": -1, ":zero": 0}),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise

    def _find_row(self, row: RateRow) -> dict[str, Any]:
        return {"TableName": self._table, "Key": to_item({"quota": row.key, "seat": row.window})}


def _read_counts(item: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    return {
        name: int(value["N"]) for name, value in item.items() if "N" in value and name not in {"seat", "expires_at"}
    }
