"""Writes an appointment in each state, with its buckets of time and its units of quotas."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.compatibility.rows.tables import (
    EMAIL,
    HOUR,
    PHONE,
    PROFILE,
    SECRET,
    TEN,
    TENANT,
    Tables,
    appointment_id_of,
    key_of,
)
from tests.fakes.clock import NOON
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.hold import create_hold
from workers.booking.domain.quotas import list_day_quotas, list_hold_quotas, list_send_quotas
from workers.booking.domain.values import Appointment, AppointmentState, ChangeKind, LastChange


def hold_of(name: str, start: datetime, **changes: Any) -> Appointment:
    """Return a hold as the handler places it."""
    hold = create_hold(
        appointment_id=appointment_id_of(name),
        session_id=f"kept-{name}",
        tenant=TENANT,
        service=PROFILE.services[0],
        start=start,
        contact=EMAIL,
        name="Jan",
        note="proszę cicho",
        locale="pl",
        now=NOON,
    )
    return replace(hold, **{"grid_minutes": 10, "last_change": LastChange(key_of(name)), **changes})


async def held(tables: Tables, name: str, start: datetime, *, source_ip: str, **changes: Any) -> Appointment:
    """Hold a time with every quota that bounds it; return what is stored."""
    hold = hold_of(name, start, **changes)
    quotas = [
        *list_hold_quotas(hold, secret=SECRET, source_ip=source_ip, holds_per_address=5),
        *list_send_quotas(hold, secret=SECRET, source_ip=source_ip, sends_per_address=30, at=NOON),
        *list_day_quotas(PROFILE, PROFILE.services[0], hold),
    ]
    claim = await tables.claim(f"{name}-hold")
    assert await tables.appointments.hold(hold, at=NOON, claim=claim, quotas=quotas) is None
    stored = await tables.appointments.get(hold.appointment_id, hold.session_id)
    assert stored is not None
    return stored


async def confirmed(tables: Tables, name: str, start: datetime, **changes: Any) -> Appointment:
    """Hold and confirm a time."""
    hold = await held(tables, name, start, source_ip="2001:db8:1:2:3::4", contact=PHONE, resource="room/3")
    visit = replace(
        hold,
        state=AppointmentState.CONFIRMED,
        hold_expires_at=None,
        version=hold.version + 1,
        calendar_event_id=build_event_id(hold.appointment_id),
        calendars=("older calendar", "calendar"),
        **changes,
    )
    assert await tables.appointments.confirm(visit, claim=await tables.claim(f"{name}-confirm")) is None
    return visit


async def write_appointments(tables: Tables) -> None:
    """Write an appointment in each state, with its buckets of time and its units of quotas."""
    await held(tables, "held", TEN, source_ip="192.0.2.7")
    proved = await held(tables, "proved", TEN + 2 * HOUR, source_ip="")
    proved = replace(proved, verified=True, code_attempts=2, version=2)
    await tables.appointments.save(proved, claim=await tables.claim("proved-save"))
    await confirmed(tables, "confirmed", TEN)
    visit = await confirmed(
        tables, "moved", TEN + 4 * HOUR, last_change=LastChange(key_of("moved"), ChangeKind.HANDOVER_REFUSED)
    )
    stored = await tables.appointments.get(visit.appointment_id, visit.session_id)
    assert stored is not None
    gone = await held(tables, "cancelled", TEN + 6 * HOUR, source_ip="", contact=PHONE)
    gone = replace(gone, state=AppointmentState.CANCELLED, hold_expires_at=None, version=2)
    await tables.appointments.cancel(gone, claim=await tables.claim("cancelled-cancel"))
