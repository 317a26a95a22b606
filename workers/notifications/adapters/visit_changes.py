"""Stores visit changes in the `limits` table: one row per visit that was cancelled or moved."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.instants import to_seconds, to_sortable_text
from workers.notifications.domain import VisitChange


class DynamoVisitChanges:
    """Rows with `changed_at`, with `moved_to` unless the visit was cancelled, and `reinstated_at` if it ever was that.

    They are in the table of quota units (docs/data.md). Key: `quota` is `visit#APPOINTMENT`, `seat` is 0.
    """

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def record(self, appointment_id: str, change: VisitChange) -> None:
        """Record a change, unless a later one is recorded, or a cancellation that it does not end."""
        values = {
            "changed_at": to_sortable_text(change.requested_at),
            "moved_to": change.new_start and to_sortable_text(change.new_start),
            "reinstated_at": change.reinstated_at and to_sortable_text(change.reinstated_at),
            "expires_at": to_seconds(change.expires_at),
        }
        # A later move keeps `reinstated_at`, or a cancellation that waited would end the visit again.
        assignments = ", ".join(f"{name} = :{name}" for name, value in values.items() if value is not None)
        with translate_aws_errors("visit_changes.record"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=_build_key(appointment_id),
                    UpdateExpression=f"SET {assignments}" + (" REMOVE moved_to" if change.new_start is None else ""),
                    ConditionExpression=f"attribute_not_exists(quota) OR {_build_condition(change)}",
                    ExpressionAttributeValues=to_item({f":{name}": value for name, value in values.items()}),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        with translate_aws_errors("visit_changes.find_latest"):
            answer = await self._client.get_item(
                TableName=self._table, Key=_build_key(appointment_id), ConsistentRead=True
            )
        row = from_item(answer.get("Item", {}))
        if not row:
            return None
        moved_to, reinstated_at = row.get("moved_to"), row.get("reinstated_at")
        return VisitChange(
            requested_at=datetime.fromisoformat(row["changed_at"]),
            new_start=moved_to and datetime.fromisoformat(moved_to),
            expires_at=datetime.fromtimestamp(int(row["expires_at"]), UTC),
            reinstated_at=reinstated_at and datetime.fromisoformat(reinstated_at),
        )


def _build_condition(change: VisitChange) -> str:
    """Return the condition under which a change replaces the recorded one; the queue is not ordered."""
    if change.reinstated_at is not None:
        return "changed_at < :changed_at"
    if change.new_start is None:
        # Final, so it replaces a move that was requested later, but no later reinstatement.
        return "(attribute_exists(moved_to) AND (attribute_not_exists(reinstated_at) OR reinstated_at < :changed_at))"
    return "(attribute_exists(moved_to) AND changed_at < :changed_at)"


def _build_key(appointment_id: str) -> dict[str, Any]:
    return to_item({"quota": f"visit#{appointment_id}", "seat": 0})
