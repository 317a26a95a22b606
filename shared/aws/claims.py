"""The `processed` table: one record per command, which prevents two workers from executing it."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.claims import Busy, Claim, CommandEnd, Done, Mismatch
from shared.clock import Clock
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ids import new_id
from shared.instants import from_milliseconds, to_milliseconds
from shared.retention import PROCESSED_COMMAND_RETENTION, compute_expiry

_DEADLINE_SECONDS = 15.0
"""For all tries together; a single try has the client's time-outs, which a slow trickle of bytes never reaches."""

_UNDO_SECONDS = 2.0
_READ_BATCH = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoClaimStore:
    """Partition key `command_key`.

    Attributes: `owner` (token of the claim), `lease_until_ms`, `attempts`, `unfinished` (claims that were neither
    released nor completed, the present one included), `fingerprint`, `done`, `given_up` (with `done`), `sent_seq` and
    `outcome_seq` (the markers that the conversation store sets), `stop` (set by the ingress).
    """

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Claim the command if no worker has it and it has not ended; the same write counts the attempt."""
        now = self._clock.now()
        owner = new_id()
        try:
            with translate_aws_errors("claims.claim"):
                async with asyncio.timeout(_DEADLINE_SECONDS):
                    answer = await self._client.update_item(
                        TableName=self._table,
                        Key=to_item({"command_key": key}),
                        UpdateExpression=(
                            "SET #owner = :owner, lease_until_ms = :until, expires_at = :expires, "
                            "fingerprint = if_not_exists(fingerprint, :fingerprint) ADD attempts :one, unfinished :one"
                        ),
                        ConditionExpression=(
                            "attribute_not_exists(done) "
                            "AND (attribute_not_exists(fingerprint) OR fingerprint = :fingerprint) "
                            "AND (attribute_not_exists(#owner) OR lease_until_ms < :now)"
                        ),
                        ExpressionAttributeNames={"#owner": "owner"},
                        ExpressionAttributeValues=to_item(
                            {
                                ":owner": owner,
                                ":until": to_milliseconds(now + lease),
                                ":now": to_milliseconds(now),
                                ":expires": compute_expiry(now, PROCESSED_COMMAND_RETENTION),
                                ":fingerprint": fingerprint,
                                ":one": 1,
                            }
                        ),
                        ReturnValues="ALL_OLD",
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
        except BaseException as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and get_error_code(cause) == _CONDITION_FAILED:
                return await self._read_conflict(key, owner, fingerprint, cause)
            await asyncio.shield(self._undo_claim(key, owner))
            raise
        before = from_item(answer.get("Attributes", {}))
        return Claim(
            key=key,
            owner=owner,
            attempts=before.get("attempts", 0) + 1,
            # Records of earlier releases have no such attribute, and a release of their claim leaves a negative one.
            unfinished=max(before.get("unfinished", 0), 0),
            # Each claim of each release stores a fingerprint; a record without one has a stop flag only.
            is_first="fingerprint" not in before,
            is_stop_requested=bool(before.get("stop")),
        )

    async def _undo_claim(self, key: str, owner: str) -> None:
        """Undo a claim that may have been written although no answer arrived.

        Otherwise no worker could claim the command for the time of a lease, and it would count as a worker that died.
        """
        with suppress(TransientError, PermanentError, TimeoutError):
            async with asyncio.timeout(_UNDO_SECONDS):
                await self.release(Claim(key=key, owner=owner, attempts=0), unspent=True)

    async def _read_conflict(
        self, key: str, owner: str, fingerprint: str, error: ClientError
    ) -> Claim | Done | Busy | Mismatch:
        item = error.response.get("Item") or await self._get_item(key, is_consistent=True)
        record = from_item(item)
        if record.get("fingerprint", fingerprint) != fingerprint:
            return Mismatch()
        if record.get("owner") == owner:
            # The client repeated the write after a lost answer; the first write succeeded.
            return Claim(key, owner, attempts=record["attempts"], unfinished=max(record["unfinished"] - 1, 0))
        if record.get("done"):
            return Done(record.get("outcome_seq"))
        return Busy(from_milliseconds(record.get("lease_until_ms", 0)))

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Extend the claim; return False when another worker has it."""
        until = to_milliseconds(self._clock.now() + lease)
        return await self._update_record(claim, "SET lease_until_ms = :until", {":until": until})

    async def find_lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return the claims that no longer belong to their owner.

        The first read is eventually consistent, which costs half as much at every beat of every handler. It could name
        an earlier owner, so a claim counts as lost only after a consistent read. Keys that DynamoDB does not process,
        because of throttling, do not count as lost; the next check reads them again.
        """
        suspected = await self._find_others_claims(claims, is_consistent=False)
        return await self._find_others_claims(suspected, is_consistent=True) if suspected else ()

    async def _find_others_claims(self, claims: Sequence[Claim], *, is_consistent: bool) -> list[Claim]:
        """Return the claims whose records name another owner, or none."""
        lost: list[Claim] = []
        for start in range(0, len(claims), _READ_BATCH):
            batch = claims[start : start + _READ_BATCH]
            with translate_aws_errors("claims.lost"):
                answer = await self._client.batch_get_item(
                    RequestItems={
                        self._table: {
                            # Each key once, or DynamoDB refuses: a worker may have lost a command and claimed it again.
                            "Keys": [to_item({"command_key": key}) for key in {claim.key for claim in batch}],
                            "ConsistentRead": is_consistent,
                            "ProjectionExpression": "command_key, #owner",
                            "ExpressionAttributeNames": {"#owner": "owner"},
                        }
                    }
                )
            unprocessed = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", ())
            unknown_keys = {from_item(item)["command_key"] for item in unprocessed}
            records = [from_item(item) for item in answer["Responses"].get(self._table, ())]
            owners = {record["command_key"]: record.get("owner") for record in records}
            lost += [claim for claim in batch if claim.key not in unknown_keys and owners.get(claim.key) != claim.owner]
        return lost

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Release the command; nothing changes when the claim is already lost."""
        attempt_back = ", attempts :back" if unspent else ""
        await self._update_record(
            claim, f"REMOVE #owner, lease_until_ms ADD unfinished :back{attempt_back}", {":back": -1}
        )

    async def complete(self, claim: Claim, *, is_carried_out: bool = True) -> None:
        """Record the end of a command that leaves no frame."""
        given_up = "" if is_carried_out else ", given_up = :done"
        if not await self._update_record(claim, f"SET done = :done{given_up}", {":done": True}):
            raise LeaseLostError(claim.key)

    async def find_end(self, key: str) -> CommandEnd:
        """Return how a command without a frame has ended, by a consistent read."""
        record = from_item(await self._get_item(key, is_consistent=True))
        if not record.get("done"):
            return "open"
        return "given_up" if record.get("given_up") else "carried_out"

    async def is_stop_requested(self, key: str) -> bool:
        """Return whether the visitor asked to end this command early; an answer asks again and again while it runs."""
        return bool(from_item(await self._get_item(key, is_consistent=False)).get("stop"))

    async def find_stop_requests(self, keys: Collection[str]) -> Collection[str]:
        """Return the commands with a stop flag, by eventually consistent reads; keys that are throttled have none."""
        ordered, found = list(keys), set[str]()
        for start in range(0, len(ordered), _READ_BATCH):
            with translate_aws_errors("claims.stops"):
                answer = await self._client.batch_get_item(
                    RequestItems={
                        self._table: {
                            "Keys": [to_item({"command_key": key}) for key in ordered[start : start + _READ_BATCH]],
                            "ProjectionExpression": "command_key, #stop",
                            "ExpressionAttributeNames": {"#stop": "stop"},
                        }
                    }
                )
            records = map(from_item, answer["Responses"].get(self._table, ()))
            found |= {record["command_key"] for record in records if record.get("stop")}
        return found

    async def _get_item(self, key: str, *, is_consistent: bool) -> dict[str, Any]:
        with translate_aws_errors("claims.get"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item({"command_key": key}), ConsistentRead=is_consistent
            )
        item: dict[str, Any] = answer.get("Item", {})
        return item

    async def _update_record(self, claim: Claim, update: str, values: dict[str, Any]) -> bool:
        with translate_aws_errors("claims.update"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=to_item({"command_key": claim.key}),
                    UpdateExpression=update,
                    ConditionExpression="#owner = :owner",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues=to_item({":owner": claim.owner, **values}),
                )
            except ClientError as error:
                if get_error_code(error) == _CONDITION_FAILED:
                    return False
                raise
        return True
