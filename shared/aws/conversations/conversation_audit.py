"""What staff did in a conversation: rows of the `conversations` table under negative numbers, one for each day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.conversations.takeover import ConversationAuditEntry
from shared.retention import CONVERSATION_RETENTION, compute_expiry

_DAYS_READ = CONVERSATION_RETENTION.days + 1
"""One row per day (UTC): a period of that many days touches one day more."""


def build_entry_update(table: str, session_id: str, entry: ConversationAuditEntry) -> dict[str, Any]:
    """Return the update that adds an entry to its day (UTC).

    The row of a day has the negative number of the day as its `seq`: no reader of frames, which have positive ones,
    ever meets it, and no day grows too long for an item.
    """
    return {
        "TableName": table,
        "Key": to_item({"session_id": session_id, "seq": -entry.at.date().toordinal()}),
        "UpdateExpression": "SET story = list_append(if_not_exists(story, :none), :deed), expires_at = :expires",
        "ExpressionAttributeValues": to_item(
            {
                ":none": [],
                ":deed": [{"at": entry.at.isoformat(), "by": entry.by, "what": entry.action}],
                ":expires": compute_expiry(entry.at, CONVERSATION_RETENTION),
            }
        ),
    }


class DynamoConversationAudit:
    """Rows with a list of audit entries (docs/data.md); the conversation store writes those of actions with a frame."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def add_entry(self, session_id: str, entry: ConversationAuditEntry) -> None:
        """Add an entry for an action that leaves no frame."""
        with translate_aws_errors("conversations.note"):
            await self._client.update_item(**build_entry_update(self._table, session_id, entry))

    async def list_entries(self, session_id: str) -> Sequence[ConversationAuditEntry]:
        """Return the entries, oldest first."""
        with translate_aws_errors("conversations.story"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression="session_id = :session AND seq < :zero",
                ExpressionAttributeValues=to_item({":session": session_id, ":zero": 0}),
                Limit=_DAYS_READ,
                ConsistentRead=True,
            )
        days = [from_item(item) for item in answer.get("Items", ())]
        entries = [_parse_entry(value) for day in days for value in day["story"]]
        return sorted(entries, key=lambda entry: entry.at)


def _parse_entry(value: dict[str, Any]) -> ConversationAuditEntry:
    return ConversationAuditEntry(datetime.fromisoformat(value["at"]), value["by"], value["what"])
