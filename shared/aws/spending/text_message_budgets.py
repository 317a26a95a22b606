"""What the text messages of a business may cost on a day: rows of the `limits` table, one a business and day.

Partition key `quota` (`sms#TENANT#DATE`), sort key `seat` (0).
"""

from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.instants import to_milliseconds
from shared.retention import TEXT_MESSAGE_BUDGET_RETENTION, compute_expiry


class DynamoTextMessageBudgets:
    """Rows with `spent` in nano-dollars, and `alerted_ms` once the operators were alerted."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def reserve(self, tenant: str, day: date, price: int, *, budget: int, now: datetime) -> bool:
        """Add the price to what is spent, unless that exceeded the budget; return whether it was added."""
        if price > budget:
            return False
        return await self._update(
            tenant,
            day,
            "ADD spent :price SET expires_at = :expires",
            {":price": price, ":expires": compute_expiry(now, TEXT_MESSAGE_BUDGET_RETENTION), ":room": budget - price},
            condition="attribute_not_exists(spent) OR spent <= :room",
        )

    async def release(self, tenant: str, day: date, price: int) -> None:
        """Take back the price of a message that was certainly not sent."""
        values = {":price": -price, ":spent": price}
        await self._update(tenant, day, "ADD spent :price", values, condition="spent >= :spent")

    async def note_alert(self, tenant: str, day: date, *, now: datetime) -> bool:
        """Note that the operators are alerted; return False if that was noted before."""
        expires = compute_expiry(now, TEXT_MESSAGE_BUDGET_RETENTION)
        return await self._update(
            tenant,
            day,
            "SET alerted_ms = :now, expires_at = :expires",
            {":now": to_milliseconds(now), ":expires": expires},
            condition="attribute_not_exists(alerted_ms)",
        )

    async def get_spent(self, tenant: str, day: date) -> int:
        """Return the nano-dollars that are spent at most."""
        with translate_aws_errors("text_message_budgets.read"):
            answer = await self._client.get_item(TableName=self._table, Key=_build_key(tenant, day))
        return int(from_item(answer.get("Item", {})).get("spent", 0))

    async def _update(self, tenant: str, day: date, expression: str, values: dict[str, int], *, condition: str) -> bool:
        with translate_aws_errors("text_message_budgets.update"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=_build_key(tenant, day),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_item(values),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def _build_key(tenant: str, day: date) -> dict[str, Any]:
    return to_item({"quota": f"sms#{tenant}#{day.isoformat()}", "seat": 0})
