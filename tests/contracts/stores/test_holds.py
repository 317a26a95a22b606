"""Holding a time: exclusive under concurrency, and free again when the hold has expired."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from tests.contracts.stores.bookings import BUFFERED, HOUR, LEASE, LONG, NINE, Desk, cancelled
from workers.booking.domain.values import AppointmentState, Interval
from workers.booking.ports import SlotLost

TWO_HOURS = HOUR.model_copy(update={"duration_minutes": 120})


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


async def test_a_hold_is_read_back_as_it_was_written(desk):
    """Every field of an appointment is the same, under its two keys."""
    hold = await desk.held()
    assert await desk.stored(hold) == hold
    assert await desk.store.get(hold.appointment_id, "another session") is None


async def test_a_hold_blocks_its_buffers_too(desk):
    """The visit is occupied with the time before and after it."""
    await desk.held(service=BUFFERED, grid_minutes=10)
    start = NINE - timedelta(hours=1)
    assert await desk.occupied_minutes(start) == [(50, 140)]


async def test_a_time_is_held_once(desk):
    """The second visitor with an overlapping time loses, and nothing is written."""
    await desk.held()
    late = desk.visit(NINE + timedelta(minutes=45))
    assert await desk.hold(late) == SlotLost()
    assert await desk.stored(late) is None
    assert await desk.occupied_minutes() == [(0, 60)]


async def test_adjacent_times_do_not_conflict(desk):
    """A visit may begin when another ends, also at midnight, where the day's partition ends."""
    await desk.held(NINE)
    await desk.held(NINE + timedelta(hours=1))
    midnight = datetime(2026, 1, 14, tzinfo=UTC)
    await desk.held(midnight - timedelta(minutes=30))
    assert await desk.hold(desk.visit(midnight)) == SlotLost()
    await desk.held(midnight + timedelta(minutes=30))
    assert await desk.occupied_minutes(midnight - timedelta(hours=1)) == [(30, 150)]


async def test_tenants_do_not_share_time(desk, stores, clock):
    """The same hour of another business is free."""
    await desk.held()
    await Desk(stores, clock).held()


async def test_lanes_do_not_share_time(desk):
    """The same hour of another resource is free; the same resource's is not."""
    await desk.held(resource="anna")
    await desk.held(resource="room/2")
    assert await desk.hold(desk.visit(resource="anna")) == SlotLost()
    found = await desk.store.find_occupied_times(
        desk.tenant, Interval(NINE, NINE + timedelta(hours=1)), at=desk.clock.now()
    )
    assert {one.resource for one in found if one.interval.start == NINE} == {"anna", "room/2"}


@pytest.mark.parametrize("grid_minutes", [15, 60])
@pytest.mark.parametrize("hours_after_midnight", [-3, 0])
async def test_a_visit_over_midnight_is_found_whole_from_each_day(desk, hours_after_midnight, grid_minutes):
    """Its part beyond the day of the interval explains its event in the owner's calendar."""
    midnight = datetime(2026, 1, 14, tzinfo=UTC)
    visit = await desk.held(midnight - timedelta(hours=1), service=TWO_HOURS, grid_minutes=grid_minutes)
    asked = midnight + timedelta(hours=hours_after_midnight)
    found = await desk.store.find_occupied_times(
        desk.tenant, Interval(asked, asked + timedelta(hours=2, minutes=30)), at=desk.clock.now(), may_lag=True
    )
    pieces = sorted((one.interval for one in found), key=lambda interval: interval.start)
    assert (pieces[0].start, pieces[-1].end) == (visit.blocked.start, visit.blocked.end)


async def test_an_occupied_time_names_its_appointment(desk):
    """It must be recognized in the owner's calendar."""
    hold = await desk.held()
    found = await desk.store.find_occupied_times(desk.tenant, hold.blocked, at=desk.clock.now())
    assert {one.appointment_id for one in found} == {hold.appointment_id}


async def test_an_appointment_is_found_whatever_its_session(desk):
    """Internal commands name the appointment only; an unknown id finds nothing."""
    hold = await desk.held(session_id="somebody's")
    assert await desk.store.find(hold.appointment_id) == hold
    assert await desk.store.find("0" * 32) is None


async def test_one_of_thirty_gets_the_time(desk):
    """Thirty concurrent visitors with overlapping times: no shared minute, and at least one gets a time."""
    wishes = [desk.visit(NINE + timedelta(minutes=15 * (n % 3))) for n in range(30)]
    claims = [await desk.claim() for _ in wishes]

    async def try_hold(visit, claim):
        while True:
            try:
                return await desk.store.hold(visit, at=desk.clock.now(), claim=claim)
            except TransientError:  # A conflict with another write: the queue would retry it.
                await asyncio.sleep(0.01)

    answers = await asyncio.gather(*(try_hold(visit, claim) for visit, claim in zip(wishes, claims, strict=True)))
    winners = [visit for visit, answer in zip(wishes, answers, strict=True) if answer is None]
    assert len(winners) == 1
    assert await desk.occupied_minutes(winners[0].start) == [(0, 60)]
    assert [await desk.stored(visit) for visit in wishes if visit not in winners] == [None] * 29


