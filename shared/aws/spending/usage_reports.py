"""Reads, corrects and erases what `spending_store.py` writes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.aws.spending import rows
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.clock import Clock
from shared.errors import TransientError
from shared.ids import new_id
from shared.spending.totals import DayTotals, Totals, find_days_to_compute, sum_records
from shared.spending.values import UsageRecord

_CHANGED = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
_ATTEMPTS = 5


class DynamoUsageReports:
    """The rows of `rows.py`."""

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._store = DynamoSpendingStore(client=client, table=table, clock=clock)

    async def list_totals(self, tenant: str, first: date, last: date) -> Sequence[DayTotals]:
        """Return the sums of each day and model, both days included, in the order of days and models."""
        start, end = f"{rows.SUM}#{first.isoformat()}#", f"{rows.SUM}#{last.isoformat()}#\U0010ffff"
        condition = "tenant = :tenant AND #day BETWEEN :start AND :end"
        values = {":tenant": tenant, ":start": start, ":end": end}
        return [rows.parse_day_totals(item) async for item in self._query(condition, values)]

    async def list_current_totals(self, tenant: str, first: date, last: date, now: datetime) -> Sequence[DayTotals]:
        """Return the sums with what can't be settled any more; only days that have open calls are read as a whole."""
        written = await self.list_totals(tenant, first, last)
        counted = await self._list_counted(tenant, first, last)
        days = find_days_to_compute(written, counted, now)
        rows = [one for one in written if one.day not in days]
        for day in days:
            records = [record async for record in self.iterate_records(tenant, day) if not record.is_open(now)]
            rows += [DayTotals(tenant, *key, totals) for key, totals in sum_records(records).items()]
        return sorted(rows, key=lambda one: (one.day, one.model_id))

    async def _list_counted(self, tenant: str, first: date, last: date) -> dict[date, int]:
        """Return what counts for the caps of each day in a period, open reservations included."""
        start, end = (from_item(rows.build_month_key(tenant, day))["day"] for day in (first, last))
        condition = "tenant = :tenant AND #day BETWEEN :start AND :end"
        values = {":tenant": tenant, ":start": start, ":end": end}
        counted = [rows.parse_days(item) async for item in self._query(condition, values)]
        return {day: amount for month in counted for day, amount in month.items() if first <= day <= last}

    async def get_committed(self, tenant: str, day: date) -> tuple[int, int]:
        """Return the nano-dollars that count for the caps of the day and of its month, open reservations included."""
        with translate_aws_errors("usage.committed"):
            answer = await self._client.get_item(
                TableName=self._table, Key=rows.build_month_key(tenant, day), ConsistentRead=True
            )
        row = from_item(answer.get("Item", {}))
        return row.get(rows.name_day(day), 0), row.get("committed", 0)

    async def iterate_records(self, tenant: str, day: date) -> AsyncIterator[UsageRecord]:
        """Yield the records of a day."""
        values = {":tenant": tenant, ":start": f"{rows.CALL}#{day.isoformat()}#"}
        async for item in self._query("tenant = :tenant AND begins_with(#day, :start)", values):
            yield rows.parse_record(item)

    async def rebuild_day(self, tenant: str, day: date, now: datetime) -> Sequence[DayTotals]:
        """Settle what can't be settled any more as estimates, and compute the day's sums and caps from its records.

        Sums that a worker changes meanwhile are computed again: each is replaced only if it is as it was read.

        Raises:
            TransientError: they changed each time.
        """
        for _ in range(_ATTEMPTS):
            counted, _ = await self.get_committed(tenant, day)
            before = {(one.day, one.model_id): one.totals for one in await self.list_totals(tenant, day, day)}
            records = [record async for record in self.iterate_records(tenant, day)]
            late = [record for record in records if record.result is None and not record.is_open(now)]
            for record in late:
                await self._store.settle(record.reservation, record.count())
            if late:
                continue
            after = sum_records(record for record in records if record.result)
            keys = before.keys() | after.keys()
            replaced = [await self._replace_sum(tenant, day, key[1], before.get(key), after.get(key)) for key in keys]
            if all(replaced) and await self._correct_counter(tenant, day, counted, records):
                return await self.list_totals(tenant, day, day)
        raise TransientError("usage.rebuild: the sums change all the time")

    async def erase_session(self, tenant: str, session_id: str, *, dry_run: bool = False) -> int:
        """Remove the session from its records, which stay for the sums; return how many these are."""
        key = rows.build_session_key(tenant, session_id)
        with translate_aws_errors("usage.erase"):
            answer = await self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        days = rows.parse_days(answer.get("Item", {}))
        count, pseudonym = 0, f"erased-{new_id()}"
        for day in days:
            values = {":tenant": tenant, ":start": f"{rows.CALL}#{day.isoformat()}#{session_id}#"}
            async for item in self._query("tenant = :tenant AND begins_with(#day, :start)", values):
                if not dry_run:
                    await self._replace_record(item, pseudonym)
                count += 1
        if not dry_run:
            with translate_aws_errors("usage.erase"):
                await self._client.delete_item(TableName=self._table, Key=key)
        return count

    async def _replace_record(self, item: dict[str, Any], pseudonym: str) -> None:
        """Put a record of nobody in the place of a session's; one that is open is settled as an estimate before."""
        record = rows.parse_record(item)
        reservation = record.reservation
        if record.result is None:
            await self._store.settle(reservation, record.count())
            with translate_aws_errors("usage.erase"):
                answer = await self._client.get_item(
                    TableName=self._table, Key=rows.build_call_key(reservation), ConsistentRead=True
                )
            record = rows.parse_record(answer["Item"])
        own = replace(
            reservation,
            session_id=pseudonym,
            address_key="",
            key=replace(reservation.key, command_key=new_id()),
        )
        items = [
            {"Delete": {"TableName": self._table, "Key": rows.build_call_key(reservation)}},
            {"Put": {"TableName": self._table, "Item": rows.record_to_item(own, record.count())}},
        ]
        with translate_aws_errors("usage.erase"):
            await self._client.transact_write_items(TransactItems=items, ClientRequestToken=new_id())

    async def _replace_sum(
        self, tenant: str, day: date, model_id: str, before: Totals | None, after: Totals | None
    ) -> bool:
        """Replace the sums of a model if they are as they were read; return whether they were."""
        if before == after:
            return True
        key, wanted = rows.build_sum_key(tenant, day, model_id), rows.totals_to_values(after or Totals())
        item = key | to_item(dict(wanted))
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(tenant)"}
        if before is not None:
            condition = {
                "ConditionExpression": "calls = :calls AND nano_dollars = :nano",
                "ExpressionAttributeValues": to_item({":calls": before.calls, ":nano": before.nano_dollars}),
            }
        with translate_aws_errors("usage.rebuild"):
            try:
                await self._client.put_item(TableName=self._table, Item=item, **condition)
            except ClientError as error:
                if get_error_code(error) not in _CHANGED:
                    raise
                return False
        return True

    async def _correct_counter(self, tenant: str, day: date, found: int, records: Sequence[UsageRecord]) -> bool:
        """Set what counts for the caps of day and month to the sum of the records; return whether it was as found.

        Records are older than what counts them, so whatever was counted when `found` was read has its record here.
        """
        part, wanted = rows.name_day(day), sum(record.count().nano_dollars for record in records)
        if found == wanted:
            return True
        with translate_aws_errors("usage.rebuild"):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=rows.build_month_key(tenant, day),
                    UpdateExpression="ADD #part :difference, committed :difference",
                    ConditionExpression="#part = :found" if found else "attribute_not_exists(#part) OR #part = :found",
                    ExpressionAttributeNames={"#part": part},
                    ExpressionAttributeValues=to_item({":difference": wanted - found, ":found": found}),
                )
            except ClientError as error:
                if get_error_code(error) not in _CHANGED:
                    raise
                return False
        return True

    async def _query(self, condition: str, values: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#day": "day"},
            "ExpressionAttributeValues": to_item(values),
            "ConsistentRead": True,
        }
        while True:
            with translate_aws_errors("usage.query"):
                answer = await self._client.query(**query)
            for item in answer.get("Items", ()):
                yield item
            if not (after := answer.get("LastEvaluatedKey")):
                return
            query["ExclusiveStartKey"] = after
