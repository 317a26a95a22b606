"""Changing an appointment: only by the claim's owner, only the version that was read, never into an occupied time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from tests.contracts.stores.bookings import HOUR as LONG_VISIT
from tests.contracts.stores.bookings import LEASE, LONG, NINE, Desk, cancelled, confirmed, moved
from workers.booking.domain.grid import is_too_fine
from workers.booking.domain.quotas import Bound, Quota
from workers.booking.domain.values import Answer, Interval
from workers.booking.ports import SlotLost

QUARTER = timedelta(minutes=15)
HOUR = 4 * QUARTER


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


@pytest.fixture
async def late(desk, clock):
    """Return a claim that another worker has taken over."""
    claim = await desk.claim()
    clock.advance(2 * LEASE)
    await desk.claim(claim.key)
    return claim


async def test_a_confirmed_appointment_keeps_its_time(desk, clock):
    """Confirming removes the expiry of its buckets and stores the appointment."""
    appointment = await desk.confirmed()
    clock.advance(LONG)
    assert await desk.occupied_minutes() == [(0, 60)]
    assert await desk.stored(appointment) == appointment


async def test_answers_are_kept_with_the_visit(desk):
    """As they were typed and in their order, through every change; a visit without answers has none."""
    typed = 'Zażółć 🎈\n"quoted"\t\\ {}'
    answers = (Answer("wishes", typed), Answer("people", "2"), Answer("first-visit", "yes"), Answer("a", ""))
    hold = replace(desk.visit(), answers=answers)
    assert await desk.hold(hold) is None
    assert await desk.stored(hold) == hold
    visit = confirmed(hold)
    assert await desk.store.confirm(visit, claim=await desk.claim()) is None
    later = moved(visit, HOUR)
    assert await desk.store.move(visit, later, at=desk.clock.now(), claim=await desk.claim()) is None
    await desk.store.cancel(cancelled(later), claim=await desk.claim())
    assert (await desk.stored(hold)).answers == answers
    assert (await desk.store.find(hold.appointment_id)).answers == answers
    assert (await desk.stored(await desk.held())).answers == ()


async def test_an_expired_hold_can_be_confirmed_while_its_time_is_free(desk, clock):
    """It owns its time until another appointment takes it; the domain decides whether it is too late."""
    hold = await desk.held()
    clock.advance(LONG)
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim()) is None


async def test_a_time_that_another_visitor_has_is_not_confirmed(desk, clock):
    """If another appointment owns even a quarter of the hour, nothing is confirmed or taken from it."""
    hold = await desk.held()
    clock.advance(LONG)
    await desk.held(NINE + 3 * QUARTER)
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim()) == SlotLost()
    assert await desk.stored(hold) == hold
    clock.advance(LONG)
    assert await desk.occupied_minutes() == []


async def test_a_freed_time_is_not_confirmed(desk):
    """A hold without buckets has nothing to confirm."""
    hold = await desk.held()
    await desk.store.free(hold)
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim()) == SlotLost()


@pytest.mark.parametrize("change", ["save", "confirm", "cancel", "move"])
async def test_an_outdated_version_changes_nothing(desk, change):
    """A change based on a version that is no longer stored must be retried."""
    read = await desk.held()
    stored = replace(read, code_sends=2, version=2)
    await desk.store.save(stored, claim=await desk.claim())
    claim = await desk.claim()
    with pytest.raises(TransientError):
        await change_it(desk, change, read, claim)
    assert await desk.stored(read) == stored
    assert await desk.occupied_minutes() == [(0, 60)]


@pytest.mark.parametrize("change", ["save", "confirm", "cancel", "move"])
async def test_a_lost_lease_changes_nothing(desk, late, change):
    """A worker without the command's claim leaves appointment and time unchanged."""
    hold = await desk.held()
    with pytest.raises(LeaseLostError):
        await change_it(desk, change, hold, late)
    assert await desk.stored(hold) == hold
    assert await desk.occupied_minutes() == [(0, 60)]


