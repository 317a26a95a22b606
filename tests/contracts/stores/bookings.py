"""Helpers for the contract tests of appointments: visits of a business that no other test uses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.ids import derive_id, new_id
from shared.tenants.services import Service
from workers.booking.domain.hold import create_hold
from workers.booking.domain.values import AppointmentState, Contact, Interval, LastChange

NINE = datetime(2026, 1, 13, 9, tzinfo=UTC)
LEASE = timedelta(seconds=30)
LONG = timedelta(minutes=16)
"""Longer than a hold lasts."""

HOUR = Service.model_validate({"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 60})
BUFFERED = HOUR.model_copy(update={"buffer_before_minutes": 10, "buffer_after_minutes": 20})


class Desk:
    """One business's appointments in one kind of store; every call uses its own command."""

    def __init__(self, stores, clock):
        self.stores = stores
        self.store = stores.appointments
        self.clock = clock
        self.tenant = new_id()

    async def claim(self, key=None):
        return await self.stores.claims.claim(key or new_id(), fingerprint="print", lease=LEASE)

    def visit(self, start=NINE, *, service=HOUR, session_id=None, grid_minutes=15, resource="default"):
        hold = create_hold(
            appointment_id=derive_id(new_id(), "appointment"),
            session_id=session_id or new_id(),
            tenant=self.tenant,
            service=service,
            start=start,
            contact=Contact("email", "jan@example.com"),
            name="Jan",
            note="",
            locale="pl",
            now=self.clock.now(),
        )
        return replace(hold, grid_minutes=grid_minutes, resource=resource)

    async def hold(self, appointment, replaces=None, quotas=()):
        claim = await self.claim()
        return await self.store.hold(appointment, at=self.clock.now(), claim=claim, replaces=replaces, quotas=quotas)

    async def held(self, start=NINE, **changes):
        """Return a visit with a hold."""
        appointment = self.visit(start, **changes)
        assert await self.hold(appointment) is None
        return appointment

    async def confirmed(self, start=NINE, **changes):
        """Return a visit that was held and confirmed."""
        appointment = confirmed(await self.held(start, **changes))
        assert await self.store.confirm(appointment, claim=await self.claim()) is None
        return appointment

    async def stored(self, appointment):
        return await self.store.get(appointment.appointment_id, appointment.session_id)

    async def occupied_minutes(self, start=NINE, *, hours=8):
        """Return the occupied minutes from `start`, as pairs of offsets, with adjacent ones joined."""
        window = Interval(start, start + timedelta(hours=hours))
        spans = []
        found = await self.store.find_occupied_times(self.tenant, window, at=self.clock.now())
        for interval in sorted((one.interval for one in found), key=lambda interval: interval.start):
            if not interval.overlaps(window):
                continue
            begins, ends = ((edge - start) // timedelta(minutes=1) for edge in (interval.start, interval.end))
            if spans and spans[-1][1] == begins:
                spans[-1] = (spans[-1][0], ends)
            else:
                spans.append((begins, ends))
        return spans


def confirmed(hold):
    return replace(
        hold,
        state=AppointmentState.CONFIRMED,
        hold_expires_at=None,
        version=hold.version + 1,
        calendar_event_id=derive_id(hold.appointment_id, "event"),
        last_change=LastChange("the command"),
    )


def cancelled(appointment):
    return replace(appointment, state=AppointmentState.CANCELLED, version=appointment.version + 1)


def moved(appointment, by):
    return replace(
        appointment,
        start=appointment.start + by,
        end=appointment.end + by,
        blocked=Interval(appointment.blocked.start + by, appointment.blocked.end + by),
        version=appointment.version + 1,
    )
