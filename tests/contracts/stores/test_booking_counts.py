"""Which visits count as confirmed on which day, in the transaction that confirms them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.contracts.stores.bookings import NINE, Desk, confirmed
from workers.booking.domain.values import AppointmentState
from workers.booking.ports import ConfirmedAt, SlotLost


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


DAY = date(2026, 1, 31)
LONG = timedelta(minutes=16)


async def count(desk, first=DAY, last=DAY):
    return await desk.stores.bookings.count_confirmed(desk.tenant, first, last)


def at(desk, day=DAY):
    return ConfirmedAt(desk.clock.now(), day)


async def test_a_confirmed_visit_counts_once_on_its_day(desk):
    """However often it is written; days are those of the business, over the ends of months."""
    for number, day in enumerate((DAY, DAY, DAY + timedelta(days=1), date(2025, 12, 31))):
        visit = confirmed(await desk.held(NINE + number * timedelta(hours=2)))
        assert await desk.store.confirm(visit, claim=await desk.claim(), confirmed_at=at(desk, day)) is None
    again = replace(visit, version=visit.version + 1)
    assert await desk.store.confirm(again, claim=await desk.claim(), confirmed_at=at(desk, day)) is None

    expected = {date(2025, 12, 31): 1, DAY: 2, date(2026, 2, 1): 1}
    assert await count(desk, date(2025, 12, 1), date(2026, 2, 1)) == expected
    assert await count(desk) == {DAY: 2}
    assert await desk.stores.bookings.count_confirmed("another", DAY, DAY) == {}


async def test_a_hold_that_is_confirmed_by_its_move_counts(desk):
    """Holds do not count, and neither does a later move."""
    hold = await desk.held()
    later = replace(confirmed(hold), start=hold.start + timedelta(hours=2), end=hold.end + timedelta(hours=2))
    claim = await desk.claim()
    assert await desk.store.move(hold, later, at=desk.clock.now(), claim=claim, confirmed_at=at(desk)) is None
    assert await count(desk) == {DAY: 1}
    again = replace(later, version=later.version + 1)
    assert await desk.store.move(later, again, at=desk.clock.now(), claim=await desk.claim()) is None
    await desk.held(NINE + timedelta(hours=6))

    assert later.state is AppointmentState.CONFIRMED
    assert await count(desk) == {DAY: 1}


async def test_what_is_not_confirmed_does_not_count(desk, clock):
    """The count is in the transaction: a lost time leaves none."""
    hold = await desk.held()
    clock.advance(LONG)
    await desk.held()
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim(), confirmed_at=at(desk)) == SlotLost()

    assert await count(desk) == {}
