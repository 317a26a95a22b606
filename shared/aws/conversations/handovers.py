"""Visitors' requests for a person: one row of the `conversations` table for each conversation, under the number 0."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from shared.aws.conversations.conversation_index import INDEX
from shared.aws.conversations.erasure import is_erased
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.clock import Clock
from shared.conversations.handover import Handover, StaffRequest, add_request, end_wait
from shared.errors import ConversationEndedError, TransientError
from shared.retention import CONVERSATION_RETENTION, compute_expiry

H = TypeVar("H", bound=Handover | None)

_SEQ = 0
"""Frames have positive numbers, and audit entries negative ones: neither reader meets this row."""

_TRIES = 10


class DynamoHandoverStore:
    """While somebody waits, the row is in the index `by-day`, in a partition beside those of the tenant's days.

    Each write replaces the row, if its `version` is still the one that was read.
    """

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def add_request(self, tenant: str, session_id: str, request: StaffRequest, *, waits: bool) -> Handover:
        """Add a request, once for each command, and return all of them."""
        now = self._clock.now()
        return await self._change(
            session_id, lambda before: add_request(before, request, now=now, waits=waits), tenant=tenant
        )

    async def end_wait(self, session_id: str, *, by: str) -> None:
        """Record that a staff member has taken care of the requests, if somebody waits."""
        now = self._clock.now()
        await self._change(session_id, lambda before: end_wait(before, by=by, at=now))

    async def _change(self, session_id: str, change: Callable[[Handover | None], H], *, tenant: str = "") -> H:
        """Write what the requests become; decide anew if another write came in between."""
        for _ in range(_TRIES):
            row = await self._read_row(session_id)
            if row and is_erased(row):
                raise ConversationEndedError
            before = _parse_handover(row) if row else None
            after = change(before)
            if after is None or after == before:
                return after
            version, owner = (row["version"], row["tenant"]) if row else (0, tenant)
            if await self._put_row(session_id, after, version=version, tenant=owner):
                return after
        raise TransientError("handovers.change: too many conflicts")

    async def _put_row(self, session_id: str, handover: Handover, *, version: int, tenant: str) -> bool:
        since = handover.waiting_since
        latest = max((request.at for request in handover.requests), default=self._clock.now())
        row = {
            "session_id": session_id,
            "seq": _SEQ,
            "tenant": tenant,
            "version": version + 1,
            "requests": [_format_request(request) for request in handover.requests],
            "created_at": (since or latest).astimezone(UTC).isoformat(),
            "tenant_day": build_waiting_partition(tenant) if since else None,
            "waiting_since": since.isoformat() if since else None,
            "waiting_for": handover.waiting_for or None,
            "alerted_at": handover.alerted_at.isoformat() if handover.alerted_at else None,
            "alerted_for": handover.alerted_for or None,
            "cleared_at": handover.cleared_at.isoformat() if handover.cleared_at else None,
            "cleared_by": handover.cleared_by or None,
            "expires_at": compute_expiry(self._clock.now(), CONVERSATION_RETENTION),
        }
        with translate_aws_errors("handovers.put"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=to_item(row),
                    ExpressionAttributeNames={"#version": "version"},
                    # A row that was erased is not written again.
                    **(
                        {
                            "ConditionExpression": "#version = :version",
                            "ExpressionAttributeValues": to_item({":version": version}),
                        }
                        if version
                        else {"ConditionExpression": "attribute_not_exists(#version)"}
                    ),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    async def get_handover(self, session_id: str) -> Handover | None:
        """Return the requests of a conversation, by a consistent read."""
        row = await self._read_row(session_id)
        return None if row is None or is_erased(row) else _parse_handover(row)

    async def _read_row(self, session_id: str) -> dict[str, Any] | None:
        with translate_aws_errors("handovers.get"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"session_id": session_id, "seq": _SEQ}), ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(item) if item else None

    async def list_waiting(self, tenant: str, *, limit: int) -> Sequence[str]:
        """Return the sessions whose visitors wait, the longest wait first."""
        with translate_aws_errors("handovers.waiting"):
            answer = await self._client.query(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="tenant_day = :waiting",
                ExpressionAttributeValues=to_item({":waiting": build_waiting_partition(tenant)}),
                Limit=limit,
            )
        return [from_item(item)["session_id"] for item in answer.get("Items", ())]


def build_waiting_partition(tenant: str) -> str:
    """Return what the index has in place of a day."""
    return f"{tenant}#waiting"


def _format_request(request: StaffRequest) -> dict[str, Any]:
    values = {
        "id": request.command_id,
        "at": request.at.isoformat(),
        "note": request.note,
        "contact": request.contact,
    }
    return {name: value for name, value in values.items() if value}


def _parse_handover(row: dict[str, Any]) -> Handover:
    return Handover(
        requests=tuple(
            StaffRequest(one["id"], datetime.fromisoformat(one["at"]), one.get("note", ""), one.get("contact", ""))
            for one in row["requests"]
        ),
        waiting_since=_parse_instant(row.get("waiting_since")),
        waiting_for=row.get("waiting_for", ""),
        alerted_at=_parse_instant(row.get("alerted_at")),
        alerted_for=row.get("alerted_for", ""),
        cleared_at=_parse_instant(row.get("cleared_at")),
        cleared_by=row.get("cleared_by", ""),
    )


def _parse_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
