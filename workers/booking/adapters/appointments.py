"""Stores appointments, their buckets and their quota units in DynamoDB; each change is one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.aws.spending.booking_counts import build_confirmed_item
from shared.claims import Claim
from shared.errors import TransientError
from workers.booking.adapters.appointment_item import item_to_appointment
from workers.booking.adapters.bucket_items import Bucket, SlotRows
from workers.booking.adapters.day_grids import DayGrids
from workers.booking.adapters.joint_moves import JointMoves
from workers.booking.adapters.occupied_days import OccupiedDays
from workers.booking.adapters.quota_rows import MAX_CHOICES, QuotaRows
from workers.booking.adapters.transactions import TooManyBucketsError, Transactions
from workers.booking.domain.quotas import Quota, build_session_quota_key
from workers.booking.domain.values import Appointment, AppointmentState, Interval, OccupiedTime, QuotaUnit
from workers.booking.ports import ConfirmedAt, GridTooFine, Lost, QuotaFull, SlotLost


class DynamoAppointmentStore:
    """Tables `appointments` (`appointment_id`, `session_id`), `slots` (`pk`, `bucket`), `limits` (`quota`, `seat`)."""

    def __init__(
        self, *, client: Any, appointments_table: str, slots_table: str, limits_table: str, processed_table: str
    ) -> None:
        self._client = client
        self._appointments = appointments_table
        self._limits = limits_table
        self._slots = SlotRows(slots_table)
        self._grids = DayGrids(client, self._slots)
        self._days = OccupiedDays(client, self._slots, self._grids)
        self._quotas = QuotaRows(client, limits_table)
        self._transactions = Transactions(
            client, appointments_table=appointments_table, processed_table=processed_table
        )
        self._joint_moves = JointMoves(self._slots, self._grids, self._quotas, self._transactions)

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment: both keys are needed, so another session's is never found."""
        with translate_aws_errors("appointments.get"):
            answer = await self._client.get_item(
                TableName=self._appointments,
                Key=to_item({"appointment_id": appointment_id, "session_id": session_id}),
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return item_to_appointment(from_item(item)) if item else None

    async def find(self, appointment_id: str) -> Appointment | None:
        """Return an appointment by its partition key."""
        with translate_aws_errors("appointments.query"):
            answer = await self._client.query(
                TableName=self._appointments,
                KeyConditionExpression="appointment_id = :appointment",
                ExpressionAttributeValues=to_item({":appointment": appointment_id}),
                ConsistentRead=True,
                Limit=1,
            )
        items = answer.get("Items", ())
        return item_to_appointment(from_item(items[0])) if items else None

    async def find_session_hold(self, session_id: str, *, at: datetime) -> str | None:
        """Return who has the unit of the session's quota."""
        return next(iter(await self._quotas.find_holders(build_session_quota_key(session_id), at)), None)

    async def hold(
        self,
        appointment: Appointment,
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
        replaces: Appointment | None = None,
        stale_holder: str | None = None,
    ) -> Lost | None:
        """Take the buckets, each of which must be free, expired at `at`, or the replaced hold's."""
        buckets = await self._grids.list_buckets(appointment)
        takes = [self._slots.build_take_part(bucket, appointment, at, replaces) for bucket in buckets]
        if replaces is None:
            return await self._hold_new_time(
                appointment, claim, takes=takes, quotas=quotas, at=at, stale_holder=stale_holder
            )
        keys = {bucket.text for bucket in buckets}
        obsolete = [bucket for bucket in await self._grids.list_buckets(replaces) if bucket.text not in keys]
        extra = [self._transactions.build_put_part(replaces)]
        lost = await self._write_change(
            appointment,
            claim,
            takes=takes,
            quotas=quotas,
            at=at,
            releases=replaces,
            extra=extra,
            kept_units=(),
            stale_holder=stale_holder,
        )
        if lost is None:
            await self._free_buckets(obsolete, replaces)
        return lost

    async def _hold_new_time(
        self,
        appointment: Appointment,
        claim: Claim,
        *,
        takes: list[dict[str, Any]],
        quotas: Sequence[Quota],
        at: datetime,
        stale_holder: str | None,
    ) -> Lost | None:
        """Take the units that expire by themselves one by one, which costs half, and then the rest in a transaction.

        If the time is lost, the units are freed. After a crash they expire: a limit may count a request for a while
        that got no hold, but none is ever exceeded. If another attempt of the command has units, all are taken over in
        the transaction.
        """
        written = await self._quotas.take_units(
            [quota for quota in quotas if not quota.is_lasting], at=at, claim=claim, stale_holder=stale_holder
        )
        if isinstance(written, QuotaFull):
            return written
        units = written or []
        lost = await self._write_change(
            appointment,
            claim,
            takes=takes,
            quotas=[quota for quota in quotas if quota.is_lasting or written is None],
            at=at,
            releases=None,
            extra=[],
            kept_units=tuple(choice.unit for choice in units if choice.quota.is_released_with_appointment),
            stale_holder=stale_holder,
        )
        if lost is not None:
            await self._quotas.free_units(units, claim)
        return lost

    async def save(
        self, appointment: Appointment, *, claim: Claim, at: datetime | None = None, quotas: Sequence[Quota] = ()
    ) -> QuotaFull | None:
        """Write the appointment and the units that the change needs."""
        for choice_number in range(MAX_CHOICES):
            choices = await self._quotas.choose_units(
                quotas, at=at or appointment.created_at, may_lag=choice_number == 0
            )
            if isinstance(choices, QuotaFull):
                return choices
            if await self._transactions.write(appointment, claim, [choice.put for choice in choices]) is None:
                return None
        raise TransientError("appointments.save: too many conflicts over quota units")

    async def confirm(
        self,
        appointment: Appointment,
        *,
        claim: Claim,
        confirmed_at: ConfirmedAt | None = None,
        quotas: Sequence[Quota] = (),
    ) -> SlotLost | QuotaFull | None:
        """Remove the expiry of every bucket and lasting unit; all must still belong to the appointment."""
        lasting = tuple(unit for unit in appointment.quota_units if unit.is_lasting)
        keeps = [
            self._slots.build_keep_part(bucket, appointment) for bucket in await self._grids.list_buckets(appointment)
        ]
        keeps += [self._quotas.build_keep_part(unit, appointment.appointment_id) for unit in lasting]
        keeps += self._list_count_parts(appointment, confirmed_at)
        at = confirmed_at.at if confirmed_at else appointment.created_at
        for choice_number in range(MAX_CHOICES):
            choices = await self._quotas.choose_units(quotas, at=at, may_lag=choice_number == 0)
            if isinstance(choices, QuotaFull):
                return choices
            units = (*lasting, *(choice.unit for choice in choices))
            puts = [choice.put for choice in choices]
            lost = await self._transactions.write(replace(appointment, quota_units=units), claim, [*keeps, *puts])
            if lost is None:
                break
            if lost < len(keeps):
                return SlotLost()
        else:
            raise TransientError("appointments.confirm: too many conflicts over quota units")
        # These units expire in minutes anyway, so a crash here does no harm.
        await self._free_units(appointment, [unit for unit in appointment.quota_units if not unit.is_lasting])
        return None

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment before freeing its time, so a crash leaves no active visit without it."""
        await self._transactions.write(appointment, claim, [])
        await self.free(appointment)

    async def free(self, appointment: Appointment) -> None:
        """Delete the buckets and units that still belong to the appointment."""
        await self._free_buckets(await self._grids.list_buckets(appointment), appointment)
        await self._free_units(appointment, appointment.quota_units)

    async def move(
        self,
        old: Appointment,
        new: Appointment,
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
        confirmed_at: ConfirmedAt | None = None,
    ) -> Lost | None:
        """Write the set difference in one transaction, so that the appointment always has one of the two times."""
        before, after = await self._grids.list_buckets(old), await self._grids.list_buckets(new)
        is_confirmed = old.state is AppointmentState.CONFIRMED
        # A confirmed appointment owns the buckets of both times; a hold may have lost them, and takes them again.
        gained = [bucket for bucket in after if bucket not in before or not is_confirmed]
        keys = {bucket.text for bucket in after}
        takes = [self._slots.build_take_part(bucket, new, at) for bucket in gained]
        obsolete = [bucket for bucket in before if bucket.text not in keys]
        # A confirmed appointment's buckets are freed in the same transaction. A hold that has expired may have lost its
        # buckets to another appointment. That must not prevent the move, and the rest expires by itself.
        extra = [self._slots.build_free_part(bucket, old) for bucket in obsolete if is_confirmed]
        extra += self._list_count_parts(new, confirmed_at)
        still_held = new.state is AppointmentState.HELD
        replaced_keys = {quota.key for quota in quotas}
        kept_units = tuple(
            unit
            for unit in old.quota_units
            if not unit.is_lasting and (is_confirmed or (still_held and unit.key not in replaced_keys))
        )
        lost = await self._write_change(
            new, claim, takes=takes, quotas=quotas, at=at, releases=old, extra=extra, kept_units=kept_units
        )
        if lost is None and not is_confirmed:
            await self._free_buckets(obsolete, old)
        return lost

    async def move_together(
        self,
        moves: Sequence[tuple[Appointment, Appointment]],
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
    ) -> Lost | None:
        """Write the set difference of all the times in one transaction."""
        return await self._joint_moves.write(moves, at=at, claim=claim, quotas=quotas)

    async def find_occupied_times(
        self, tenant: str, between: Interval, *, at: datetime, may_lag: bool = False
    ) -> Sequence[OccupiedTime]:
        """Return the times of all buckets that are owned at `at`."""
        return await self._days.find_occupied_times(tenant, between, at=at, may_lag=may_lag)

    async def find_day_grids(self, tenant: str, between: Interval) -> Mapping[date, int]:
        """Return the sizes that were among the rows of the occupied times: no further read is needed."""
        return self._grids.list_known(tenant, between)

    async def find_quota_holders(self, keys: Sequence[str], *, at: datetime) -> Mapping[str, Sequence[str]]:
        """Return who has the units of each key."""
        holders = await asyncio.gather(*(self._quotas.find_holders(key, at) for key in keys))
        return dict(zip(keys, holders, strict=True))

    async def find_full_quota(
        self,
        quotas: Sequence[Quota],
        *,
        at: datetime,
        replaces: Appointment | None = None,
        stale_holder: str | None = None,
    ) -> QuotaFull | None:
        """Choose the units as a hold would, without taking them."""
        also = (replaces.appointment_id,) if replaces else ()
        choices = await self._quotas.choose_units(quotas, at=at, may_lag=True, also=also, stale_holder=stale_holder)
        return choices if isinstance(choices, QuotaFull) else None

    def _list_count_parts(self, appointment: Appointment, confirmed_at: ConfirmedAt | None) -> list[dict[str, Any]]:
        """Return the part that counts the visit among those that were confirmed on a day."""
        if confirmed_at is None:
            return []
        item = build_confirmed_item(
            appointment.tenant, appointment.appointment_id, day=confirmed_at.day, now=confirmed_at.at
        )
        return [{"Put": {"TableName": self._limits, "Item": item}}]

    async def _write_change(
        self,
        appointment: Appointment,
        claim: Claim,
        *,
        takes: list[dict[str, Any]],
        quotas: Sequence[Quota],
        at: datetime,
        releases: Appointment | None,
        extra: list[dict[str, Any]],
        kept_units: tuple[QuotaUnit, ...],
        stale_holder: str | None = None,
    ) -> Lost | None:
        """Take buckets and units, and free those of `releases`; return what another appointment has taken meanwhile."""
        for choice_number in range(MAX_CHOICES):
            choices = await self._quotas.choose_units(
                quotas,
                at=at,
                may_lag=choice_number == 0,
                also={releases.appointment_id} if releases else (),
                stale_holder=stale_holder,
            )
            if isinstance(choices, QuotaFull):
                return choices
            units = (*kept_units, *(choice.unit for choice in choices if choice.quota.is_released_with_appointment))
            obsolete = _select_units_to_free(releases, units)
            puts = [choice.put for choice in choices]
            in_transaction = [
                unit
                for unit in obsolete
                if unit.is_lasting and releases and releases.state is AppointmentState.CONFIRMED
            ]
            frees = [self._quotas.build_free_part(unit, appointment.appointment_id) for unit in in_transaction]
            try:
                lost = await self._transactions.write(
                    replace(appointment, quota_units=units), claim, [*takes, *puts, *extra, *frees]
                )
            except TooManyBucketsError:
                return GridTooFine()
            if lost is None:
                if releases:
                    await self._free_units(releases, [unit for unit in obsolete if unit not in in_transaction])
                return None
            if lost < len(takes):
                return SlotLost()
            if lost >= len(takes) + len(puts):
                raise TransientError("appointments: what was to be freed belongs to another appointment")
        raise TransientError("appointments: too many conflicts over quota units")

    async def _free_buckets(self, buckets: Sequence[Bucket], appointment: Appointment) -> None:
        await asyncio.gather(
            *(self._delete_row_if_owned(self._slots.build_free_part(bucket, appointment)) for bucket in buckets)
        )

    async def _free_units(self, appointment: Appointment, units: Sequence[QuotaUnit]) -> None:
        await asyncio.gather(
            *(
                self._delete_row_if_owned(self._quotas.build_free_part(unit, appointment.appointment_id))
                for unit in units
            )
        )

    async def _delete_row_if_owned(self, part: dict[str, Any]) -> None:
        with translate_aws_errors("slots.free"):
            try:
                await self._client.delete_item(**part["Delete"])
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise


def _select_units_to_free(releases: Appointment | None, units: Sequence[QuotaUnit]) -> list[QuotaUnit]:
    """Return the units that an appointment no longer needs."""
    kept = {(unit.key, unit.number) for unit in units}
    return [unit for unit in (releases.quota_units if releases else ()) if (unit.key, unit.number) not in kept]
