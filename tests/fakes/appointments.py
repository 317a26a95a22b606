"""An in-memory appointment store with buckets and quota units, under the same conditions as the real tables."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.claims import Claim
from shared.errors import TransientError
from tests.fakes.claims import FakeClaims
from workers.booking.adapters.bucket_items import list_utc_days
from workers.booking.domain.grid import list_bucket_starts
from workers.booking.domain.quotas import HeldMinutes, Quota, build_session_quota_key
from workers.booking.domain.values import Appointment, AppointmentState, Interval, OccupiedTime, QuotaUnit
from workers.booking.ports import ConfirmedAt, GridTooFine, Lost, QuotaFull, SlotLost

Key = tuple[str, str, datetime]
"""Tenant, resource and start of a bucket."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The owner of a bucket; `hold_until` is None once it is permanent."""

    ends: datetime
    appointment_id: str
    session_id: str
    hold_until: datetime | None

    def is_owned(self, at: datetime) -> bool:
        """Return whether the bucket is owned: it is permanent, or its hold has not expired."""
        return self.hold_until is None or self.hold_until > at


class FakeAppointments:
    """An `AppointmentStore`: each write checks everything first and then writes, with no `await` in between."""

    def __init__(self, claims: FakeClaims) -> None:
        self._claims = claims
        self.rows: dict[tuple[str, str], Appointment] = {}
        self.buckets: dict[Key, Bucket] = {}
        self.units: dict[tuple[str, int], tuple[str, datetime | None]] = {}
        """The holder of each quota unit, and until when."""
        self.held_minutes: dict[tuple[str, int], HeldMinutes] = {}
        """What each unit keeps, where its quota is a share of time."""
        self.writes = 0
        """How many changes were written."""
        self.stuck: list[Exception] = []
        """Each is raised by one of the next attempts to free buckets, before any is free."""
        self.day_grids: dict[tuple[str, date], int] = {}
        """The size of the buckets that the first booking of a business on a UTC day has fixed."""
        self.is_grid_too_fine = False
        """Whether every visit needs too many of the day's buckets."""
        self.confirmed: dict[tuple[str, date], set[str]] = {}
        """The visits that were confirmed for a business on its day."""
        self._errors: list[Exception] = []

    def fail(self, *errors: Exception) -> None:
        """Raise each of the errors at one of the next writes, in this order."""
        self._errors += errors

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment; None for one of another session."""
        await asyncio.sleep(0)
        return self.rows.get((appointment_id, session_id))

    async def find(self, appointment_id: str) -> Appointment | None:
        """Return an appointment of any session."""
        await asyncio.sleep(0)
        return next((one for (found, _), one in self.rows.items() if found == appointment_id), None)

    async def find_session_hold(self, session_id: str, *, at: datetime) -> str | None:
        """Return the holder of the session's unit."""
        await asyncio.sleep(0)
        return next(
            (holder for holder, _ in self._current_holders(build_session_quota_key(session_id), at).values()), None
        )

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
        """Take every bucket and unit and write the appointment; the replaced hold's are transferred."""
        await self._begin(claim)
        if self.is_grid_too_fine:
            return GridTooFine()
        ours = {appointment.appointment_id} | ({replaces.appointment_id} if replaces else set())
        chosen = self._choose(quotas, ours, at, stale_holder)
        if isinstance(chosen, QuotaFull):
            return chosen
        needed = _keys(appointment)
        if self._is_occupied(needed, ours, at):
            return SlotLost()
        freed = [key for key in _keys(replaces) if key not in needed] if replaces else []
        if replaces and not self._follows(replaces):
            raise TransientError("appointments.hold: the replaced hold changed meanwhile")
        self._demand_version(appointment)
        if replaces:
            self._free_buckets(freed, replaces)
            self._free_units(replaces.quota_units, replaces)
            self._write(replaces)
        self._take(needed, appointment)
        self._write(replace(appointment, quota_units=self._assign_units(chosen)))
        return None

    async def save(
        self, appointment: Appointment, *, claim: Claim, at: datetime | None = None, quotas: Sequence[Quota] = ()
    ) -> QuotaFull | None:
        """Write a change that affects no bucket; the previous version must still be stored."""
        await self._begin(claim)
        chosen = self._choose(quotas, set(), at or appointment.created_at)
        if isinstance(chosen, QuotaFull):
            return chosen
        self._demand_version(appointment)
        self._assign_units(chosen)
        self._write(appointment)
        return None

    async def confirm(
        self,
        appointment: Appointment,
        *,
        claim: Claim,
        confirmed_at: ConfirmedAt | None = None,
        quotas: Sequence[Quota] = (),
    ) -> SlotLost | QuotaFull | None:
        """Write the confirmed appointment and keep its buckets permanently; it must still own each of them."""
        await self._begin(claim)
        lasting = tuple(unit for unit in appointment.quota_units if unit.is_lasting)
        seated = all(self.units.get((one.key, one.number), ("",))[0] == appointment.appointment_id for one in lasting)
        if not (self._all_own(_keys(appointment), appointment) and seated):
            return SlotLost()
        at = confirmed_at.at if confirmed_at else appointment.created_at
        chosen = self._choose(quotas, set(), at)
        if isinstance(chosen, QuotaFull):
            return chosen
        self._demand_version(appointment)
        self._take(_keys(appointment), appointment)
        for unit in lasting:
            self.units[unit.key, unit.number] = (appointment.appointment_id, None)
        self._free_units([unit for unit in appointment.quota_units if not unit.is_lasting], appointment)
        self._write(replace(appointment, quota_units=(*lasting, *self._assign_units(chosen))))
        self._count(appointment, confirmed_at)
        return None

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment, then free the buckets and units that it still owns."""
        await self.save(appointment, claim=claim)
        await self.free(appointment)

    async def free(self, appointment: Appointment) -> None:
        """Free the buckets and units that the appointment still owns."""
        await asyncio.sleep(0)
        if self.stuck:
            raise self.stuck.pop(0)
        self._free_buckets(_keys(appointment), appointment)
        self._free_units(appointment.quota_units, appointment)

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
        """Take the buckets that only the new time needs, and free those that only the old time needed."""
        await self._begin(claim)
        if self.is_grid_too_fine:
            return GridTooFine()
        chosen = self._choose(quotas, {new.appointment_id}, at)
        if isinstance(chosen, QuotaFull):
            return chosen
        before, after = _keys(old), _keys(new)
        stands = old.state is AppointmentState.CONFIRMED
        gained = {key: ends for key, ends in after.items() if before.get(key) != ends or not stands}
        freed = [key for key in before if key not in after]
        if self._is_occupied(gained, {new.appointment_id}, at):
            return SlotLost()
        if stands and not self._all_own(freed, old):
            raise TransientError("appointments.move: the old time is no longer ours")
        self._demand_version(new)
        self._free_buckets(freed, old)
        self._take(gained, new)
        replaced_keys = {quota.key for quota in quotas}
        kept_units = tuple(
            unit
            for unit in old.quota_units
            if not unit.is_lasting
            and (stands or (new.state is AppointmentState.HELD and unit.key not in replaced_keys))
        )
        self._free_units([unit for unit in old.quota_units if unit not in kept_units], old)
        self._write(replace(new, quota_units=(*kept_units, *self._assign_units(chosen))))
        self._count(new, confirmed_at)
        return None

    def _count(self, appointment: Appointment, confirmed_at: ConfirmedAt | None) -> None:
        if confirmed_at:
            self.confirmed.setdefault((appointment.tenant, confirmed_at.day), set()).add(appointment.appointment_id)

    async def count_confirmed(self, tenant: str, first: date, last: date) -> Mapping[date, int]:
        """Count the visits that were confirmed on each day, as `BookingCounts`."""
        await asyncio.sleep(0)
        days = sorted(day for owner, day in self.confirmed if owner == tenant and first <= day <= last)
        return {day: len(self.confirmed[tenant, day]) for day in days}

    async def move_together(
        self,
        moves: Sequence[tuple[Appointment, Appointment]],
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
    ) -> Lost | None:
        """Give each visit its new time and free what none of them needs; holds lose their time."""
        await self._begin(claim)
        if self.is_grid_too_fine:
            return GridTooFine()
        ours = {old.appointment_id for old, _ in moves}
        chosen = self._choose(quotas, ours, at)
        if isinstance(chosen, QuotaFull):
            return chosen
        needed = [key for _, new in moves for key in _keys(new)]
        holds = {bucket.appointment_id for bucket in self.buckets.values() if bucket.hold_until is not None}
        if len(set(needed)) < len(needed) or any(self._is_occupied(_keys(new), ours | holds, at) for _, new in moves):
            return SlotLost()
        freed = {key: old for old, _ in moves for key in _keys(old) if key not in needed}
        if not all(self._all_own([key], old) for key, old in freed.items()):
            raise TransientError("appointments.move_together: the old time is no longer ours")
        for _, new in moves:
            self._demand_version(new)
        for key, old in freed.items():
            self._free_buckets([key], old)
        for old, _ in moves:
            self._free_units([unit for unit in old.quota_units if unit.is_lasting], old)
        self._assign_units(chosen)
        for _, new in moves:
            self._take(_keys(new), new)
            units = [
                QuotaUnit(quota.key, number, quota.is_lasting)
                for quota, number in chosen
                if quota.holder == new.appointment_id
            ]
            kept = [unit for unit in new.quota_units if not unit.is_lasting]
            self._write(replace(new, quota_units=(*units, *kept)))
        return None

    async def find_occupied_times(
        self, tenant: str, between: Interval, *, at: datetime, may_lag: bool = False
    ) -> Sequence[OccupiedTime]:
        """Return the times of holds and confirmed appointments at `at`, buffers included, those that overlap whole."""
        del may_lag
        await asyncio.sleep(0)
        owned = [
            OccupiedTime(
                Interval(start, bucket.ends), resource, bucket.appointment_id, is_held=bucket.hold_until is not None
            )
            for (owner_tenant, resource, start), bucket in sorted(self.buckets.items())
            if owner_tenant == tenant and bucket.is_owned(at)
        ]
        days = set(list_utc_days(between))
        wanted = {one.appointment_id for one in owned if not days.isdisjoint(list_utc_days(one.interval))}
        return [one for one in owned if one.appointment_id in wanted]

    async def find_day_grids(self, tenant: str, between: Interval) -> Mapping[date, int]:
        """Return the grids that the first booking of each day has fixed."""
        await asyncio.sleep(0)
        days = list_utc_days(between)
        return {day: size for (owner, day), size in self.day_grids.items() if owner == tenant and day in days}

    async def find_quota_holders(self, keys: Sequence[str], *, at: datetime) -> Mapping[str, Sequence[str]]:
        """Return the holders of each key's units."""
        await asyncio.sleep(0)
        return {key: [holder for holder, _ in self._current_holders(key, at).values()] for key in keys}

    async def find_full_quota(
        self,
        quotas: Sequence[Quota],
        *,
        at: datetime,
        replaces: Appointment | None = None,
        stale_holder: str | None = None,
    ) -> QuotaFull | None:
        """Choose the units as a hold would."""
        await asyncio.sleep(0)
        ours = {replaces.appointment_id} if replaces else set()
        chosen = self._choose(quotas, ours, at, stale_holder)
        return chosen if isinstance(chosen, QuotaFull) else None

    async def _begin(self, claim: Claim) -> None:
        await asyncio.sleep(0)
        if self._errors:
            raise self._errors.pop(0)
        self._claims.demand(claim)

    def _current_holders(self, key: str, at: datetime) -> dict[int, tuple[str, datetime | None]]:
        return {
            number: (holder, until)
            for (quota, number), (holder, until) in self.units.items()
            if quota == key and (until is None or until > at)
        }

    def _choose(
        self, quotas: Sequence[Quota], ours: set[str], at: datetime, stale_holder: str | None = None
    ) -> list[tuple[Quota, int]] | QuotaFull:
        chosen: list[tuple[Quota, int]] = []
        full: list[QuotaFull] = []
        held = {(key, holder) for (key, _), (holder, _) in self.units.items()}
        rivals: frozenset[str] = frozenset().union(
            *(
                one.find_rivals(self._list_held_minutes(one, self._find_others(one, {*ours, one.holder}, at)))
                for one in quotas
            )
        )
        for quota in sorted(quotas, key=lambda quota: (quota.key, quota.holder) not in held):
            mine = {*ours, quota.holder, *([stale_holder] if stale_holder and not quota.is_lasting else [])}
            others = self._find_others(quota, mine, at)
            free = set(range(quota.units)) - set(others) - {number for one, number in chosen if one.key == quota.key}
            held_by_others = self._list_held_minutes(quota, others)
            if not free or not quota.has_room(held_by_others):
                ends = [until for _, until in others.values()]
                first = min((end for end in ends if end), default=None) if None not in ends else None
                full.append(QuotaFull(quota.bound, first, quota.has_room_with_proof(held_by_others), rivals))
                continue
            if not quota.takes_unit:
                continue
            own = [number for number in sorted(free) if self.units.get((quota.key, number), ("",))[0] == quota.holder]
            chosen.append((quota, own[0] if own else min(free)))
        return min(full, key=lambda one: one.has_room_with_proof) if full else chosen

    def _find_others(self, quota: Quota, mine: set[str], at: datetime) -> dict[int, tuple[str, datetime | None]]:
        units = self._current_holders(quota.key, at).items()
        return {number: unit for number, unit in units if unit[0] not in mine}

    def _list_held_minutes(self, quota: Quota, numbers: Iterable[int]) -> list[HeldMinutes]:
        return [self.held_minutes.get((quota.key, number), HeldMinutes(0, ())) for number in numbers]

    def _assign_units(self, chosen: Sequence[tuple[Quota, int]]) -> tuple[QuotaUnit, ...]:
        for quota, number in chosen:
            self.units[quota.key, number] = (quota.holder, quota.until)
            networks = [one.network for one in quota.networks]
            self.held_minutes[quota.key, number] = HeldMinutes(quota.minutes, networks, quota.holder, quota.start)
        return tuple(
            QuotaUnit(quota.key, number, quota.is_lasting)
            for quota, number in chosen
            if quota.is_released_with_appointment
        )

    def _free_buckets(self, keys: Iterable[Key], appointment: Appointment) -> None:
        for key in keys:
            if self._all_own([key], appointment):
                del self.buckets[key]

    def _free_units(self, units: Sequence[QuotaUnit], appointment: Appointment) -> None:
        for unit in units:
            if self.units.get((unit.key, unit.number), ("",))[0] == appointment.appointment_id:
                del self.units[unit.key, unit.number]

    def _is_occupied(self, keys: dict[Key, datetime], ours: set[str], at: datetime) -> bool:
        # By overlap and not by key: after a change of the profile, buckets may have another size.
        found = (
            bucket
            for (tenant, resource, start), bucket in self.buckets.items()
            if any(
                (tenant, resource) == key[:2] and start < ends and key[2] < bucket.ends for key, ends in keys.items()
            )
        )
        return any(one.is_owned(at) and one.appointment_id not in ours for one in found)

    def _all_own(self, keys: Sequence[Key] | dict[Key, datetime], appointment: Appointment) -> bool:
        owners = (self.buckets.get(key) for key in keys)
        return all(one is not None and one.appointment_id == appointment.appointment_id for one in owners)

    def _follows(self, appointment: Appointment) -> bool:
        stored = self.rows.get((appointment.appointment_id, appointment.session_id))
        return (stored.version if stored else 0) == appointment.version - 1

    def _demand_version(self, appointment: Appointment) -> None:
        if not self._follows(appointment):
            raise TransientError("appointments: changed meanwhile")

    def _take(self, keys: dict[Key, datetime], appointment: Appointment) -> None:
        for day in list_utc_days(appointment.blocked):
            self.day_grids.setdefault((appointment.tenant, day), appointment.grid_minutes)
        until = appointment.hold_expires_at if appointment.state is AppointmentState.HELD else None
        for key, ends in keys.items():
            self.buckets[key] = Bucket(ends, appointment.appointment_id, appointment.session_id, until)

    def _write(self, appointment: Appointment) -> None:
        self.rows[appointment.appointment_id, appointment.session_id] = appointment
        self.writes += 1


def _keys(appointment: Appointment) -> dict[Key, datetime]:
    """Return the buckets that an appointment blocks, with their ends."""
    size = timedelta(minutes=appointment.grid_minutes)
    starts = list_bucket_starts(appointment.blocked, appointment.grid_minutes)
    return {(appointment.tenant, appointment.resource, start): start + size for start in starts}
