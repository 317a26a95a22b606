"""Appointments, occupied times and quota units that the previous release stored."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.compatibility.rows.tables import EMAIL, HOUR, PHONE, PROFILE, SECRET, TEN, TENANT, appointment_id_of, key_of
from tests.compatibility.rows.writing_appointments import hold_of
from tests.fakes.clock import NOON
from workers.booking.domain.quotas import Bound, build_day_quota_key, build_session_quota_key, list_hold_quotas
from workers.booking.domain.values import AppointmentState, ChangeKind, Interval, LastChange
from workers.booking.ports import QuotaFull, SlotLost

pytestmark = pytest.mark.usefixtures("stored")
MINUTE = timedelta(minutes=1)


async def read(tables, name):
    return await tables.appointments.get(appointment_id_of(name), f"kept-{name}")


@pytest.mark.usefixtures("changing")
async def test_a_hold_is_read_with_every_field(tables):
    """It can still be confirmed."""
    hold = await read(tables, "held")
    assert hold == replace(hold_of("held", TEN), quota_units=hold.quota_units)
    assert sorted((unit.key, unit.is_lasting) for unit in hold.quota_units) == [
        ("address#5965ed6c55017012d837d6c37f61ed47", False),
        ("contact#2aa4a4b457f3ac0675879b588c5559d4", False),
        ("day#kept-salon#2026-01-13", True),
        ("day#kept-salon#2026-01-13#massage", True),
        ("session#kept-held", False),
    ]
    assert await tables.appointments.find(hold.appointment_id) == hold
    assert hold.hold_expires_at == NOON + 15 * MINUTE
    visit = replace(hold, state=AppointmentState.CONFIRMED, hold_expires_at=None, version=2)
    assert await tables.appointments.confirm(visit, claim=await tables.claim("held-confirm")) is None
    assert (await read(tables, "held")).state is AppointmentState.CONFIRMED


async def test_a_hold_whose_code_was_right_is_read(tables):
    """The visitor does not type a code again."""
    hold = await read(tables, "proved")
    assert (hold.verified, hold.code_attempts, hold.version) == (True, 2, 2)
    assert hold.contact == EMAIL


async def test_a_confirmed_visit_is_read(tables):
    """With its calendars, its lane and its event."""
    visit = await read(tables, "confirmed")
    assert (visit.state, visit.hold_expires_at, visit.version) == (AppointmentState.CONFIRMED, None, 2)
    assert (visit.start, visit.end) == (TEN, TEN + HOUR)
    assert visit.blocked == Interval(TEN - 10 * MINUTE, TEN + 80 * MINUTE)
    assert (visit.contact, visit.resource) == (PHONE, "room/3")
    assert visit.calendars == ("older calendar", "calendar")
    assert visit.calendar_event_id == f"apt{visit.appointment_id}"
    assert [unit.is_lasting for unit in visit.quota_units] == [True, True]


async def test_a_refused_handover_is_read(tables):
    """The stored text of the last change becomes its command and its kind."""
    assert (await read(tables, "moved")).last_change == LastChange(key_of("moved"), ChangeKind.HANDOVER_REFUSED)


async def test_a_cancelled_visit_is_read(tables):
    """Its state is kept."""
    assert (await read(tables, "cancelled")).state is AppointmentState.CANCELLED


async def test_occupied_times_are_read(tables):
    """Buckets of holds and of visits, of each lane; a hold's until it runs out."""
    day = Interval(TEN - 5 * HOUR, TEN + 8 * HOUR)

    async def occupied(at):
        found = await tables.appointments.find_occupied_times(TENANT, day, at=at)
        return {one.appointment_id: (one.resource, one.interval.start, one.interval.end) for one in found}

    held, later = await occupied(NOON), await occupied(NOON + HOUR)
    assert set(held) == {appointment_id_of(name) for name in ("held", "proved", "confirmed", "moved")}
    assert held[appointment_id_of("held")] == ("default", TEN - 10 * MINUTE, TEN + 80 * MINUTE)
    assert held[appointment_id_of("confirmed")] == ("room/3", TEN - 10 * MINUTE, TEN + 80 * MINUTE)
    assert set(later) == {appointment_id_of(name) for name in ("confirmed", "moved")}


@pytest.mark.usefixtures("changing")
async def test_an_occupied_time_cannot_be_held(tables):
    """The condition of the write applies to the stored rows."""
    claim = await tables.claim("late")
    late = hold_of("late", TEN)
    assert await tables.appointments.hold(late, at=NOON, claim=claim) == SlotLost()
    lane = hold_of("late", TEN, resource="room/3")
    assert await tables.appointments.hold(lane, at=NOON + HOUR, claim=claim) == SlotLost()


@pytest.mark.usefixtures("changing")
async def test_stored_quota_units_count(tables):
    """Of a session, of a contact, of a day."""
    assert await tables.appointments.find_session_hold("kept-held", at=NOON) == appointment_id_of("held")
    keys = [
        build_session_quota_key("kept-held"),
        build_day_quota_key(TENANT, TEN.date(), None),
        build_day_quota_key(TENANT, TEN.date(), "massage"),
    ]
    holders = await tables.appointments.find_quota_holders(keys, at=NOON)
    everybody = {appointment_id_of(name) for name in ("held", "proved", "confirmed", "moved")}
    assert [set(holders[key]) for key in keys] == [{appointment_id_of("held")}, everybody, everybody]
    third = hold_of("third", TEN + 24 * HOUR)
    quotas = list(list_hold_quotas(third, secret=SECRET, source_ip="", holds_per_address=5))
    full = await tables.appointments.hold(third, at=NOON, claim=await tables.claim("third"), quotas=quotas)
    assert full == QuotaFull(Bound.CONTACT, NOON + 15 * MINUTE)
    assert PROFILE.max_visits_per_day == 8
