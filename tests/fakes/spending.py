"""Reservations, usage records and sums in memory."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from shared.errors import TransientError
from shared.ids import new_id
from shared.spending.totals import DayTotals, Totals, count_call, find_days_to_compute, sum_records
from shared.spending.values import CallResult, Cap, Caps, Reservation, Reserved, Spent, UsageRecord


class FakeSpending:
    """A `SpendingStore`, `UsageReports` and `BookingCounts`."""

    def __init__(self) -> None:
        self.records: dict[Hashable, UsageRecord] = {}
        self.committed: defaultdict[Hashable, int] = defaultdict(int)
        self.sums: defaultdict[tuple[str, date, str], Totals] = defaultdict(Totals)
        self.salts: dict[tuple[str, date], str] = {}
        self.warned: set[Hashable] = set()
        self.is_down = False
        self.bookings: dict[tuple[str, date], int] = {}
        """How many visits were confirmed for a business on its day."""

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise TransientError("spending: down")

    async def reserve(self, reservation: Reservation, caps: Caps) -> Reserved | Cap:
        """Set the highest cost of a call aside, unless a cap refuses it."""
        await self._reach()
        counters, amount = _list_counters(reservation), reservation.nano_dollars
        for cap, key in counters.items():
            if cap in caps and self.committed[key] + amount > caps[cap]:
                return cap
        is_first = not self.committed[counters[Cap.VISITOR]]
        for key in counters.values():
            self.committed[key] += amount
        self.records[_find_key(reservation)] = UsageRecord(reservation, None)
        spent = Spent(self.committed[counters[Cap.DAY]], self.committed[counters[Cap.MONTH]])
        return Reserved(replace(reservation, is_first_of_day=is_first), spent)

    async def release(self, reservation: Reservation) -> None:
        """Take a reservation back."""
        await self._reach()
        record = self.records.get(_find_key(reservation))
        if record is None or record.result is not None:
            return
        del self.records[_find_key(reservation)]
        for key in _list_counters(reservation).values():
            self.committed[key] -= reservation.nano_dollars

    async def settle(self, reservation: Reservation, result: CallResult) -> bool:
        """Replace the reservation by the cost."""
        await self._reach()
        record = self.records.get(_find_key(reservation))
        if record is None or record.result is not None:
            return False
        self.records[_find_key(reservation)] = replace(record, result=result)
        for key in _list_counters(reservation).values():
            self.committed[key] += result.nano_dollars - reservation.nano_dollars
        self.sums[reservation.tenant, reservation.day, reservation.model_id] += count_call(
            result, is_first_of_day=reservation.is_first_of_day
        )
        return True

    async def get_address_salt(self, tenant: str, day: date) -> str:
        """Return the day's salt."""
        await self._reach()
        return self.salts.setdefault((tenant, day), new_id())

    async def note_warning(self, tenant: str, day: date, cap: Cap) -> bool:
        """Return whether it is the first warning."""
        await self._reach()
        key = tenant, cap, day if cap is Cap.DAY else f"{day:%Y-%m}"
        is_new = key not in self.warned
        self.warned.add(key)
        return is_new

    async def list_totals(self, tenant: str, first: date, last: date) -> Sequence[DayTotals]:
        """Return the sums of days and models."""
        await self._reach()
        return [
            DayTotals(*key, self.sums[key]) for key in sorted(self.sums) if key[0] == tenant and first <= key[1] <= last
        ]

    async def list_current_totals(self, tenant: str, first: date, last: date, now: datetime) -> Sequence[DayTotals]:
        """Return the sums with what can't be settled any more."""
        written = await self.list_totals(tenant, first, last)
        days = {record.reservation.day for record in self.records.values() if record.reservation.tenant == tenant}
        counted = {day: self.committed[tenant, day] for day in days if first <= day <= last}
        computed = find_days_to_compute(written, counted, now)
        rows = [one for one in written if one.day not in computed]
        for day in computed:
            records = [record async for record in self.iterate_records(tenant, day) if not record.is_open(now)]
            rows += [DayTotals(tenant, *key, totals) for key, totals in sum_records(records).items()]
        return sorted(rows, key=lambda one: (one.day, one.model_id))

    async def count_confirmed(self, tenant: str, first: date, last: date) -> Mapping[date, int]:
        """Return how many visits were confirmed on each day."""
        await self._reach()
        days = sorted(day for owner, day in self.bookings if owner == tenant and first <= day <= last)
        return {day: self.bookings[tenant, day] for day in days}

    async def get_committed(self, tenant: str, day: date) -> tuple[int, int]:
        """Return what counts for the caps of day and month."""
        await self._reach()
        return self.committed[tenant, day], self.committed[tenant, f"{day:%Y-%m}"]

    async def iterate_records(self, tenant: str, day: date) -> AsyncIterator[UsageRecord]:
        """Yield the records of a day."""
        await self._reach()
        for record in [*self.records.values()]:
            if (record.reservation.tenant, record.reservation.day) == (tenant, day):
                yield record

    async def rebuild_day(self, tenant: str, day: date, now: datetime) -> Sequence[DayTotals]:
        """Compute the sums and the counters from the records."""
        records = [record async for record in self.iterate_records(tenant, day)]
        for record in records:
            if record.result is None and not record.is_open(now):
                await self.settle(record.reservation, record.count())
        records = [record async for record in self.iterate_records(tenant, day)]
        for key in [key for key in self.sums if key[:2] == (tenant, day)]:
            del self.sums[key]
        for (_, model_id), totals in sum_records(record for record in records if record.result).items():
            self.sums[tenant, day, model_id] = totals
        difference = sum(record.count().nano_dollars for record in records) - self.committed[tenant, day]
        self.committed[tenant, day] += difference
        self.committed[tenant, f"{day:%Y-%m}"] += difference
        return await self.list_totals(tenant, day, day)

    async def erase_session(self, tenant: str, session_id: str, *, dry_run: bool = False) -> int:
        """Replace the session in its records."""
        await self._reach()
        pseudonym, count = f"erased-{new_id()}", 0
        for key, record in [*self.records.items()]:
            reservation = record.reservation
            if (reservation.tenant, reservation.session_id) != (tenant, session_id):
                continue
            count += 1
            if not dry_run:
                await self.settle(reservation, record.count())
                settled = self.records.pop(key)
                own = replace(
                    reservation,
                    session_id=pseudonym,
                    address_key="",
                    key=replace(reservation.key, command_key=new_id()),
                )
                self.records[_find_key(own)] = UsageRecord(own, settled.count())
        return count


def _find_key(reservation: Reservation) -> Hashable:
    return reservation.tenant, reservation.day, reservation.session_id, reservation.key


def _list_counters(reservation: Reservation) -> dict[Cap, Hashable]:
    tenant, session, day = reservation.tenant, reservation.session_id, reservation.day
    counters: dict[Cap, Hashable] = {
        Cap.SESSION: (tenant, session, "session"),
        Cap.VISITOR: (tenant, session, day),
        Cap.MONTH: (tenant, f"{day:%Y-%m}"),
        Cap.DAY: (tenant, day),
    }
    if reservation.address_key:
        counters[Cap.ADDRESS] = (tenant, day, reservation.address_key, "address")
    return counters
