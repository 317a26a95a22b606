"""Connections, durable frames and stop flags in DynamoDB, as the ingress sees them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from api_gateway_ws.adapters.attributes import to_item
from shared.aws.errors import translate_aws_errors
from shared.instants import to_milliseconds, to_seconds
from shared.retention import CONNECTION_RETENTION, STOP_FLAG_RETENTION, compute_expiry


class DynamoSessions:
    """Writes `connections`, reads `conversations`; both reads and writes are consistent."""

    def __init__(self, *, client: Any, connections_table: str, conversations_table: str) -> None:
        self._client = client
        self._connections = connections_table
        self._conversations = conversations_table

    def register_connection(self, session_id: str, connection_id: str, *, tenant: str, now: datetime) -> None:
        """Record an open connection."""
        with translate_aws_errors("connections.register"):
            self._client.put_item(
                TableName=self._connections,
                Item=to_item(
                    {
                        "session_id": session_id,
                        "connection_id": connection_id,
                        "tenant": tenant,
                        "connected_at_ms": to_milliseconds(now),
                        "expires_at": compute_expiry(now, CONNECTION_RETENTION),
                    }
                ),
            )

    def record_hello(
        self,
        session_id: str,
        connection_id: str,
        *,
        locale: str | None,
        tz: str | None,
        now: datetime,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Record language, zone and capabilities; a row that was believed dead is restored."""
        with translate_aws_errors("connections.greet"):
            self._client.update_item(
                TableName=self._connections,
                Key=to_item({"session_id": session_id, "connection_id": connection_id}),
                UpdateExpression=(
                    "SET locale = :locale, tz = :tz, connected_at_ms = if_not_exists(connected_at_ms, :now), "
                    "expires_at = if_not_exists(expires_at, :expires)"
                    f"{', capabilities = :capabilities' if capabilities else ''}"
                ),
                ExpressionAttributeValues=to_item(
                    {
                        ":locale": locale or "",
                        ":tz": tz or "",
                        ":now": to_milliseconds(now),
                        ":expires": compute_expiry(now, CONNECTION_RETENTION),
                        **({":capabilities": " ".join(capabilities)} if capabilities else {}),
                    }
                ),
            )

    def read_locale(self, session_id: str, connection_id: str) -> str | None:
        """Return the language that the connection's `hello` asked for."""
        with translate_aws_errors("connections.locale"):
            answer = self._client.get_item(
                TableName=self._connections,
                Key=to_item({"session_id": session_id, "connection_id": connection_id}),
            )
        locale: str = answer.get("Item", {}).get("locale", {}).get("S", "")
        return locale or None

    def has_connection(self, session_id: str, connection_id: str) -> bool:
        """Return whether the connection is recorded."""
        with translate_aws_errors("connections.find"):
            answer = self._client.get_item(
                TableName=self._connections,
                Key=to_item({"session_id": session_id, "connection_id": connection_id}),
                ConsistentRead=True,
            )
        return "Item" in answer

    def count_connections(self, session_id: str, *, now: datetime) -> int:
        """Return how many connections the session has; it may lag. Rows stay for a while after they have expired."""
        with translate_aws_errors("connections.count"):
            answer = self._client.query(
                TableName=self._connections,
                KeyConditionExpression="session_id = :session",
                FilterExpression="expires_at > :now",
                ExpressionAttributeValues=to_item({":session": session_id, ":now": to_seconds(now)}),
                Select="COUNT",
            )
        count: int = answer["Count"]
        return count

    def remove_connection(self, session_id: str, connection_id: str) -> bool:
        """Remove a connection, and return whether it was recorded."""
        with translate_aws_errors("connections.remove"):
            answer = self._client.delete_item(
                TableName=self._connections,
                Key=to_item({"session_id": session_id, "connection_id": connection_id}),
                ReturnValues="ALL_OLD",
            )
        return "Attributes" in answer

    def read_frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the durable frames after `seq`, page by page."""
        start: dict[str, Any] = {}
        while True:
            with translate_aws_errors("conversations.after"):
                answer = self._client.query(
                    TableName=self._conversations,
                    KeyConditionExpression="session_id = :session AND seq > :seq",
                    ExpressionAttributeValues=to_item({":session": session_id, ":seq": seq}),
                    ConsistentRead=True,
                    **start,
                )
            for item in answer["Items"]:
                if "frame" in item:  # Others were erased.
                    yield _add_storage_time(item)
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _add_storage_time(item: dict[str, Any]) -> str:
    """Return the stored JSON object with the field `at`; parsing each frame of a history would take longer."""
    text: str = item["frame"]["S"]
    if "created_at" not in item:
        return text
    # Spelled as in the frame that was posted.
    at = item["created_at"]["S"].replace("+00:00", "Z")
    return f'{text[:-1]},"at":"{at}"}}'


class DynamoAnswerStopFlags:
    """The flag is in the command's processed-message record, which the worker watches."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def request_stop(self, key: str, *, now: datetime) -> None:
        """Flag a command; a flag for an ended or unknown command has no effect."""
        with translate_aws_errors("claims.stop"):
            self._client.update_item(
                TableName=self._table,
                Key=to_item({"command_key": key}),
                UpdateExpression="SET stop = :stop, expires_at = if_not_exists(expires_at, :expires)",
                ExpressionAttributeValues=to_item(
                    {":stop": True, ":expires": compute_expiry(now, STOP_FLAG_RETENTION)}
                ),
            )
