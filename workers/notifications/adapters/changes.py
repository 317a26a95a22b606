"""What became of visits, in the `limits` table: one row per visit that was cancelled or moved."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import error_code, translated
from shared.aws.items import from_item, to_item
from shared.instants import to_seconds, to_sortable_text
from workers.notifications.domain import Change

_AFTER_ALL = "~"
"""Sorts behind every date: whenever it was asked for, a visit that is cancelled is so for good."""


class DynamoChanges:
    """Rows with `changed_at`, and `moved_to` unless the visit was cancelled.

    The table is that of quota units (docs/data.md). Key: `quota` is `visit#APPOINTMENT`, `seat` is 0.
    """

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def note(self, appointment_id: str, change: Change) -> None:
        """Remember a change, unless a later one or the end of the visit is known."""
        changed_at = to_sortable_text(change.at)
        row = {
            "quota": _quota(appointment_id),
            "seat": 0,
            "changed_at": changed_at,
            "moved_to": None if change.start is None else to_sortable_text(change.start),
            "expires_at": to_seconds(change.forgotten_at),
        }
        with translated("changes.note"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=to_item(row),
                    ConditionExpression="attribute_not_exists(quota) OR "
                    "(attribute_exists(moved_to) AND changed_at < :at)",
                    ExpressionAttributeValues=to_item({":at": _AFTER_ALL if change.start is None else changed_at}),
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    async def last(self, appointment_id: str) -> Change | None:
        """Return what became of a visit; None if it is not known to have changed."""
        with translated("changes.last"):
            answer = await self._client.get_item(
                TableName=self._table,
                Key=to_item({"quota": _quota(appointment_id), "seat": 0}),
                ConsistentRead=True,
            )
        row = from_item(answer.get("Item", {}))
        if not row:
            return None
        start = row.get("moved_to")
        return Change(
            at=datetime.fromisoformat(row["changed_at"]),
            start=None if start is None else datetime.fromisoformat(start),
            forgotten_at=datetime.fromtimestamp(int(row["expires_at"]), UTC),
        )


def _quota(appointment_id: str) -> str:
    return f"visit#{appointment_id}"
