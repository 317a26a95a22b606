"""Appointments, their buckets of time and their seats in DynamoDB: every change is one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import error_code, translated
from shared.aws.items import from_item, to_item
from shared.claims import Claim
from shared.errors import TransientError
from workers.booking.adapters.appointment_item import appointment_from_item
from workers.booking.adapters.bucket_items import Bucket, SlotRows, join_occupied_times
from workers.booking.adapters.day_grids import DayGrids
from workers.booking.adapters.quota_rows import QuotaRows
from workers.booking.adapters.transactions import Transactions
from workers.booking.domain.quotas import Quota, session_key
from workers.booking.domain.values import Appointment, AppointmentState, Interval, OccupiedTime, QuotaUnit
from workers.booking.ports import Lost, QuotaFull, SlotLost

_UNIT_TRIES = 8
"""How often seats are chosen anew, when others took the chosen ones at the same moment."""

_PARALLEL_DAYS = 16


class DynamoAppointmentStore:
    """Tables `appointments` (`appointment_id`, `session_id`), `slots` (`pk`, `bucket`), `limits` (`quota`, `seat`)."""

    def __init__(
        self, *, client: Any, appointments_table: str, slots_table: str, limits_table: str, processed_table: str
    ) -> None:
        self._client = client
        self._appointments = appointments_table
        self._slots = SlotRows(slots_table)
        self._grids = DayGrids(client, self._slots)
        self._quotas = QuotaRows(client, limits_table)
        self._transactions = Transactions(
            client, appointments_table=appointments_table, processed_table=processed_table
        )

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

    async def find(self, appointment_id: str) -> Appointment | None:
        """Return an appointment by the first half of its key."""
        with translated("appointments.query"):
            answer = await self._client.query(
                TableName=self._appointments,
                KeyConditionExpression="appointment_id = :appointment",
                ExpressionAttributeValues=to_item({":appointment": appointment_id}),
                ConsistentRead=True,
                Limit=1,
            )
        items = answer.get("Items", ())
        return appointment_from_item(from_item(items[0])) if items else None

    async def find_session_hold(self, session_id: str, *, at: datetime) -> str | None:
        """Return who has the session's seat."""
        return next(iter(await self._quotas.holders(session_key(session_id), at)), None)

    async def hold(
        self,
        appointment: Appointment,
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
        replaces: Appointment | None = None,
        succeeds: str | None = None,
    ) -> Lost | None:
        """Take every bucket that is free, whose hold had run out at `at`, or that the replaced hold has."""
        wanted = await self._grids.buckets(appointment)
        takes = [self._slots.take(one, appointment, at, replaces) for one in wanted]
        left: list[Bucket] = []
        given: list[dict[str, Any]] = []
        if replaces:
            keys = {bucket.text for bucket in wanted}
            left = [one for one in await self._grids.buckets(replaces) if one.text not in keys]
            given = [self._transactions.put(replaces)]
        lost = await self._write(
            appointment,
            claim,
            takes=takes,
            quotas=quotas,
            at=at,
            leaves=replaces,
            given=given,
            kept=(),
            succeeds=succeeds,
        )
        if lost is None and replaces:
            await self._free_buckets(left, replaces)
        return lost

    async def save(
        self, appointment: Appointment, *, claim: Claim, at: datetime | None = None, quotas: Sequence[Quota] = ()
    ) -> QuotaFull | None:
        """Write the appointment alone, and the seats that it costs."""
        for _ in range(_UNIT_TRIES):
            choices = await self._quotas.choose_units(quotas, at=at or appointment.created_at)
            if isinstance(choices, QuotaFull):
                return choices
            if await self._transactions.write(appointment, claim, [choice.put for choice in choices]) is None:
                return None
        raise TransientError("appointments.save: too many others take the same seats")

    async def confirm(self, appointment: Appointment, *, claim: Claim) -> SlotLost | None:
        """Take the run-out from every bucket and lasting seat, all of which must still be the appointment's."""
        lasting = tuple(unit for unit in appointment.quota_units if unit.is_lasting)
        keeps = [self._slots.keep(bucket, appointment) for bucket in await self._grids.buckets(appointment)]
        keeps += [self._quotas.keep(unit, appointment.appointment_id) for unit in lasting]
        lost = await self._transactions.write(replace(appointment, quota_units=lasting), claim, keeps)
        if lost is not None:
            return SlotLost()
        # They would be free in minutes anyhow, so a crash here costs nobody anything.
        await self._free_units(appointment, [unit for unit in appointment.quota_units if not unit.is_lasting])
        return None

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment first: buckets freed without it would be another's to confirm."""
        await self._transactions.write(appointment, claim, [])
        await self.free(appointment)

    async def free(self, appointment: Appointment) -> None:
        """Delete the buckets and seats that are still the appointment's own."""
        await self._free_buckets(await self._grids.buckets(appointment), appointment)
        await self._free_units(appointment, appointment.quota_units)

    async def move(
        self, old: Appointment, new: Appointment, *, at: datetime, claim: Claim, quotas: Sequence[Quota] = ()
    ) -> Lost | None:
        """Write the set difference in one transaction: the new time is ours before the old one is not."""
        before, after = await self._grids.buckets(old), await self._grids.buckets(new)
        stands = old.state is AppointmentState.CONFIRMED
        # What both times share is surely ours if it is for good; a hold may have lost it, and takes it anew.
        gained = [bucket for bucket in after if bucket not in before or not stands]
        keys = {bucket.text for bucket in after}
        takes = [self._slots.take(bucket, new, at) for bucket in gained]
        left = [bucket for bucket in before if bucket.text not in keys]
        # What is ours for good goes back in the same step. A hold's time may be another's by now, who was accepted
        # after it had run out: that is no reason not to move on, and what is left of it ends by itself.
        given = [self._slots.free(bucket, old) for bucket in left if stands]
        still_held = new.state is AppointmentState.HELD
        kept = tuple(unit for unit in old.quota_units if still_held and not unit.is_lasting)
        lost = await self._write(new, claim, takes=takes, quotas=quotas, at=at, leaves=old, given=given, kept=kept)
        if lost is None and not stands:
            await self._free_buckets(left, old)
        return lost

    async def occupied_times(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[OccupiedTime]:
        """Return what is owned at `at`."""
        limit = asyncio.Semaphore(_PARALLEL_DAYS)
        # A bucket lies in one UTC day, and stands in that day's partition whenever its visit began.
        first = between.start.date()
        days = [first + timedelta(days=n) for n in range((between.end.date() - first).days + 1)]

        async def one_day(day: date) -> list[dict[str, Any]]:
            async with limit:
                return await self._rows(tenant, day)

        return join_occupied_times(await asyncio.gather(*map(one_day, days)), at)

    async def quota_holders(self, keys: Sequence[str], *, at: datetime) -> Mapping[str, Sequence[str]]:
        """Return who has the seats of each key."""
        holders = await asyncio.gather(*(self._quotas.holders(key, at) for key in keys))
        return dict(zip(keys, holders, strict=True))

    async def _write(
        self,
        appointment: Appointment,
        claim: Claim,
        *,
        takes: list[dict[str, Any]],
        quotas: Sequence[Quota],
        at: datetime,
        leaves: Appointment | None,
        given: list[dict[str, Any]],
        kept: tuple[QuotaUnit, ...],
        succeeds: str | None = None,
    ) -> Lost | None:
        """Take buckets and seats, and give back those of `leaves`; what was taken by others meanwhile is told."""
        for _ in range(_UNIT_TRIES):
            choices = await self._quotas.choose_units(
                quotas, at=at, also={leaves.appointment_id} if leaves else (), succeeds=succeeds
            )
            if isinstance(choices, QuotaFull):
                return choices
            units = (*kept, *(choice.unit for choice in choices if choice.quota.is_released_with_appointment))
            left = _units_to_free(leaves, units)
            puts = [choice.put for choice in choices]
            in_step = [
                unit for unit in left if unit.is_lasting and leaves and leaves.state is AppointmentState.CONFIRMED
            ]
            frees = [self._quotas.free(unit, appointment.appointment_id) for unit in in_step]
            lost = await self._transactions.write(
                replace(appointment, quota_units=units), claim, [*takes, *puts, *given, *frees]
            )
            if lost is None:
                if leaves:
                    await self._free_units(leaves, [unit for unit in left if unit not in in_step])
                return None
            if lost < len(takes):
                return SlotLost()
            if lost >= len(takes) + len(puts):
                raise TransientError("appointments: what was to be given back is no longer ours")
        raise TransientError("appointments: too many others take the same seats")

    async def _rows(self, tenant: str, day: date) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query = self._slots.day_query(tenant, day)
        while True:
            with translated("slots.query"):
                answer = await self._client.query(**query)
            rows += answer.get("Items", ())
            if not (after := answer.get("LastEvaluatedKey")):
                return rows
            query["ExclusiveStartKey"] = after

    async def _free_buckets(self, buckets: Sequence[Bucket], appointment: Appointment) -> None:
        await asyncio.gather(*(self._free(self._slots.free(bucket, appointment)) for bucket in buckets))

    async def _free_units(self, appointment: Appointment, units: Sequence[QuotaUnit]) -> None:
        await asyncio.gather(*(self._free(self._quotas.free(unit, appointment.appointment_id)) for unit in units))

    async def _free(self, part: dict[str, Any]) -> None:
        with translated("slots.free"):
            try:
                await self._client.delete_item(**part["Delete"])
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise


def _units_to_free(leaves: Appointment | None, units: Sequence[QuotaUnit]) -> list[QuotaUnit]:
    """Return the seats that an appointment gives up, where others are taken instead."""
    taken = {(unit.key, unit.number) for unit in units}
    return [unit for unit in (leaves.quota_units if leaves else ()) if (unit.key, unit.number) not in taken]
