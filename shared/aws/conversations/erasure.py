"""Ends and erases conversations: their numbers stay taken, and what the rows said is gone.

Several workers write into one conversation, and a number that somebody read may be old when they write. If the rows
were deleted, a worker that has read the conversation before could still store its frame under a number that is free
again. So the end is a row itself, under the next number, and every other row keeps its number and loses the rest: every
write that began before fails at its number, reads the conversation again, and finds the end.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.conversations.frame_items import frame_to_item
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import to_item
from shared.clock import Clock
from shared.conversations.judgements import ERASED_VERDICT
from shared.errors import TransientError
from shared.messages.server import SERVER_FRAME, SessionEnded
from shared.retention import CONVERSATION_END_RETENTION, ERASED_FRAME_RETENTION, compute_expiry

_ENDED = "ended"
_ERASED = "erased"
_HANDOVER_SEQ = 0
_TRIES = 30
_WRITES_AT_ONCE = 10


def is_end(item: Mapping[str, Any]) -> bool:
    """Return whether a row, as DynamoDB has it, is the end of its conversation."""
    return _ENDED in item


def is_erased(row: Mapping[str, Any]) -> bool:
    """Return whether a row has lost what it said."""
    return _ERASED in row


class DynamoConversationErasure:
    """`ConversationErasure`; it only puts rows, and needs no permission to delete."""

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def end_conversation(self, session_id: str, frame: SessionEnded) -> SessionEnded:
        """Put the end under the next number; return the end that is there already."""
        for _ in range(_TRIES):
            last = await self._read_last(session_id)
            if last and is_end(last):
                stored = SERVER_FRAME.validate_json(last["frame"]["S"])
                return stored if isinstance(stored, SessionEnded) else frame
            numbered = frame.with_seq(int(last["seq"]["N"]) + 1 if last else 1)
            if await self._put_end(session_id, numbered):
                return numbered
        raise TransientError("conversations.end: too many conflicts")

    async def _read_last(self, session_id: str) -> dict[str, Any] | None:
        with translate_aws_errors("conversations.last"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression="session_id = :session AND seq > :zero",
                ExpressionAttributeValues=to_item({":session": session_id, ":zero": 0}),
                ScanIndexForward=False,
                Limit=1,
                ConsistentRead=True,
            )
        items: list[dict[str, Any]] = answer.get("Items", [])
        return items[0] if items else None

    async def _put_end(self, session_id: str, frame: SessionEnded) -> bool:
        now = self._clock.now()
        item = frame_to_item(session_id, frame, takeover=None, tenant=None, now=now)
        expires = compute_expiry(now, CONVERSATION_END_RETENTION)
        with translate_aws_errors("conversations.put_end"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=item | to_item({_ENDED: True, "expires_at": expires}),
                    ConditionExpression="attribute_not_exists(seq)",
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    async def erase_frames(self, session_id: str) -> None:
        """Replace every row from 0 on by an empty one, except the end; also row 0 if there is none yet."""
        numbers = {_HANDOVER_SEQ, *await self._list_numbers(session_id)}
        room = asyncio.Semaphore(_WRITES_AT_ONCE)
        await asyncio.gather(*(self._empty_row(session_id, seq, room) for seq in sorted(numbers)))

    async def _list_numbers(self, session_id: str) -> list[int]:
        numbers: list[int] = []
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "session_id = :session AND seq > :zero",
            "FilterExpression": "attribute_not_exists(#ended) AND attribute_not_exists(#erased)",
            "ProjectionExpression": "seq",
            "ExpressionAttributeNames": {"#ended": _ENDED, "#erased": _ERASED},
            "ExpressionAttributeValues": to_item({":session": session_id, ":zero": 0}),
            "ConsistentRead": True,
        }
        while True:
            with translate_aws_errors("conversations.numbers"):
                answer = await self._client.query(**query)
            numbers += [int(item["seq"]["N"]) for item in answer.get("Items", ())]
            if not (after := answer.get("LastEvaluatedKey")):
                return numbers
            query["ExclusiveStartKey"] = after

    async def _empty_row(self, session_id: str, seq: int, room: asyncio.Semaphore) -> None:
        retention = ERASED_FRAME_RETENTION if seq else CONVERSATION_END_RETENTION
        row: dict[str, Any] = {
            "session_id": session_id,
            "seq": seq,
            _ERASED: True,
            "expires_at": compute_expiry(self._clock.now(), retention),
            # Of the requests for a person, whose first one is only stored where there is no version.
            "version": 0 if seq == _HANDOVER_SEQ else None,
            "verdict": ERASED_VERDICT if seq != _HANDOVER_SEQ else None,
        }
        async with room:
            with translate_aws_errors("conversations.erase"):
                await self._client.put_item(TableName=self._table, Item=to_item(row))