async def change_it(desk, change, hold, claim):
    match change:
        case "save":
            await desk.store.save(replace(hold, code_attempts=1, version=2), claim=claim)
        case "confirm":
            await desk.store.confirm(confirmed(hold), claim=claim)
        case "cancel":
            await desk.store.cancel(cancelled(hold), claim=claim)
        case "move":
            await desk.store.move(hold, moved(hold, HOUR), at=desk.clock.now(), claim=claim)


async def test_an_appointment_is_written_once(desk):
    """A hold under an existing id must be retried: the handler will find it."""
    hold = await desk.held()
    with pytest.raises(TransientError):
        await desk.hold(hold)
    assert await desk.occupied_minutes() == [(0, 60)]


async def test_a_cancelled_appointment_frees_its_time(desk):
    """Cancelling stores the appointment as cancelled and frees its time at once."""
    appointment = await desk.confirmed()
    await desk.store.cancel(cancelled(appointment), claim=await desk.claim())
    assert await desk.stored(appointment) == cancelled(appointment)
    assert await desk.occupied_minutes() == []
    await desk.held()


async def test_a_cancelled_appointment_can_take_its_time_again(desk, clock):
    """Permanently, if nobody has it."""
    appointment = await desk.confirmed()
    gone = cancelled(appointment)
    await desk.store.cancel(gone, claim=await desk.claim())
    again = replace(appointment, version=gone.version + 1)
    assert await desk.store.move(gone, again, at=clock.now(), claim=await desk.claim()) is None
    clock.advance(LONG)
    assert await desk.occupied_minutes() == [(0, 60)]
    assert await desk.stored(appointment) == again
    gone = cancelled(again)
    await desk.store.cancel(gone, claim=await desk.claim())
    await desk.confirmed(NINE + QUARTER)
    again = replace(appointment, version=gone.version + 1)
    assert await desk.store.move(gone, again, at=clock.now(), claim=await desk.claim()) == SlotLost()


async def test_cancelling_frees_only_its_own_time(desk, clock):
    """Buckets that another appointment took from an expired hold stay with it; freeing twice is no error."""
    hold = await desk.held()
    clock.advance(LONG)
    other = await desk.held(NINE + 2 * QUARTER)
    await desk.store.cancel(cancelled(hold), claim=await desk.claim())
    await desk.store.free(hold)
    assert await desk.occupied_minutes() == [(30, 90)]
    assert await desk.stored(other) == other


async def test_a_move_writes_the_difference(desk):
    """After a move by half an hour the appointment has exactly its new time, and the old half is free."""
    appointment = await desk.confirmed()
    new = moved(appointment, 2 * QUARTER)
    assert await desk.store.move(appointment, new, at=desk.clock.now(), claim=await desk.claim()) is None
    assert await desk.occupied_minutes() == [(30, 90)]
    assert await desk.stored(appointment) == new
    await desk.held(NINE - 2 * QUARTER)


async def test_a_move_to_anywhere_keeps_one_time(desk, clock):
    """A move to another day frees the whole old time and takes the whole new one permanently."""
    appointment = await desk.confirmed()
    day = timedelta(days=1)
    assert await desk.store.move(appointment, moved(appointment, day), at=clock.now(), claim=await desk.claim()) is None
    clock.advance(LONG)
    assert await desk.occupied_minutes() == []
    assert await desk.occupied_minutes(NINE + day) == [(0, 60)]


async def test_a_move_onto_an_occupied_time_is_refused(desk):
    """If part of the new time is occupied, the appointment stays where it was."""
    await desk.held(NINE + 5 * QUARTER)
    appointment = await desk.confirmed()
    moving = moved(appointment, 2 * QUARTER)
    assert await desk.store.move(appointment, moving, at=desk.clock.now(), claim=await desk.claim()) == SlotLost()
    assert await desk.occupied_minutes() == [(0, 60), (75, 135)]
    assert await desk.stored(appointment) == appointment


