"""The `suppressions` table: one row per address that gets no e-mail, identified only by its keyed hash."""

import asyncio
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.instants import from_milliseconds, to_milliseconds, to_seconds
from shared.suppressions import Suppression, derive_added_keys, derive_lookup_keys

_FOREVER_MS = 2**53
"""Later than any date, so that one comparison decides which of two ends is later."""


class DynamoSuppressions:
    """Partition key `address_hash`; `reason`, `since_ms`, `until_ms`, and `expires_at` where there is an end."""

    def __init__(self, *, client: Any, table: str, secret: bytes) -> None:
        self._client = client
        self._table = table
        self._secret = secret

    async def add(self, address: str, suppression: Suppression) -> None:
        """Add an address, unless it is already suppressed for as long."""
        for key in derive_added_keys(self._secret, address):
            await self._add_row(key, suppression)

    async def _add_row(self, key: str, suppression: Suppression) -> None:
        until_ms = _FOREVER_MS if suppression.until is None else to_milliseconds(suppression.until)
        item = {
            "address_hash": key,
            "reason": suppression.reason,
            "since_ms": to_milliseconds(suppression.since),
            "until_ms": until_ms,
            # DynamoDB deletes the row at this time; a row without it stays.
            "expires_at": to_seconds(suppression.until) if suppression.until else None,
        }
        with translate_aws_errors("suppressions.add"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=to_item(item),
                    ConditionExpression="attribute_not_exists(address_hash) OR until_ms < :until",
                    ExpressionAttributeValues=to_item({":until": until_ms}),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise

    async def find(self, address: str, *, at: datetime) -> Suppression | None:
        """Return why an address gets no e-mail; expired rows are deleted late, so the end is checked.

        The read is eventually consistent: feedback arrives seconds after the e-mail, and may as well arrive a moment
        later than this look.
        """
        keys = derive_lookup_keys(self._secret, address)
        found = await asyncio.gather(*(self._find_row(key, at=at) for key in keys))
        return next(filter(None, found), None)

    async def _find_row(self, key: str, *, at: datetime) -> Suppression | None:
        with translate_aws_errors("suppressions.find"):
            answer = await self._client.get_item(TableName=self._table, Key=to_item({"address_hash": key}))
        row = from_item(answer.get("Item", {}))
        if not row or row["until_ms"] <= to_milliseconds(at):
            return None
        until = None if row["until_ms"] == _FOREVER_MS else from_milliseconds(row["until_ms"])
        return Suppression(row["reason"], since=from_milliseconds(row["since_ms"]), until=until)

    async def remove(self, address: str) -> bool:
        """Remove an address and its merged spelling; return whether either was there."""
        keys = derive_lookup_keys(self._secret, address)
        return any(await asyncio.gather(*map(self._remove_row, keys)))

    async def _remove_row(self, key: str) -> bool:
        with translate_aws_errors("suppressions.remove"):
            answer = await self._client.delete_item(
                TableName=self._table, Key=to_item({"address_hash": key}), ReturnValues="ALL_OLD"
            )
        return bool(answer.get("Attributes"))
