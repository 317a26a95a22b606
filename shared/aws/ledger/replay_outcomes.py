"""How a replay ended: what a worker writes into the `failures` table. It can neither read nor change payloads."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import to_item
from shared.aws.ledger.failure_items import audit_entry_to_map
from shared.aws.ledger.payload_parts import build_expiry_update
from shared.ids import derive_failure_id
from shared.ledger.failures import AuditEntry, FailureState
from shared.retention import FAILURE_RETENTION, compute_expiry


class DynamoReplayOutcomes:
    """The failures of one queue, as the worker sees them that carries its commands out."""

    def __init__(self, *, client: Any, table: str, queue: str) -> None:
        self._client = client
        self._table = table
        self._queue = queue

    async def record_resolved(self, command_id: str, *, replay: int, at: datetime) -> None:
        """Record that a replay succeeded, if it is the latest one and its end is not recorded yet."""
        await self._record_end(
            command_id, replay, FailureState.RESOLVED, AuditEntry(at=at, by=self._queue, action="resolved")
        )

    async def record_refused(self, command_id: str, *, replay: int, at: datetime, code: str) -> None:
        """Record that a replay ended with a refusal, if it is the latest one and its end is not recorded yet."""
        entry = AuditEntry(at=at, by=self._queue, action="refused", detail=code)
        await self._record_end(command_id, replay, FailureState.REFUSED, entry)

    async def _record_end(self, command_id: str, replay: int, state: FailureState, entry: AuditEntry) -> None:
        ends = compute_expiry(entry.at, FAILURE_RETENTION)
        failed = derive_failure_id(self._queue, command_id)
        with translate_aws_errors("failures.resolved"):
            try:
                answer = await self._client.update_item(
                    TableName=self._table,
                    Key=to_item({"failure_id": failed}),
                    UpdateExpression=(
                        "SET #state = :ended, expires_at = :expires, story = list_append(story, :deeds), "
                        "parts = parts ADD #version :one"
                    ),
                    ConditionExpression="#state = :replaying AND replays = :replay",
                    ExpressionAttributeNames={"#state": "state", "#version": "version"},
                    ExpressionAttributeValues=to_item(
                        {
                            ":ended": state.value,
                            ":replaying": FailureState.REPLAYING.value,
                            ":replay": replay,
                            ":deeds": [audit_entry_to_map(entry)],
                            ":expires": ends,
                            ":one": 1,
                        }
                    ),
                    # How many items the payload has is all that is asked for.
                    ReturnValues="UPDATED_NEW",
                )
                for number in range(1, int(answer["Attributes"]["parts"]["N"])):
                    # One that was erased since then stays so.
                    still_there = {"ConditionExpression": "attribute_exists(failure_id)"}
                    await self._client.update_item(
                        **build_expiry_update(self._table, failed, number, ends=ends), **still_there
                    )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
