"""Moving several visits in one transaction: they exchange their times, and none is ever without its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from tests.contracts.stores.bookings import HOUR as HOUR_SERVICE
from tests.contracts.stores.bookings import LEASE, LONG, NINE, Desk, cancelled, confirmed, moved
from workers.booking.domain.quotas import Bound, Quota
from workers.booking.domain.values import AppointmentState
from workers.booking.ports import GridTooFine, QuotaFull, SlotLost

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


async def move_all(desk, *moves, quotas=(), claim=None):
    return await desk.store.move_together(
        moves, at=desk.clock.now(), claim=claim or await desk.claim(), quotas=tuple(quotas)
    )


def day_quota(visit, key, *, units=1):
    return Quota(Bound.DAY, key, units, visit.appointment_id, None)


@pytest.mark.parametrize("offsets", [(1, -1), (1, 1, -2), (1, 1, 1), (0.5, 0.5, 0.5), (2, -1, -1)])
async def test_visits_exchange_their_times(desk, clock, offsets):
    """A swap, rotations, and a shift of adjacent visits; each keeps its new time permanently, nothing else is left."""
    visits = [await desk.confirmed(NINE + number * HOUR) for number in range(len(offsets))]
    moves = [(visit, moved(visit, by * HOUR)) for visit, by in zip(visits, offsets, strict=True)]
    assert await move_all(desk, *moves) is None
    assert [await desk.stored(visit) for visit in visits] == [new for _, new in moves]
    clock.advance(LONG)
    starts = sorted((new.start - NINE) // timedelta(minutes=1) for _, new in moves)
    assert await desk.occupied_minutes() == [(starts[0], starts[-1] + 60)]
    for visit in visits:
        await desk.store.free(await desk.stored(visit))
    assert await desk.occupied_minutes() == []


async def test_visits_exchange_their_lanes(desk):
    """At the same time: each takes the other's resource."""
    anna, ola = [await desk.confirmed(resource=name) for name in ("anna", "ola")]
    swapped = replace(moved(anna, 0 * HOUR), resource="ola"), replace(moved(ola, 0 * HOUR), resource="anna")
    assert await move_all(desk, (anna, swapped[0]), (ola, swapped[1])) is None
    for new in swapped:
        assert await desk.stored(new) == new
        await desk.store.free(new)
    assert await desk.occupied_minutes() == []


@pytest.mark.parametrize("obstacle", ["another visit", "each other"])
async def test_an_occupied_time_moves_nothing(desk, obstacle):
    """Not even the visits that could have moved."""
    first, second = await desk.confirmed(), await desk.confirmed(NINE + HOUR)
    if obstacle == "another visit":
        await desk.confirmed(NINE + 2.5 * HOUR)
    offsets = (1, 1) if obstacle == "another visit" else (3, 2.5)
    moves = [(first, moved(first, offsets[0] * HOUR)), (second, moved(second, offsets[1] * HOUR))]
    assert await move_all(desk, *moves) == SlotLost()
    assert [await desk.stored(first), await desk.stored(second)] == [first, second]


async def test_a_hold_loses_its_time_to_a_visit(desk, clock):
    """It can't be confirmed any more, frees nothing of the visit, and the visit is permanent."""
    visit, hold = await desk.confirmed(), await desk.held(NINE + 2 * HOUR)
    assert await move_all(desk, (visit, moved(visit, 1.5 * HOUR))) is None
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim()) == SlotLost()
    await desk.store.free(hold)
    clock.advance(LONG)
    assert await desk.occupied_minutes() == [(90, 150)]
    assert (await desk.stored(hold)).state is AppointmentState.HELD


