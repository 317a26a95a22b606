"""Which conversations a tenant has had on a day: a sparse index of the `conversations` table."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.conversations.ports import ConversationSummaries, ConversationSummary

INDEX = "by-day"
_READ_AT_A_TIME = 200
_MAX_PAGES = 10
"""Two thousand frames of a day are looked at: enough for most, and a bound for one that is flooded."""

_FRAMES_ASKED = 200
_PAGES_ASKED = 5


def build_tenant_day(tenant: str, day: date) -> str:
    """Return what the index is partitioned by; an id of a tenant has no `#`."""
    return f"{tenant}#{day.isoformat()}"


class DynamoConversationIndex:
    """Index `by-day`: partition key `tenant_day`, sort key `created_at`, nothing but keys in it.

    Only the frames that a visitor's own commands leave are in it, so it costs one small write for each of them.
    """

    def __init__(self, *, client: Any, table: str, read_at_a_time: int = _READ_AT_A_TIME) -> None:
        self._client = client
        self._table = table
        self._read_at_a_time = read_at_a_time

    async def list_conversations(
        self, tenant: str, since: datetime, before: datetime, *, limit: int
    ) -> ConversationSummaries:
        """Return the conversations of a time, the latest first; what was said in the last second may be missing."""
        last: dict[str, datetime] = {}
        pages, start = _MAX_PAGES, None
        days = _list_days(since, before)
        while days and pages and len(last) <= limit:
            answer = await self._read_page(tenant, days[0], since, before, start)
            for row in map(from_item, answer.get("Items", ())):
                last.setdefault(row["session_id"], datetime.fromisoformat(row["created_at"]))
            pages, start = pages - 1, answer.get("LastEvaluatedKey")
            days = days if start else days[1:]
        summaries = [ConversationSummary(session, at) for session, at in last.items()]
        return ConversationSummaries(summaries[:limit], has_more=bool(days) or len(summaries) > limit)

    async def _read_page(
        self, tenant: str, day: date, since: datetime, before: datetime, start: dict[str, Any] | None
    ) -> dict[str, Any]:
        until = before - timedelta(microseconds=1)
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "tenant_day = :day AND created_at BETWEEN :since AND :until",
            "ExpressionAttributeValues": to_item(
                {
                    ":day": build_tenant_day(tenant, day),
                    ":since": _format_instant(since),
                    ":until": _format_instant(until),
                }
            ),
            "ScanIndexForward": False,
            "Limit": self._read_at_a_time,
        }
        if start:
            query["ExclusiveStartKey"] = start
        with translate_aws_errors("conversations.by_day"):
            answer: dict[str, Any] = await self._client.query(**query)
        return answer

    async def belongs_to_tenant(self, tenant: str, session_id: str) -> bool:
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
            with translate_aws_errors("conversations.belongs"):
                answer = await self._client.query(**query)
            days = [str(row["tenant_day"]) for row in map(from_item, answer.get("Items", ())) if "tenant_day" in row]
            if days:
                return days[0].partition("#")[0] == tenant
            if not (after := answer.get("LastEvaluatedKey")):
                return False
            query["ExclusiveStartKey"] = after
        return False


def _list_days(since: datetime, before: datetime) -> list[date]:
    """Return the dates (UTC) that a time lies in, the latest first."""
    first, last = since.astimezone(UTC).date(), (before - timedelta(microseconds=1)).astimezone(UTC).date()
    return [last - timedelta(days=back) for back in range((last - first).days + 1)]


def _format_instant(at: datetime) -> str:
    """Return an instant as frames have theirs: they sort alike, with and without fractions of a second."""
    return at.astimezone(UTC).isoformat()