async def test_an_expired_hold_is_free(desk, clock):
    """At the instant at which a hold expires another visitor gets its time; a moment before, not."""
    first = await desk.held()
    clock.set(first.hold_expires_at - timedelta(milliseconds=1))
    assert await desk.hold(desk.visit()) == SlotLost()
    assert await desk.occupied_minutes() == [(0, 60)]
    clock.set(first.hold_expires_at)
    assert await desk.occupied_minutes() == []
    second = await desk.held()
    assert await desk.occupied_minutes() == [(0, 60)]
    assert (await desk.stored(first), await desk.stored(second)) == (first, second)


async def test_expiry_is_judged_at_the_time_of_acceptance(desk, clock):
    """A command that was accepted before the hold expired loses, however late it is processed."""
    await desk.held()
    accepted_at = clock.now() + timedelta(minutes=1)
    clock.advance(LONG)
    late = desk.visit()
    assert await desk.store.hold(late, at=accepted_at, claim=await desk.claim()) == SlotLost()


async def test_a_confirmed_time_never_expires(desk, clock):
    """It is still occupied a week later."""
    await desk.confirmed()
    clock.advance(timedelta(days=7))
    assert await desk.hold(desk.visit()) == SlotLost()


async def test_a_hold_is_placed_only_by_the_claims_owner(desk, clock):
    """A worker that lost its lease writes neither the appointment nor a bucket."""
    late = await desk.claim()
    clock.advance(2 * LEASE)
    await desk.claim(late.key)
    hold = desk.visit()
    with pytest.raises(LeaseLostError):
        await desk.store.hold(hold, at=clock.now(), claim=late)
    assert await desk.stored(hold) is None
    assert await desk.occupied_minutes() == []


async def test_a_newer_request_replaces_the_hold(desk):
    """The replaced hold's time is transferred or freed in the same transaction, and it is stored as cancelled."""
    old = await desk.held(session_id="mine")
    new = desk.visit(NINE + timedelta(minutes=30), session_id="mine")
    assert await desk.hold(new, replaces=cancelled(old)) is None
    assert await desk.occupied_minutes() == [(30, 90)]
    assert (await desk.stored(old), await desk.stored(new)) == (cancelled(old), new)


async def test_a_hold_that_lost_its_time_can_be_replaced(desk, clock):
    """Another appointment that took the expired time keeps it; the newer request is placed all the same."""
    old, accepted_at = await desk.held(session_id="mine"), clock.now()
    clock.advance(LONG)
    other = await desk.held(NINE)
    new = desk.visit(NINE + timedelta(hours=2), session_id="mine")
    claim = await desk.claim()
    assert await desk.store.hold(new, at=accepted_at, claim=claim, replaces=cancelled(old)) is None
    assert (await desk.stored(old)).state is AppointmentState.CANCELLED
    clock.set(accepted_at)
    assert await desk.occupied_minutes() == [(0, 60), (120, 180)]
    assert await desk.stored(other) == other


async def test_a_replacement_that_fails_leaves_the_old_hold(desk):
    """If the new time is another's, the session keeps what it had."""
    other = await desk.held(NINE + timedelta(hours=1))
    old = await desk.held(session_id="mine")
    new = desk.visit(NINE + timedelta(minutes=30), session_id="mine")
    assert await desk.hold(new, replaces=cancelled(old)) == SlotLost()
    assert await desk.occupied_minutes() == [(0, 120)]
    assert (await desk.stored(old), await desk.stored(new)) == (old, None)
    assert await desk.stored(other) == other


async def test_a_hold_that_changed_meanwhile_is_not_replaced(desk):
    """A replacement that was based on an old version must be decided again."""
    old = await desk.held(session_id="mine")
    changed = replace(old, code_sends=2, version=2)
    await desk.store.save(changed, claim=await desk.claim())
    new = desk.visit(session_id="mine")
    with pytest.raises(TransientError):
        await desk.hold(new, replaces=cancelled(old))
    assert (await desk.stored(old), await desk.stored(new)) == (changed, None)


@pytest.mark.parametrize(("first_grid", "second_grid"), [(60, 5), (5, 60), (15, 5)])
async def test_another_bucket_size_leaves_no_gap(desk, first_grid, second_grid):
    """Buckets of another size have other keys; a time that they cover is still occupied."""
    await desk.held(grid_minutes=first_grid)
    late = desk.visit(NINE + timedelta(minutes=30), grid_minutes=second_grid)
    assert await desk.hold(late) == SlotLost()
    assert await desk.hold(desk.visit(NINE + timedelta(hours=1), grid_minutes=second_grid)) is None


@pytest.mark.parametrize("pair", range(10))
async def test_workers_with_different_profiles_exclude_each_other(desk, pair):
    """Concurrently, with buckets of two sizes: one of two overlapping times is held, never both."""
    first = desk.visit(grid_minutes=30)
    second = desk.visit(NINE + timedelta(minutes=15), grid_minutes=15)
    outcomes = await asyncio.gather(desk.hold(first), desk.hold(second))
    assert sorted(outcome is None for outcome in outcomes) == [False, True]


async def test_a_move_finds_buckets_of_another_size(desk):
    """A visit can't move into a time that an older profile's buckets cover."""
    await desk.held(grid_minutes=60)
    visit = await desk.held(NINE + timedelta(hours=3), grid_minutes=15)
    moved = replace(
        desk.visit(NINE + timedelta(minutes=30), session_id=visit.session_id, grid_minutes=15),
        appointment_id=visit.appointment_id,
        version=2,
    )
    assert await desk.store.move(visit, moved, at=desk.clock.now(), claim=await desk.claim()) == SlotLost()
