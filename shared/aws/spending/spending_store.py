"""Reserves what a call may cost, and settles what it did: exactly, whoever else does so at the same time.

A reservation is the record and then one conditional write for each counter, these at once; where one refuses, all is
undone in one transaction. Every message of a business passes the counter of its month, where single writes wait for
each other and transactions would cancel each other. Settling, after the answer, is one transaction: the record, the
counters and the sums agree whenever a worker dies.

A write whose answer is lost may be repeated by the client, which counts a reservation twice, never not at all.
Transactions carry a token, with which DynamoDB does not repeat them
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
"""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.aws.spending import rows
from shared.backoff import RandomSource, compute_backoff_seconds
from shared.clock import Clock
from shared.errors import TransientError
from shared.ids import new_id
from shared.retention import ADDRESS_SHARE_RETENTION, compute_expiry
from shared.spending.totals import count_call
from shared.spending.values import CallResult, Cap, Caps, Reservation, Reserved, Spent

_CONDITION_FAILED = "ConditionalCheckFailedException"
_CONFLICT = "TransactionConflictException"
_IS_OPEN = "attribute_exists(tenant) AND attribute_not_exists(nano_dollars)"
"""The condition of a record that is neither settled nor undone."""

_TRIES = 12
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.02, 0.5


class DynamoSpendingStore:
    """The rows of `rows.py`."""

    def __init__(self, *, client: Any, table: str, clock: Clock, random_source: RandomSource = random.random) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._random_source = random_source
        self._salts: dict[tuple[str, date], str] = {}
        self.conflicts = 0
        """How many calls met a transaction on the same row, and were repeated."""

    async def reserve(self, reservation: Reservation, caps: Caps) -> Reserved | Cap:
        """Set the highest cost of a call aside; return the cap that refuses it, and then nothing is set aside."""
        counters = rows.list_counters(reservation)
        for counter in counters:
            for cap in counter.attributes.values():
                if reservation.nano_dollars > caps.get(cap, reservation.nano_dollars):
                    return cap
        # First the record: so no counter ever contains what no record does, unless an answer was lost.
        await self._put_record(reservation)
        answers = await asyncio.gather(
            *(self._count(counter, reservation.nano_dollars, caps) for counter in counters), return_exceptions=True
        )
        counted = [counter for counter, answer in zip(counters, answers, strict=True) if isinstance(answer, dict)]
        if len(counted) == len(counters):
            session, month = (answer for answer in answers[:2] if isinstance(answer, dict))
            part = rows.name_day(reservation.day)
            is_first = session[part] == reservation.nano_dollars
            spent = Spent(day=month[part], month=month["committed"])
            return Reserved(replace(reservation, is_first_of_day=is_first), spent)
        await self._undo(reservation, counted)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return next(answer for answer in answers if isinstance(answer, Cap))

    async def release(self, reservation: Reservation) -> None:
        """Remove the record and what it counts for, in one transaction."""
        await self._undo(reservation, rows.list_counters(reservation))

    async def settle(self, reservation: Reservation, result: CallResult) -> bool:
        """Replace the reservation by the cost, and add the call to the sums, in one transaction."""
        difference = result.nano_dollars - reservation.nano_dollars
        totals = rows.totals_to_values(count_call(result, is_first_of_day=reservation.is_first_of_day))
        items = [
            {"Update": self._build_settlement(reservation, result)},
            *(
                {"Update": self._build_addition(counter, difference)}
                for counter in rows.list_counters(reservation)
                if difference
            ),
            {
                "Update": {
                    "TableName": self._table,
                    "Key": rows.build_sum_key(reservation.tenant, reservation.day, reservation.model_id),
                    "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in totals),
                    "ExpressionAttributeValues": to_item({f":{name}": value for name, value in totals.items()}),
                }
            },
        ]
        return await self._write_at_once("spending.settle", items)

    async def get_address_salt(self, tenant: str, day: date) -> str:
        """Return the random salt of the business's keys of network addresses on a day; the first caller makes it."""
        if salt := self._salts.get((tenant, day)):
            return salt
        key, salt = rows.build_salt_key(tenant, day), new_id()
        with translate_aws_errors("spending.salt"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=key | to_item({"salt": salt, "expires_at": self._compute_expiry()}),
                    ConditionExpression="attribute_not_exists(tenant)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                salt = str(from_item(error.response["Item"])["salt"])
        self._salts = {kept: value for kept, value in self._salts.items() if kept[1] == day} | {(tenant, day): salt}
        return salt

    async def note_warning(self, tenant: str, day: date, cap: Cap) -> bool:
        """Note that the owner is warned of a cap on the day, or in its month; return False if that was noted before."""
        name = f"warned_{rows.name_day(day)}" if cap is Cap.DAY else "warned"
        with translate_aws_errors("spending.warn"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=rows.build_month_key(tenant, day),
                    UpdateExpression="SET #warned = :now",
                    ConditionExpression="attribute_not_exists(#warned)",
                    ExpressionAttributeNames={"#warned": name},
                    ExpressionAttributeValues=to_item({":now": self._clock.now().isoformat()}),
                )
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                return False
        return True

    async def _count(self, counter: rows.Counter, amount: int, caps: Caps) -> dict[str, Any] | Cap:
        """Add to a row unless that exceeds a cap; return its numbers after that, or the cap."""
        names = {f"#{position}": name for position, name in enumerate(counter.attributes)}
        limits = {
            f":limit{position}": caps[cap] - amount
            for position, cap in enumerate(counter.attributes.values())
            if cap in caps
        }
        conditions = [f"(attribute_not_exists(#{name[6:]}) OR #{name[6:]} <= {name})" for name in limits]
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": counter.key,
            "UpdateExpression": "SET expires_at = :expires ADD " + ", ".join(f"{name} :amount" for name in names),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item({":amount": amount, ":expires": counter.expires_at, **limits}),
            "ReturnValues": "UPDATED_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if conditions:
            request["ConditionExpression"] = " AND ".join(conditions)
        async for _ in self._pause_between_tries("spending.reserve"):
            with translate_aws_errors("spending.reserve"):
                try:
                    answer = await self._client.update_item(**request)
                except ClientError as error:
                    code = get_error_code(error)
                    if code == _CONFLICT:
                        self.conflicts += 1
                        continue
                    if code != _CONDITION_FAILED:
                        raise
                    return _find_exceeded_cap(counter, from_item(error.response.get("Item", {})), amount, caps)
                return from_item(answer["Attributes"])
        raise AssertionError("the tries end with an error")

    async def _put_record(self, reservation: Reservation) -> None:
        """Put the record; the same one again is no failure, since the client repeats a put whose answer was lost."""
        with translate_aws_errors("spending.record"):
            await self._client.put_item(TableName=self._table, Item=rows.record_to_item(reservation))

    async def _undo(self, reservation: Reservation, counters: list[rows.Counter]) -> None:
        record = {
            "TableName": self._table,
            "Key": rows.build_call_key(reservation),
            "ConditionExpression": _IS_OPEN,
        }
        additions = [{"Update": self._build_addition(counter, -reservation.nano_dollars)} for counter in counters]
        await self._write_at_once("spending.undo", [{"Delete": record}, *additions])

    async def _write_at_once(self, operation: str, items: list[dict[str, Any]]) -> bool:
        """Write all items or none, again after conflicts; return False if a condition failed."""
        token = new_id()
        async for _ in self._pause_between_tries(operation):
            with translate_aws_errors(operation):
                try:
                    await self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
                except ClientError as error:
                    if get_error_code(error) != "TransactionCanceledException":
                        raise
                    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
                    if "ConditionalCheckFailed" in codes:
                        return False
                    self.conflicts += 1
                    token = new_id()
                    continue
                return True
        raise AssertionError("the tries end with an error")

    async def _pause_between_tries(self, operation: str) -> AsyncIterator[int]:
        """Yield the number of each try, with a growing pause before all but the first.

        Raises:
            TransientError: after the last one.
        """
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(
                    compute_backoff_seconds(
                        attempt,
                        base_seconds=_FIRST_PAUSE_SECONDS,
                        cap_seconds=_MAX_PAUSE_SECONDS,
                        random_source=self._random_source,
                    )
                )
            yield attempt
        raise TransientError(f"{operation}: too many conflicts")

    def _build_settlement(self, reservation: Reservation, result: CallResult) -> dict[str, Any]:
        values = rows.result_to_values(result)
        return {
            "TableName": self._table,
            "Key": rows.build_call_key(reservation),
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in values),
            "ConditionExpression": _IS_OPEN,
            "ExpressionAttributeValues": to_item({f":{name}": value for name, value in values.items()}),
        }

    def _build_addition(self, counter: rows.Counter, amount: int) -> dict[str, Any]:
        names = {f"#{position}": name for position, name in enumerate(counter.attributes)}
        return {
            "TableName": self._table,
            "Key": counter.key,
            "UpdateExpression": "SET expires_at = :expires ADD " + ", ".join(f"{name} :amount" for name in names),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item({":amount": amount, ":expires": counter.expires_at}),
        }

    def _compute_expiry(self) -> int:
        return compute_expiry(self._clock.now(), ADDRESS_SHARE_RETENTION)


def _find_exceeded_cap(counter: rows.Counter, row: dict[str, Any], amount: int, caps: Caps) -> Cap:
    """Return the narrower cap of those that a refused write would have exceeded."""
    exceeded = [
        cap for name, cap in counter.attributes.items() if cap in caps and row.get(name, 0) + amount > caps[cap]
    ]
    return exceeded[-1] if exceeded else next(cap for cap in counter.attributes.values() if cap in caps)
