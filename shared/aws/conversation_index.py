"""Which conversations a tenant has had on a day: a sparse index of the `conversations` table."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from shared.aws.errors import translated
from shared.aws.items import from_item, to_item
from shared.ports import ConversationGlance

INDEX = "by-day"
_READ_AT_A_TIME = 200
_MOST_READ = 2_000
"""Frames of a day that are looked at: enough for any business's day, and a bound for one that is flooded."""

_FRAMES_ASKED = 200
_PAGES_ASKED = 5


def tenant_day(tenant: str, day: date) -> str:
    """Return what the index is partitioned by; an id of a tenant has no `#`."""
    return f"{tenant}#{day.isoformat()}"


class DynamoConversationIndex:
    """Index `by-day`: partition key `tenant_day`, sort key `created_at`, nothing but keys in it.

    Only the frames that a visitor's own commands leave are in it, so it costs one small write for each of them.
    """

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def on(self, tenant: str, day: date, *, limit: int) -> Sequence[ConversationGlance]:
        """Return the conversations of a day, the latest first; what was said in the last second may be missing."""
        last: dict[str, datetime] = {}
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "tenant_day = :day",
            "ExpressionAttributeValues": to_item({":day": tenant_day(tenant, day)}),
            "ScanIndexForward": False,
            "Limit": _READ_AT_A_TIME,
        }
        for _ in range(_MOST_READ // _READ_AT_A_TIME):
            with translated("conversations.by_day"):
                answer = await self._client.query(**query)
            for row in map(from_item, answer.get("Items", ())):
                last.setdefault(row["session_id"], datetime.fromisoformat(row["created_at"]))
            if len(last) >= limit or not (after := answer.get("LastEvaluatedKey")):
                break
            query["ExclusiveStartKey"] = after
        return [ConversationGlance(session, at) for session, at in list(last.items())[:limit]]

    async def belongs(self, tenant: str, session_id: str) -> bool:
        """Whether one of the session's latest frames says that it is the tenant's: a session has one tenant only."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "session_id = :session",
            "ExpressionAttributeValues": to_item({":session": session_id}),
            "ProjectionExpression": "tenant_day",
            "ScanIndexForward": False,
            "Limit": _FRAMES_ASKED,
        }
        for _ in range(_PAGES_ASKED):
            with translated("conversations.belongs"):
                answer = await self._client.query(**query)
            days = [str(row["tenant_day"]) for row in map(from_item, answer.get("Items", ())) if "tenant_day" in row]
            if days:
                return days[0].partition("#")[0] == tenant
            if not (after := answer.get("LastEvaluatedKey")):
                return False
            query["ExclusiveStartKey"] = after
        return False
