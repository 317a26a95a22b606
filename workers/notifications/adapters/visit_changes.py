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

    `known_start` is the start that the visitor knows, and `unknown_since` when the first change was requested of which
    they have not heard.
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
        assignments = [f"{name} = :{name}" for name, value in values.items() if value is not None]
        removed = ["moved_to"] if change.new_start is None else []
        if change.known_start is not None:
            values["known_start"] = to_sortable_text(change.known_start)
            if change.is_known:
                assignments.append("known_start = :known_start")
                removed.append("unknown_since")
            else:
                # The visitor has heard nothing since the first of several changes.
                assignments.append("known_start = if_not_exists(known_start, :known_start)")
                assignments.append("unknown_since = if_not_exists(unknown_since, :changed_at)")
        expression = f"SET {', '.join(assignments)}" + (f" REMOVE {', '.join(removed)}" if removed else "")
        condition = f"attribute_not_exists(quota) OR {_build_condition(change)}"
        is_recorded = await self._update("record", appointment_id, expression, values, condition=condition)
        if not is_recorded and change.known_start is not None and not change.is_known:
            # A later change was recorded first: what the visitor knows is from before this one.
            await self._update(
                "record",
                appointment_id,
                "SET known_start = :known_start, unknown_since = :changed_at",
                {name: values[name] for name in ("known_start", "changed_at")},
                condition="unknown_since > :changed_at",
            )

    async def mark_known(self, appointment_id: str, start: datetime | None) -> None:
        """Record what the visitor has just heard; None for a cancellation."""
        values = {"known_start": start and to_sortable_text(start)}
        known = "SET known_start = :known_start REMOVE" if start else "REMOVE known_start,"
        await self._update(
            "mark_known", appointment_id, f"{known} unknown_since", values, condition="attribute_exists(quota)"
        )

    async def _update(
        self, operation: str, appointment_id: str, expression: str, values: dict[str, Any], *, condition: str
    ) -> bool:
        """Update the row if the condition holds; return whether it did."""
        parameters = to_item({f":{name}": value for name, value in values.items()})
        with translate_aws_errors(f"visit_changes.{operation}"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=_build_key(appointment_id),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    **({"ExpressionAttributeValues": parameters} if parameters else {}),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        with translate_aws_errors("visit_changes.find_latest"):
            answer = await self._client.get_item(
                TableName=self._table, Key=_build_key(appointment_id), ConsistentRead=True
            )
        row = from_item(answer.get("Item", {}))
        if not row:
            return None
        moved_to, reinstated_at, known_start = (row.get(name) for name in ("moved_to", "reinstated_at", "known_start"))
        return VisitChange(
            requested_at=datetime.fromisoformat(row["changed_at"]),
            new_start=moved_to and datetime.fromisoformat(moved_to),
            expires_at=datetime.fromtimestamp(int(row["expires_at"]), UTC),
            reinstated_at=reinstated_at and datetime.fromisoformat(reinstated_at),
            known_start=known_start and datetime.fromisoformat(known_start),
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
