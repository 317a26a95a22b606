"""Appointments and their buckets of time in memory, under the same conditions as the real tables."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import TransientError
from shared.ports import Claim
from tests.fakes.claims import FakeClaims
from workers.booking.domain.grid import buckets
from workers.booking.domain.values import Appointment, AppointmentState, Interval
from workers.booking.ports import SlotLost

Key = tuple[str, datetime]
"""Tenant and start of a bucket."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Who has a piece of a tenant's time; `hold_until` is None once it is for good."""

    ends: datetime
    appointment_id: str
    session_id: str
    hold_until: datetime | None

    def is_owned(self, at: datetime) -> bool:
        """Whether the bucket's hold, if it is one, still counts."""
        return self.hold_until is None or self.hold_until > at


class FakeAppointments:
    """An `AppointmentStore`: each write checks everything first and then writes, with no `await` in between."""

    def __init__(self, claims: FakeClaims) -> None:
        self._claims = claims
        self.rows: dict[tuple[str, str], Appointment] = {}
        self.buckets: dict[Key, Bucket] = {}
        self.writes = 0
        """How many changes were written."""
        self.stuck: list[Exception] = []
        """Each is raised by one of the next attempts to free buckets, before any is free."""
        self._trouble: list[Exception] = []

    def fail(self, *errors: Exception) -> None:
        """Raise each of the errors at one of the next writes, in this order."""
        self._trouble += errors

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment; another session's is as good as none."""
        await asyncio.sleep(0)
        return self.rows.get((appointment_id, session_id))

    async def hold(
        self, appointment: Appointment, *, at: datetime, claim: Claim, replaces: Appointment | None = None
    ) -> SlotLost | None:
        """Take every bucket and write the appointment; the replaced hold's buckets go over."""
        await self._begin(claim)
        ours = {appointment.appointment_id} | ({replaces.appointment_id} if replaces else set())
        wanted = _keys(appointment)
        if lost := self._first_taken(wanted, ours, at):
            return self._lost(lost, appointment)
        given = [key for key in _keys(replaces) if key not in wanted] if replaces else []
        if replaces and not (self._all_own(given, replaces) and self._follows(replaces)):
            raise TransientError("appointments.hold: the replaced hold changed meanwhile")
        self._demand_version(appointment)
        for key in given:
            del self.buckets[key]
        if replaces:
            self._write(replaces)
        self._take(wanted, appointment)
        self._write(appointment)
        return None

    async def save(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write a change that touches no bucket; the version before it must still stand."""
        await self._begin(claim)
        self._demand_version(appointment)
        self._write(appointment)

    async def confirm(self, appointment: Appointment, *, claim: Claim) -> SlotLost | None:
        """Write the confirmed appointment and keep its buckets for good; each must still be its own."""
        await self._begin(claim)
        if not self._all_own(_keys(appointment), appointment):
            return SlotLost()
        self._demand_version(appointment)
        self._take(_keys(appointment), appointment)
        self._write(appointment)
        return None

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment, then free those buckets that are its own."""
        await self.save(appointment, claim=claim)
        await self.free(appointment)

    async def free(self, appointment: Appointment) -> None:
        """Free those buckets that are still the appointment's own."""
        await asyncio.sleep(0)
        if self.stuck:
            raise self.stuck.pop(0)
        for key in _keys(appointment):
            if self._all_own([key], appointment):
                del self.buckets[key]

    async def move(self, old: Appointment, new: Appointment, *, at: datetime, claim: Claim) -> SlotLost | None:
        """Take the buckets that only the new time needs, free those that only the old one had."""
        await self._begin(claim)
        before, after = _keys(old), _keys(new)
        gained = {key: ends for key, ends in after.items() if before.get(key) != ends}
        given = [key for key in before if key not in after]
        if lost := self._first_taken(gained, {new.appointment_id}, at):
            return self._lost(lost, new)
        if not self._all_own(given, old):
            raise TransientError("appointments.move: the old time is no longer ours")
        self._demand_version(new)
        for key in given:
            del self.buckets[key]
        self._take(gained, new)
        self._write(new)
        return None

    async def taken(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[Interval]:
        """Return what is held or confirmed at `at`, buffers included."""
        await asyncio.sleep(0)
        owned = (
            Interval(start, bucket.ends)
            for (whose, start), bucket in sorted(self.buckets.items())
            if whose == tenant and bucket.is_owned(at)
        )
        return [interval for interval in owned if interval.overlaps(between)]

    async def _begin(self, claim: Claim) -> None:
        await asyncio.sleep(0)
        if self._trouble:
            raise self._trouble.pop(0)
        self._claims.demand(claim)

    def _first_taken(self, keys: dict[Key, datetime], ours: set[str], at: datetime) -> Bucket | None:
        # By overlap and not by key: buckets of a profile that has changed since may be of another size.
        found = (
            bucket
            for (tenant, start), bucket in self.buckets.items()
            if any(tenant == key[0] and start < ends and key[1] < bucket.ends for key, ends in keys.items())
        )
        return next((one for one in found if one.is_owned(at) and one.appointment_id not in ours), None)

    def _lost(self, bucket: Bucket, wished: Appointment) -> SlotLost:
        return SlotLost(bucket.appointment_id if bucket.session_id == wished.session_id else None)

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
        until = appointment.hold_expires_at if appointment.state is AppointmentState.HELD else None
        for key, ends in keys.items():
            self.buckets[key] = Bucket(ends, appointment.appointment_id, appointment.session_id, until)

    def _write(self, appointment: Appointment) -> None:
        self.rows[appointment.appointment_id, appointment.session_id] = appointment
        self.writes += 1


def _keys(appointment: Appointment) -> dict[Key, datetime]:
    """Return the buckets that an appointment blocks, with their ends."""
    size = timedelta(minutes=appointment.grid_minutes)
    starts = buckets(appointment.blocked, appointment.grid_minutes)
    return {(appointment.tenant, start): start + size for start in starts}
