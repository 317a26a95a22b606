"""The `conversations` table: each session's durable frames, numbered without gaps."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from botocore.exceptions import ClientError
from pydantic import ValidationError

from shared.aws.conversation_index import tenant_day
from shared.aws.errors import error_code, translated
from shared.aws.items import from_item, to_item
from shared.clock import Clock
from shared.errors import LeaseLostError, TransientError
from shared.messages.server import SERVER_FRAME, ServerFrame
from shared.ports import Claim, Marker

log = structlog.get_logger()

RETENTION = timedelta(days=90)
_TRIES = 30
"""Of writers that meet, one gets its number each round: enough for many more of them than a session has."""

_LONGEST_PAUSE_SECONDS = 0.3


class DynamoConversationStore:
    """Partition key `session_id`, sort key `seq`; the markers live in the `processed` table.

    One transaction writes the frame at last+1 if that number is free, and the marker in the command's record
    if it is absent and the owner is still us. So a frame is never stored twice, by nobody else, and never
    without its number.
    """

    def __init__(self, *, client: Any, table: str, processed_table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._processed_table = processed_table
        self._clock = clock

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one; return it with its number, or the one stored before."""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_pause(attempt))
            numbered = frame.numbered(await self._last_seq(session_id) + 1)
            reasons = await self._try_append(session_id, numbered, claim, marker, tenant)
            if reasons is None:
                return numbered
            if reasons[1] == "ConditionalCheckFailed":
                return await self._stored_before(session_id, claim, marker)
        raise TransientError("conversations.append: too many conflicts")

    async def _try_append(
        self, session_id: str, frame: ServerFrame, claim: Claim, marker: Marker, tenant: str | None
    ) -> tuple[str, str] | None:
        now = self._clock.now()
        ends = marker == "outcome"
        put = {
            "TableName": self._table,
            "Item": to_item(
                {
                    "session_id": session_id,
                    "seq": frame.seq,
                    "frame": frame.wire(),
                    "created_at": now.isoformat(),
                    "tenant_day": tenant_day(tenant, now.date()) if tenant else None,
                    "expires_at": int((now + RETENTION).timestamp()),
                }
            ),
            "ConditionExpression": "attribute_not_exists(seq)",
        }
        mark = {
            "TableName": self._processed_table,
            "Key": to_item({"command_key": claim.key}),
            "UpdateExpression": "SET #marker = :seq" + (", done = :done" if ends else ""),
            "ConditionExpression": "#owner = :owner AND attribute_not_exists(#marker)",
            "ExpressionAttributeNames": {"#owner": "owner", "#marker": f"{marker}_seq"},
            "ExpressionAttributeValues": to_item(
                {":owner": claim.owner, ":seq": frame.seq, ":done": True if ends else None}
            ),
        }
        with translated("conversations.append"):
            try:
                await self._client.transact_write_items(TransactItems=[{"Put": put}, {"Update": mark}])
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]
                return (codes[0], codes[1]) if len(codes) == 2 else ("TransactionConflict", "None")
        return None

    async def _stored_before(self, session_id: str, claim: Claim, marker: Marker) -> ServerFrame:
        with translated("conversations.marker"):
            answer = await self._client.get_item(
                TableName=self._processed_table, Key=to_item({"command_key": claim.key}), ConsistentRead=True
            )
        record = from_item(answer.get("Item", {}))
        seq = record.get(f"{marker}_seq")
        if record.get("owner") != claim.owner or seq is None:
            raise LeaseLostError(claim.key)
        frame = await self.frame(session_id, seq)
        if frame is None:
            raise LeaseLostError(f"{claim.key}: its session was erased")
        return frame

    async def latest(self, session_id: str, limit: int) -> Sequence[ServerFrame]:
        """Return the last frames, oldest first."""
        items = await self._newest(session_id, limit)
        frames = (_readable(item) for item in reversed(items))
        return [frame for frame in frames if frame is not None]

    async def frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        with translated("conversations.frame"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"session_id": session_id, "seq": seq}), ConsistentRead=True
            )
        item = answer.get("Item")
        return _readable(item) if item else None

    async def _last_seq(self, session_id: str) -> int:
        items = await self._newest(session_id, 1)
        return int(from_item(items[0])["seq"]) if items else 0

    async def _newest(self, session_id: str, limit: int) -> list[dict[str, Any]]:
        with translated("conversations.query"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression="session_id = :session",
                ExpressionAttributeValues=to_item({":session": session_id}),
                ScanIndexForward=False,
                Limit=limit,
                ConsistentRead=True,
            )
        items: list[dict[str, Any]] = answer.get("Items", [])
        return items


def _pause(attempt: int) -> float:
    """Return the seconds before another try, with full jitter, so that writers who met do not meet again."""
    longest: float = min(0.02 * 2**attempt, _LONGEST_PAUSE_SECONDS)
    return random.random() * longest  # noqa: S311 - jitter


def _readable(item: dict[str, Any]) -> ServerFrame | None:
    """Return the stored frame, or None for one that only a newer version knows: it must not spoil the session."""
    row = from_item(item)
    try:
        return SERVER_FRAME.validate_json(row["frame"])
    except ValidationError:
        log.warning("frame_unreadable", session_id=row["session_id"], seq=row["seq"])
        return None
