"""The `conversations` table: each session's durable frames, numbered without gaps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.conversations.conversation_audit import build_entry_update
from shared.aws.conversations.erasure import is_end
from shared.aws.conversations.frame_items import frame_to_item, parse_frame, parse_storage_times, parse_takeover
from shared.aws.conversations.frame_steps import FrameSteps
from shared.aws.conversations.judgement_index import parse_judgements
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import to_item
from shared.backoff import compute_backoff_seconds
from shared.claims import Claim
from shared.clock import Clock
from shared.conversations.ports import Marker
from shared.conversations.takeover import ConversationAuditEntry, ConversationTail, Takeover, apply_entry, has_effect
from shared.errors import ConversationEndedError, LeaseLostError, TransientError
from shared.messages.server import ServerFrame

_TRIES = 30
"""Of writers that meet, one gets its number each round: enough for many more of them than a session has."""

_FIRST_PAUSE_SECONDS = 0.04
_MAX_PAUSE_SECONDS = 0.3


async def _pause_between_tries(operation: str) -> AsyncIterator[int]:
    """Yield the number of each try, with a growing pause before all but the first.

    Raises:
        TransientError: after the last one.
    """
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(
                compute_backoff_seconds(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS)
            )
        yield attempt
    raise TransientError(f"{operation}: too many conflicts")


@dataclass(frozen=True, slots=True)
class _Step:
    """A frame of a command, and who answers after it."""

    frame: ServerFrame
    takeover: Takeover | None
    entry: ConversationAuditEntry | None = None
    tenant: str | None = None


class DynamoConversationStore:
    """Partition key `session_id`, sort key `seq`; the markers live in the `processed` table.

    One transaction writes the frame at last+1 if that number is free, and the marker in the command's record
    if it is absent and the owner is still us. So a frame is never stored twice, by nobody else, and never
    without its number. `append_in_steps` does it in three calls that cost half as much (`frame_steps.py`).

    Each frame carries who answers from there on (`person_until`, `person`, `person_told`), taken from the frame
    before it. Whoever changes that writes a frame, so nothing can change between reading the last one and taking the
    number after it.
    """

    def __init__(self, *, client: Any, table: str, processed_table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._processed_table = processed_table
        self._clock = clock
        self._steps = FrameSteps(client, table=table, processed_table=processed_table)

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one; return it with its number, or the one stored before."""
        if stored := await self.recover_frame(session_id, claim=claim, marker=marker):
            return stored
        async for _ in _pause_between_tries("conversations.append"):
            seq, before = await self._get_last(session_id)
            step = _Step(frame, self._find_active_takeover(before), tenant=tenant)
            if stored := await self._store_step(session_id, seq, step, claim, marker):
                return stored
        raise AssertionError("the tries end with an error")

    async def append_in_steps(
        self,
        session_id: str,
        frame: ServerFrame,
        *,
        claim: Claim,
        marker: Marker,
        after: ConversationTail | None = None,
        tenant: str | None = None,
        on_stored: Callable[[ServerFrame], None] | None = None,
    ) -> ServerFrame:
        """Store a frame as `append` does, in steps; the first try is for the number after `after`, if that is known."""
        if after is not None:
            after.demand_open()  # The number after the end is free.
        async for attempt in _pause_between_tries("conversations.append_in_steps"):
            if after is None or attempt:
                seq, before = await self._get_last(session_id)
            else:
                seq, before = after.last_seq, after.takeover
            if (marked_seq := await self._steps.read_marker(claim, marker)) is not None:
                return await self._get_stored_frame(session_id, marked_seq, claim)
            if stored := await self.recover_frame(session_id, claim=claim, marker=marker):
                return stored
            now = self._clock.now()
            numbered = frame.with_seq(seq + 1, now)
            item = frame_to_item(
                session_id,
                numbered,
                takeover=self._find_active_takeover(before),
                tenant=tenant,
                now=now,
            )
            if await self._steps.put_frame(item, claim, marker):
                if on_stored is not None:
                    on_stored(numbered)
                await self._steps.set_marker(claim, marker, seq + 1)
                return numbered
        raise AssertionError("the tries end with an error")

    async def recover_frame(self, session_id: str, *, claim: Claim, marker: Marker) -> ServerFrame | None:
        """Return the frame that an earlier worker stored in steps without its marker, and set the marker."""
        if claim.is_first:
            return None
        seq = await self._steps.find_unmarked(session_id, claim, marker)
        if seq is None:
            return None
        await self._steps.set_marker(claim, marker, seq)
        return await self._get_stored_frame(session_id, seq, claim)

    async def record_action(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, entry: ConversationAuditEntry, tenant: str
    ) -> ServerFrame | None:
        """Store a staff member's frame, who answers after it, and the audit entry; None where nothing changes."""

        def decide(before: Takeover | None) -> _Step | None:
            return _Step(frame, apply_entry(before, entry), entry, tenant) if has_effect(before, entry) else None

        return await self._end_command(session_id, claim, decide)

    async def leave_to_staff(
        self, session_id: str, first: ServerFrame, further: ServerFrame, *, claim: Claim
    ) -> ServerFrame | None:
        """End a command by leaving it to staff; None if no takeover is active."""

        def decide(before: Takeover | None) -> _Step | None:
            standing = self._find_active_takeover(before)
            if standing is None:
                return None
            return _Step(further if standing.is_announced else first, replace(standing, is_announced=True))

        return await self._end_command(session_id, claim, decide)

    async def _end_command(
        self, session_id: str, claim: Claim, decide: Callable[[Takeover | None], _Step | None]
    ) -> ServerFrame | None:
        """Store what is decided on who answers now; it is decided anew if a frame came in between."""
        async for _ in _pause_between_tries("conversations.end"):
            seq, before = await self._get_last(session_id)
            step = decide(before)
            if step is None:
                return None
            if stored := await self._store_step(session_id, seq, step, claim, "outcome"):
                return stored
        raise AssertionError("the tries end with an error")

    async def _store_step(
        self, session_id: str, last_seq: int, step: _Step, claim: Claim, marker: Marker
    ) -> ServerFrame | None:
        """Write a frame behind the last one; None if another one came first. Return what the marker stands for."""
        now = self._clock.now()
        numbered = step.frame.with_seq(last_seq + 1, now)
        items = [
            self._build_frame_put(session_id, numbered, step.takeover, step.tenant, now),
            self._build_marker_update(claim, marker, numbered),
        ]
        if step.entry:
            items.append({"Update": build_entry_update(self._table, session_id, step.entry)})
        reasons = await self._write_all(items)
        if reasons is None:
            return numbered
        if reasons[1] == "ConditionalCheckFailed":
            return await self._get_marked_frame(session_id, claim, marker)
        return None

    def _find_active_takeover(self, takeover: Takeover | None) -> Takeover | None:
        return takeover if takeover and takeover.is_active(self._clock.now()) else None

    def _build_frame_put(
        self, session_id: str, frame: ServerFrame, takeover: Takeover | None, tenant: str | None, now: datetime
    ) -> dict[str, Any]:
        item = frame_to_item(session_id, frame, takeover=takeover, tenant=tenant, now=now)
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(seq)"}}

    def _build_marker_update(self, claim: Claim, marker: Marker, frame: ServerFrame) -> dict[str, Any]:
        ends = marker == "outcome"
        return {
            "Update": {
                "TableName": self._processed_table,
                "Key": to_item({"command_key": claim.key}),
                "UpdateExpression": "SET #marker = :seq" + (", done = :done" if ends else ""),
                "ConditionExpression": "#owner = :owner AND attribute_not_exists(#marker)",
                "ExpressionAttributeNames": {"#owner": "owner", "#marker": f"{marker}_seq"},
                "ExpressionAttributeValues": to_item(
                    {":owner": claim.owner, ":seq": frame.seq, ":done": True if ends else None}
                ),
            }
        }

    async def _write_all(self, items: list[dict[str, Any]]) -> list[str] | None:
        """Write all of it, or nothing: then return what was against each item."""
        with translate_aws_errors("conversations.append"):
            try:
                await self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if get_error_code(error) != "TransactionCanceledException":
                    raise
                codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]
                return codes if len(codes) == len(items) else ["TransactionConflict"] + ["None"] * (len(items) - 1)
        return None

    async def _get_marked_frame(self, session_id: str, claim: Claim, marker: Marker) -> ServerFrame:
        seq = await self._steps.read_marker(claim, marker)
        if seq is None:
            raise LeaseLostError(claim.key)
        return await self._get_stored_frame(session_id, seq, claim)

    async def _get_stored_frame(self, session_id: str, seq: int, claim: Claim) -> ServerFrame:
        frame = await self.get_frame(session_id, seq)
        if frame is None:
            raise ConversationEndedError(claim.key)
        return frame

    async def get_tail(self, session_id: str, limit: int, *, before_seq: int | None = None) -> ConversationTail:
        """Return the last frames, or the last ones before a number, and who answers after them."""
        items = await self._list_newest_items(session_id, limit, before_seq=before_seq)
        if items and is_end(items[0]):
            return ConversationTail(last_seq=int(items[0]["seq"]["N"]), is_ended=True)
        frames = (parse_frame(item) for item in reversed(items))
        return ConversationTail(
            [frame for frame in frames if frame is not None],
            takeover=parse_takeover(items[0]) if items else None,
            last_seq=int(items[0]["seq"]["N"]) if items else 0,
            stored_at=parse_storage_times(items),
            judgements=parse_judgements(items),
        )

    async def get_frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        with translate_aws_errors("conversations.frame"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"session_id": session_id, "seq": seq}), ConsistentRead=True
            )
        item = answer.get("Item")
        return parse_frame(item) if item else None

    async def _get_last(self, session_id: str) -> tuple[int, Takeover | None]:
        items = await self._list_newest_items(session_id, 1)
        if items and is_end(items[0]):
            raise ConversationEndedError
        return (int(items[0]["seq"]["N"]), parse_takeover(items[0])) if items else (0, None)

    async def _list_newest_items(
        self, session_id: str, limit: int, *, before_seq: int | None = None
    ) -> list[dict[str, Any]]:
        if before_seq is not None and before_seq <= 1:
            return []
        # Rows under negative numbers are audit entries: `conversation_audit.py`.
        numbers, values = "seq > :zero", {":session": session_id, ":zero": 0}
        if before_seq is not None:
            numbers, values = "seq BETWEEN :zero AND :last", values | {":last": before_seq - 1}
        with translate_aws_errors("conversations.query"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression=f"session_id = :session AND {numbers}",
                ExpressionAttributeValues=to_item(values),
                ScanIndexForward=False,
                Limit=limit,
                ConsistentRead=True,
            )
        items: list[dict[str, Any]] = answer.get("Items", [])
        return items