async def test_a_move_onto_an_expired_hold_succeeds(desk, clock):
    """The time of an expired hold is free."""
    await desk.held(NINE + HOUR)
    clock.advance(LONG)
    appointment = await desk.confirmed()
    moving = moved(appointment, HOUR)
    assert await desk.store.move(appointment, moving, at=clock.now(), claim=await desk.claim()) is None
    assert await desk.occupied_minutes() == [(60, 120)]


async def test_a_move_from_a_lost_time_is_refused(desk):
    """If another appointment owns a permanent bucket, the data is inconsistent, and the move must be retried."""
    appointment = await desk.confirmed()
    await desk.store.free(appointment)
    await desk.held()
    with pytest.raises(TransientError):
        await desk.store.move(appointment, moved(appointment, HOUR), at=desk.clock.now(), claim=await desk.claim())
    assert await desk.occupied_minutes() == [(0, 60)]


async def test_a_hold_can_move_from_a_time_that_it_lost(desk, clock):
    """Its command was accepted in time; another one, accepted after the expiry, was faster and keeps the time."""
    hold, accepted_at = await desk.held(), clock.now()
    clock.advance(LONG)
    other = await desk.held(NINE + 2 * QUARTER)
    on, onto = moved(hold, 2 * HOUR), moved(hold, 2 * QUARTER)
    assert await desk.store.move(hold, onto, at=accepted_at, claim=await desk.claim()) == SlotLost()
    assert await desk.store.move(hold, on, at=accepted_at, claim=await desk.claim()) is None
    clock.set(accepted_at)
    assert await desk.occupied_minutes() == [(30, 90), (120, 180)]
    assert await desk.stored(other) == other


async def test_occupied_times_are_found_across_days(desk):
    """A window of weeks lists what is in it, and nothing of other tenants or later times."""
    for days in (0, 3, 20):
        await desk.held(NINE + timedelta(days=days))
    assert await desk.occupied_minutes(hours=24 * 10) == [(0, 60), (4320, 4380)]
    assert await desk.occupied_minutes(NINE + timedelta(days=4), hours=24) == []


async def test_the_first_booking_fixes_the_grid_of_its_day(desk):
    """It is known once the occupied times were read; other days, and other businesses, have none yet."""
    week = Interval(NINE - 24 * HOUR, NINE + 72 * HOUR)
    assert await desk.store.find_day_grids(desk.tenant, week) == {}
    await desk.held(grid_minutes=5)
    await desk.held(NINE + 2 * HOUR, grid_minutes=15)
    await desk.held(NINE + 48 * HOUR, grid_minutes=30)
    await desk.occupied_minutes(week.start, hours=96)
    grids = {NINE.date(): 5, (NINE + 48 * HOUR).date(): 30}
    assert await desk.store.find_day_grids(desk.tenant, week) == grids
    assert await desk.store.find_day_grids(desk.tenant, Interval(NINE, NINE + HOUR)) == {NINE.date(): 5}
    assert await desk.store.find_day_grids("another", week) == {}


@pytest.mark.parametrize(("minutes", "is_written"), [(450, True), (455, False)])
async def test_a_hold_has_as_many_buckets_as_the_domain_allows(desk, minutes, is_written):
    """The store writes what `is_too_fine` lets through, with all of its quota units."""
    visit = desk.visit(grid_minutes=5, service=LONG_VISIT.model_copy(update={"duration_minutes": minutes}))
    assert is_too_fine(visit.blocked, {NINE.date(): 5}) is not is_written
    quotas = [Quota(Bound.DAY, f"{desk.tenant}#{number}", 1, visit.appointment_id, None) for number in range(8)]
    if is_written:
        assert await desk.hold(visit, quotas=quotas) is None