async def test_a_hold_that_lost_its_middle_occupies_only_the_rest(desk):
    """What is shown as free can be booked, also if the hold lasts over midnight."""
    midnight = datetime(2026, 1, 14, tzinfo=UTC)
    half = HOUR_SERVICE.model_copy(update={"duration_minutes": 30})
    for begin, minutes in ((NINE, 60), (midnight - HOUR, 120)):
        service = HOUR_SERVICE.model_copy(update={"duration_minutes": minutes})
        await desk.held(begin, service=service)
        visit = await desk.confirmed(begin - 2 * HOUR, service=half)
        there = moved(visit, begin + timedelta(minutes=15) - visit.start)
        assert await move_all(desk, (visit, there)) is None
        await desk.store.cancel(cancelled(there), claim=await desk.claim())
        assert await desk.occupied_minutes(begin, hours=3) == [(0, 15), (45, minutes)]
        assert await desk.hold(desk.visit(begin + timedelta(minutes=15), service=half)) is None
        assert await desk.occupied_minutes(begin, hours=3) == [(0, minutes)]


async def test_an_outdated_version_moves_nothing(desk):
    """One of the visits has changed since it was read: the command must be retried."""
    first, second = await desk.confirmed(), await desk.confirmed(NINE + HOUR)
    assert await move_all(desk, (second, moved(second, 3 * HOUR))) is None
    with pytest.raises(TransientError):
        await move_all(desk, (first, moved(first, HOUR)), (second, moved(second, -HOUR)))
    assert await desk.stored(first) == first
    assert await desk.occupied_minutes() == [(0, 60), (240, 300)]


async def test_a_lost_lease_moves_nothing(desk, clock):
    """Another worker has the command."""
    visit, claim = await desk.confirmed(), await desk.claim()
    clock.advance(2 * LEASE)
    await desk.claim(claim.key)
    with pytest.raises(LeaseLostError):
        await move_all(desk, (visit, moved(visit, HOUR)), claim=claim)
    assert await desk.stored(visit) == visit


async def test_daily_units_follow_their_visits(desk):
    """Two visits exchange full days; a unit too many is refused, and one that nobody needs is freed."""
    monday, tuesday = f"day#{desk.tenant}#1", f"day#{desk.tenant}#2"
    visits = []
    for number, key in enumerate((monday, tuesday)):
        visit = await desk.confirmed(NINE + number * DAY)
        assert await move_all(desk, (visit, moved(visit, HOUR)), quotas=[day_quota(visit, key)]) is None
        visits.append(await desk.stored(visit))
    first, second = visits
    there, back = moved(first, DAY), moved(second, -DAY)
    quotas = [day_quota(first, tuesday), day_quota(second, monday)]
    assert await move_all(desk, (first, there), (second, back), quotas=quotas) is None
    assert await desk.store.find_quota_holders([monday, tuesday], at=desk.clock.now()) == {
        monday: [second.appointment_id],
        tuesday: [first.appointment_id],
    }
    first, second = await desk.stored(first), await desk.stored(second)
    assert len(first.quota_units) == 1
    full = await move_all(desk, (first, moved(first, -DAY + 3 * HOUR)), quotas=[day_quota(first, monday)])
    assert isinstance(full, QuotaFull)
    assert await move_all(desk, (first, moved(first, 3 * HOUR))) is None
    assert await desk.store.find_quota_holders([tuesday], at=desk.clock.now()) == {tuesday: []}


async def test_two_visits_of_a_day_get_different_units(desk):
    """Also if one of them has a unit of that day already."""
    key = f"day#{desk.tenant}#1"
    first, second = await desk.confirmed(), await desk.confirmed(NINE + HOUR)
    for _ in range(3):
        moves = [(first, moved(first, HOUR)), (second, moved(second, HOUR))]
        quotas = [day_quota(visit, key, units=2) for visit, _ in moves]
        assert await move_all(desk, *moves, quotas=quotas) is None
        first, second = await desk.stored(first), await desk.stored(second)
        assert {unit.number for visit in (first, second) for unit in visit.quota_units} == {0, 1}


async def test_too_many_visits_for_one_transaction(desk, stores):
    """The tables refuse them before anything is written; in memory there is no limit."""
    visits = [await desk.confirmed(NINE + number * HOUR, grid_minutes=5) for number in range(5)]
    moves = [(visit, moved(visit, 6 * HOUR)) for visit in visits]
    if type(stores.appointments).__name__ == "FakeAppointments":
        assert await move_all(desk, *moves) is None
        return
    assert await move_all(desk, *moves) == GridTooFine()
    assert await desk.stored(visits[0]) == visits[0]
