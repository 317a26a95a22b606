"""The `connections` table: which WebSockets a session has."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.clock import Clock
from shared.conversations.ports import Connection
from shared.instants import from_milliseconds, to_milliseconds

_MAX_CONNECTIONS = 20
"""Tabs of one session that are posted to: the newest. Each post costs, and nobody reads more."""

_ESTABLISHING = timedelta(seconds=10)
"""API Gateway answers 410 also before a connection is established; a row this young stays."""


class DynamoConnectionStore:
    """Partition key `session_id`, sort key `connection_id`; the ingress writes the rows."""

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def list_connections(self, session_id: str, *, may_lag: bool = False) -> Sequence[Connection]:
        """Return the session's connections, newest first; by a consistent read, unless it may lag."""
        with translate_aws_errors("connections.of"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression="session_id = :session",
                ExpressionAttributeValues=to_item({":session": session_id}),
                ConsistentRead=not may_lag,
            )
        rows = (from_item(item) for item in answer.get("Items", ()))
        found = [
            Connection(
                connection_id=row["connection_id"],
                connected_at=from_milliseconds(row["connected_at_ms"]),
                locale=row.get("locale"),
                tz=row.get("tz"),
                capabilities=frozenset(row.get("capabilities", "").split()),
            )
            for row in rows
            if "connected_at_ms" in row
        ]
        return sorted(found, key=lambda connection: connection.connected_at, reverse=True)[:_MAX_CONNECTIONS]

    async def remove(self, session_id: str, connection_id: str) -> None:
        """Forget a connection that has been there for more than ten seconds."""
        oldest = self._clock.now() - _ESTABLISHING
        with translate_aws_errors("connections.remove"):
            try:
                await self._client.delete_item(
                    TableName=self._table,
                    Key=to_item({"session_id": session_id, "connection_id": connection_id}),
                    ConditionExpression="connected_at_ms < :limit",
                    ExpressionAttributeValues=to_item({":limit": to_milliseconds(oldest)}),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise

    async def forget(self, session_id: str, connection_id: str) -> None:
        """Forget a connection, however young it is."""
        with translate_aws_errors("connections.forget"):
            await self._client.delete_item(
                TableName=self._table, Key=to_item({"session_id": session_id, "connection_id": connection_id})
            )
