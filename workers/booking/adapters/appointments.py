"""Appointments and their buckets in DynamoDB: every change is one transaction."""

import asyncio
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import error_code, translated
from shared.aws.items import from_item, to_item
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ports import Claim
from workers.booking.adapters.appointment_item import appointment_from_item, appointment_item
from workers.booking.adapters.bucket_items import Bucket, SlotRows, buckets_of, days_of, owned_interval
from workers.booking.domain.values import Appointment, Interval
from workers.booking.ports import SlotLost

_CONFLICT_TRIES = 6
_CONDITION_FAILED = "ConditionalCheckFailed"
_PARALLEL_DAYS = 16
_KEPT_GRIDS = 10_000
_MAX_TRANSACTION_ITEMS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""


class DynamoAppointmentStore:
    """Tables `appointments` (`appointment_id`, `session_id`) and `slots` (`pk`, `bucket`).

    In every transaction the first item checks the claim and the second writes the appointment; the buckets
    follow.
    """

    def __init__(self, *, client: Any, appointments_table: str, slots_table: str, processed_table: str) -> None:
        self._client = client
        self._appointments = appointments_table
        self._processed = processed_table
        self._slots = SlotRows(slots_table)
        self._grids: dict[tuple[str, date], int] = {}

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment: both keys are needed, so a foreign one is never found."""
        with translated("appointments.get"):
            answer = await self._client.get_item(
                TableName=self._appointments,
                Key=to_item({"appointment_id": appointment_id, "session_id": session_id}),
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return appointment_from_item(from_item(item)) if item else None

    async def hold(
        self, appointment: Appointment, *, at: datetime, claim: Claim, replaces: Appointment | None = None
    ) -> SlotLost | None:
        """Take every bucket that is free, whose hold had run out at `at`, or that the replaced hold has."""
        wanted = await self._buckets(appointment)
        changes = [self._slots.take(one, appointment, at, replaces) for one in wanted]
        if replaces:
            starts = {bucket.start for bucket in wanted}
            changes += [
                self._slots.free(one, replaces) for one in await self._buckets(replaces) if one.start not in starts
            ]
            changes.append(self._put(replaces))
        lost = await self._write(appointment, claim, changes)
        if lost is None:
            return None
        if lost >= len(wanted):
            raise TransientError("appointments.hold: the replaced hold changed meanwhile")
        return await self._who_has(wanted[lost], appointment.session_id)

    async def save(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the appointment alone."""
        await self._write(appointment, claim, [])

    async def confirm(self, appointment: Appointment, *, claim: Claim) -> SlotLost | None:
        """Take the run-out from every bucket, all of which must still be the appointment's."""
        keeps = [self._slots.keep(bucket, appointment) for bucket in await self._buckets(appointment)]
        lost = await self._write(appointment, claim, keeps)
        return SlotLost() if lost is not None else None

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment first: buckets freed without it would be another's to confirm."""
        await self._write(appointment, claim, [])
        await self.free(appointment)

    async def free(self, appointment: Appointment) -> None:
        """Delete the buckets that are still the appointment's own."""
        await asyncio.gather(*(self._free(bucket, appointment) for bucket in await self._buckets(appointment)))

    async def move(self, old: Appointment, new: Appointment, *, at: datetime, claim: Claim) -> SlotLost | None:
        """Write the set difference in one transaction: the new time is ours before the old one is not."""
        before, after = await self._buckets(old), await self._buckets(new)
        gained = [bucket for bucket in after if bucket not in before]
        starts = {bucket.start for bucket in after}
        given = [bucket for bucket in before if bucket.start not in starts]
        changes = [self._slots.take(bucket, new, at) for bucket in gained]
        changes += [self._slots.free(bucket, old) for bucket in given]
        lost = await self._write(new, claim, changes)
        if lost is None:
            return None
        if lost >= len(gained):
            raise TransientError("appointments.move: the old time is no longer ours")
        return await self._who_has(gained[lost], new.session_id)

    async def taken(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[Interval]:
        """Return the buckets that are owned at `at`."""
        gate = asyncio.Semaphore(_PARALLEL_DAYS)
        first = (between.start - timedelta(days=1)).date()
        days = [first + timedelta(days=n) for n in range((between.end.date() - first).days + 1)]

        async def one_day(day: date) -> list[Interval]:
            async with gate:
                rows = await self._rows(tenant, day)
            return [interval for row in rows if (interval := owned_interval(row, at))]

        found = await asyncio.gather(*(one_day(day) for day in days))
        return [interval for day in found for interval in day]

    async def _buckets(self, appointment: Appointment) -> list[Bucket]:
        """Return the buckets of an appointment, as large as its days' grids say."""
        grids = {
            day: await self._grid(appointment.tenant, day, appointment.grid_minutes)
            for day in days_of(appointment.blocked)
        }
        return buckets_of(appointment, grids)

    async def _grid(self, tenant: str, day: date, wanted: int) -> int:
        """Return how many minutes the buckets of a tenant's day have: what its first booking wanted, for good.

        Buckets exclude each other by their keys, so all bookings of a day need the same size, whatever the profile
        that each worker knows says meanwhile. The row never changes, so no transaction has to check it.
        """
        known = self._grids.get((tenant, day))
        if known is None:
            with translated("slots.grid"):
                try:
                    await self._client.put_item(**self._slots.fix_grid(tenant, day, wanted))
                    known = wanted
                except ClientError as error:
                    if error_code(error) != "ConditionalCheckFailedException":
                        raise
                    answer = await self._client.get_item(
                        TableName=self._slots.table,
                        Key=to_item(self._slots.grid_key(tenant, day)),
                        ConsistentRead=True,
                    )
                    known = int(from_item(answer["Item"])["grid_minutes"])
            if len(self._grids) >= _KEPT_GRIDS:
                self._grids.clear()
            self._grids[tenant, day] = known
        return known

    async def _rows(self, tenant: str, day: date) -> list[dict[str, Any]]:
        with translated("slots.query"):
            answer = await self._client.query(**self._slots.on(tenant, day))
        return [from_item(item) for item in answer.get("Items", ())]

    async def _write(self, appointment: Appointment, claim: Claim, changes: list[dict[str, Any]]) -> int | None:
        """Write all or nothing; return the position of the first change whose condition failed."""
        items = [self._still_ours(claim), self._put(appointment), *changes]
        if len(items) > _MAX_TRANSACTION_ITEMS:
            raise PermanentError("too_many_buckets", f"{len(items)} items in one transaction")
        for attempt in range(_CONFLICT_TRIES):
            if attempt:
                await asyncio.sleep(random.random() * 0.02 * 2**attempt)  # noqa: S311 - jitter
            reasons = await self._try_write(items)
            if not reasons:
                return None
            if reasons[0] == _CONDITION_FAILED:
                raise LeaseLostError(claim.key)
            lost = [position for position, reason in enumerate(reasons[2:]) if reason == _CONDITION_FAILED]
            if lost:
                return lost[0]
            if reasons[1] == _CONDITION_FAILED:
                raise TransientError("appointments: changed meanwhile")
        raise TransientError("appointments: too many conflicts")

    async def _try_write(self, items: list[dict[str, Any]]) -> list[str]:
        with translated("appointments.write"):
            try:
                await self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = error.response.get("CancellationReasons") or [{"Code": "TransactionConflict"}] * len(items)
                return [reason.get("Code", "None") for reason in reasons]
        return []

    def _still_ours(self, claim: Claim) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._processed,
                "Key": to_item({"command_key": claim.key}),
                "ConditionExpression": "#owner = :owner",
                "ExpressionAttributeNames": {"#owner": "owner"},
                "ExpressionAttributeValues": to_item({":owner": claim.owner}),
            }
        }

    def _put(self, appointment: Appointment) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._appointments, "Item": to_item(appointment_item(appointment))}
        if appointment.version == 1:
            put["ConditionExpression"] = "attribute_not_exists(appointment_id)"
        else:
            put["ConditionExpression"] = "version = :before"
            put["ExpressionAttributeValues"] = to_item({":before": appointment.version - 1})
        return {"Put": put}

    async def _free(self, bucket: Bucket, appointment: Appointment) -> None:
        with translated("slots.free"):
            try:
                await self._client.delete_item(**self._slots.free(bucket, appointment)["Delete"])
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    async def _who_has(self, bucket: Bucket, session_id: str) -> SlotLost:
        with translated("slots.get"):
            answer = await self._client.get_item(
                TableName=self._slots.table, Key=to_item(bucket.key), ConsistentRead=True
            )
        row = from_item(answer.get("Item", {}))
        return SlotLost(row.get("appointment_id") if row.get("session_id") == session_id else None)
