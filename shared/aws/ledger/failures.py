"""The `failures` table: every dead letter, and what became of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.aws.ledger.failure_items import failure_to_items, parse_failure
from shared.aws.ledger.failure_search import FailureSearch
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.payload_parts import build_part_writes, make_part_id
from shared.backoff import compute_backoff_seconds
from shared.clock import Clock
from shared.errors import TransientError
from shared.ledger.failures import Failure, FailureFilter, FailurePage
from shared.ledger.rules import is_match, make_cursor, merge_failure

_TRIES = 10
_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 25.6
_READ_BATCH = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

_BATCHES_AT_ONCE = 4


class DynamoFailureLedger:
    """Partition key `failure_id`; the indexes `by_state` and `by_tenant` are sorted by `place`, its cursor.

    The indexes carry what a filter compares; payload and audit trail are read from the table.
    """

    def __init__(self, *, client: Any, table: str, cipher: PayloadCipher, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._cipher = cipher
        self._clock = clock

    async def record(self, failure: Failure) -> Failure:
        """Record a dead letter as a new failure, or that the known failure failed again; return what is stored."""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(
                    compute_backoff_seconds(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS)
                )
            item = await self._get_item(failure.failure_id)
            kept = await self._read_failure(item) if item else None
            now_kept = merge_failure(kept, failure)
            if now_kept is None:
                return kept or failure
            if await self._write_failure(now_kept, over=item):
                return now_kept
        raise TransientError("failures.record: too many conflicts")

    async def get(self, failure_id: str) -> Failure | None:
        """Return one failure."""
        item = await self._get_item(failure_id)
        return await self._read_failure(item) if item else None

    async def find(
        self, criteria: FailureFilter, *, limit: int = 50, after: str | None = None, outlines: bool = False
    ) -> FailurePage:
        """Return up to `limit` failures, the latest first; outlines of them are in the indexes, and cost least.

        A search that looked at a great many returns what it found until then; `after` goes on from there.
        """
        search = FailureSearch(client=self._client, table=self._table, criteria=criteria, limit=limit, after=after)
        found: list[Failure] = []
        there_is_more = False
        async for outline in search.find_outlines():
            if there_is_more := len(found) == limit:
                break
            found.append(outline)
        end = None if search.is_complete else search.reached
        return FailurePage(
            found if outlines else await self._read_failures(found, criteria),
            after=make_cursor(found[-1]) if there_is_more else end,
        )

    async def change(self, failure: Failure) -> bool:
        """Write a change, whose version is one higher; False if the version before it no longer stands."""
        item = await self._get_item(failure.failure_id)
        return item is not None and await self._write_failure(failure, over=item)

    async def _get_item(self, failure_id: str) -> dict[str, Any] | None:
        with translate_aws_errors("failures.get"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"failure_id": failure_id}), ConsistentRead=True
            )
        item: dict[str, Any] = answer.get("Item", {})
        # The parts of a long payload have keys of their own, and are no failures.
        return item if "state" in item else None

    async def _write_failure(self, failure: Failure, *, over: dict[str, Any] | None) -> bool:
        """Put the failure's items if the version before it is the one that stands, in `over`; or if none does."""
        main, *rest = failure_to_items(failure, self._cipher, self._clock.now(), over=over)
        put: dict[str, Any] = {"TableName": self._table, "Item": main}
        if over is None:
            put["ConditionExpression"] = "attribute_not_exists(failure_id)"
        else:
            put["ConditionExpression"] = "#version = :version"
            put["ExpressionAttributeNames"] = {"#version": "version"}
            put["ExpressionAttributeValues"] = to_item({":version": failure.version - 1})
        with translate_aws_errors("failures.write"):
            try:
                if more := build_part_writes(self._table, main, rest, over=over):
                    await self._client.transact_write_items(TransactItems=[{"Put": put}, *more])
                else:
                    await self._client.put_item(**put)
            except ClientError as error:
                if _is_condition_failure(error):
                    return False
                if get_error_code(error) == "TransactionCanceledException":
                    raise TransientError("failures.write: a transaction was cancelled") from error
                raise
        return True

    async def _read_failures(self, outlines: Sequence[Failure], criteria: FailureFilter) -> list[Failure]:
        """Return the failures themselves in the same order, without those that changed and are no longer wanted."""
        batches_at_once = asyncio.Semaphore(_BATCHES_AT_ONCE)
        ids = [outline.failure_id for outline in outlines]

        async def read_batch(batch: list[str]) -> dict[str, dict[str, Any]]:
            async with batches_at_once:
                return await self._get_items(batch)

        batches = await asyncio.gather(
            *(read_batch(ids[start : start + _READ_BATCH]) for start in range(0, len(ids), _READ_BATCH))
        )
        items = {failure_id: item for batch in batches for failure_id, item in batch.items()}
        failures = [await self._read_failure(items[failure_id]) for failure_id in ids if failure_id in items]
        return [failure for failure in failures if is_match(failure, criteria)]

    async def _get_items(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        keys = [to_item({"failure_id": failure_id}) for failure_id in ids]
        items: dict[str, dict[str, Any]] = {}
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(
                    compute_backoff_seconds(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS)
                )
            with translate_aws_errors("failures.read"):
                answer = await self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            items |= {item["failure_id"]["S"]: item for item in answer["Responses"].get(self._table, ())}
            # What is more than 16 MB, or more than the table may do at the moment, is asked for once more.
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                return items
        raise TransientError("failures.read: too much at once")

    async def _read_failure(self, item: dict[str, Any]) -> Failure:
        rest: list[bytes] = []
        for number in range(1, from_item({"parts": item["parts"]})["parts"]):
            with translate_aws_errors("failures.part"):
                answer = await self._client.get_item(
                    TableName=self._table,
                    Key=to_item({"failure_id": make_part_id(item["failure_id"]["S"], number)}),
                    ConsistentRead=True,
                )
            rest.append(answer.get("Item", {}).get("payload", {}).get("B", b""))
        return parse_failure(item, rest, self._cipher)


def _is_condition_failure(error: ClientError) -> bool:
    if get_error_code(error) == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons", ())
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)
