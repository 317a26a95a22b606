"""Stores the sync token of each calendar in DynamoDB."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.retention import SYNC_TOKEN_RETENTION, compute_expiry
from workers.booking.ports import LastSync


class DynamoSyncTokens:
    """Table `calendars`, key `calendar_id`: `sync_token`, `synced_at`, and the `tenant` of the last sync."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def get(self, calendar_id: str) -> LastSync | None:
        """Return the last sync."""
        with translate_aws_errors("calendars.get"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"calendar_id": calendar_id}), ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        row = from_item(answer["Item"])
        return LastSync(row["sync_token"], datetime.fromisoformat(row["synced_at"]))

    async def put(self, calendar_id: str, last: LastSync, *, tenant: str, replaces: str | None) -> bool:
        """Store a sync, unless the token has changed since it began."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(calendar_id)"}
        if replaces is not None:
            condition = {
                "ConditionExpression": "sync_token = :replaced",
                "ExpressionAttributeValues": to_item({":replaced": replaces}),
            }
        row = {
            "calendar_id": calendar_id,
            "sync_token": last.token,
            "synced_at": last.synced_at.isoformat(),
            "tenant": tenant,
            "expires_at": compute_expiry(last.synced_at, SYNC_TOKEN_RETENTION),
        }
        with translate_aws_errors("calendars.put"):
            try:
                await self._client.put_item(TableName=self._table, Item=to_item(row), **condition)
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True
