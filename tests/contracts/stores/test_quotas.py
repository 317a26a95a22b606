"""Quota units: limited under concurrency, free again after their end, and freed with the appointment."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LeaseLostError, TransientError
from shared.ids import new_id
from tests.contracts.stores.bookings import LONG, NINE, Desk, cancelled, confirmed, moved
from tests.contracts.stores.conftest import in_dynamodb
from workers.booking.domain.quotas import Bound, NetworkShare, Quota, build_session_quota_key
from workers.booking.domain.values import Interval
from workers.booking.ports import QuotaFull, SlotLost

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


@pytest.fixture
def key():
    return f"quota#{new_id()}"


def quota(visit, key, *, units=2, bound=Bound.CONTACT, **changes):
    fields = {"holder": visit.appointment_id, "until": visit.hold_expires_at} | changes
    return Quota(bound, key, units, **fields)


async def held(desk, key, start=NINE, **fields):
    visit = desk.visit(start)
    assert await desk.hold(visit, quotas=[quota(visit, key, **fields)]) is None
    return await desk.stored(visit)


async def count_units(desk, key):
    return len((await desk.store.find_quota_holders([key], at=desk.clock.now()))[key])


async def test_a_quota_has_a_number_of_units(desk, key):
    """The third hold of a quota of two is refused with the time until it is free, and nothing is written."""
    first, second = await held(desk, key), await held(desk, key, NINE + HOUR)
    late = desk.visit(NINE + 2 * HOUR)
    full = await desk.hold(late, quotas=[quota(late, key)])
    assert isinstance(full, QuotaFull)
    assert (full.bound, full.frees_at) == (Bound.CONTACT, first.hold_expires_at)
    holders = (await desk.store.find_quota_holders([key], at=desk.clock.now()))[key]
    assert set(holders) == {first.appointment_id, second.appointment_id}
    assert await desk.stored(late) is None
    assert await desk.occupied_minutes(NINE + 2 * HOUR) == []


async def test_a_unit_is_free_when_its_hold_has_expired(desk, key, clock):
    """By condition: there is no clean-up."""
    first = await held(desk, key, units=1)
    clock.set(first.hold_expires_at - timedelta(milliseconds=1))
    late = desk.visit(NINE + HOUR)
    assert isinstance(await desk.hold(late, quotas=[quota(late, key, units=1)]), QuotaFull)
    clock.set(first.hold_expires_at)
    await held(desk, key, NINE + HOUR, units=1)
    assert await count_units(desk, key) == 1


async def test_thirty_concurrent_holds_get_no_more_than_the_quota(desk, key):
    """Thirty holds of one address at once: five succeed."""
    visits = [desk.visit(NINE + n * HOUR) for n in range(30)]
    claims = [await desk.claim() for _ in visits]

    async def try_hold(visit, claim):
        quotas = [quota(visit, key, units=5, bound=Bound.ADDRESS)]
        while True:
            try:
                return await desk.store.hold(visit, at=desk.clock.now(), claim=claim, quotas=quotas)
            except TransientError:
                await asyncio.sleep(0.01)

    answers = await asyncio.gather(*map(try_hold, visits, claims))
    assert sum(answer is None for answer in answers) == 5
    assert await count_units(desk, key) == 5


async def test_a_lost_time_uses_no_unit(desk, key):
    """Time and unit are taken in one transaction, or neither is."""
    await desk.held()
    late = desk.visit()
    assert await desk.hold(late, quotas=[quota(late, key)]) is not None
    assert await count_units(desk, key) == 0


async def test_a_confirmed_appointment_frees_the_units_of_hold_quotas(desk, key, clock):
    """Its unit of the daily cap stays permanently."""
    visit, day = desk.visit(), f"day#{new_id()}"
    assert await desk.hold(visit, quotas=[quota(visit, key), quota(visit, day, bound=Bound.DAY)]) is None
    assert await desk.store.confirm(confirmed(await desk.stored(visit)), claim=await desk.claim()) is None
    assert (await count_units(desk, key), await count_units(desk, day)) == (0, 1)
    clock.advance(LONG)
    assert await count_units(desk, day) == 1
    assert [unit.key for unit in (await desk.stored(visit)).quota_units] == [day]


async def test_a_cancelled_appointment_frees_all_units(desk, key):
    """Another can have its unit of the day at once."""
    hold = await held(desk, key, bound=Bound.DAY, units=1)
    await desk.store.confirm(confirmed(hold), claim=await desk.claim())
    await desk.store.cancel(cancelled(await desk.stored(hold)), claim=await desk.claim())
    assert await count_units(desk, key) == 0
    await held(desk, key, bound=Bound.DAY, units=1)


async def test_units_of_others_are_not_freed(desk, key, clock):
    """An appointment that took the unit of an expired hold keeps it, whatever happens to the hold."""
    old = await held(desk, key, units=1)
    clock.advance(LONG)
    await held(desk, key, NINE + HOUR, units=1)
    await desk.store.cancel(cancelled(old), claim=await desk.claim())
    assert await count_units(desk, key) == 1


async def test_a_replaced_hold_transfers_its_unit(desk, key):
    """A session with one unit moves on to its newer request in one transaction."""
    old = await held(desk, key, units=1, bound=Bound.SESSION)
    new = desk.visit(NINE + HOUR, session_id=old.session_id)
    needed = [quota(new, key, units=1, bound=Bound.SESSION)]
    assert isinstance(await desk.hold(new, quotas=needed), QuotaFull)
    assert await desk.hold(new, quotas=needed, replaces=cancelled(old)) is None
    assert await count_units(desk, key) == 1
    assert await desk.occupied_minutes() == [(60, 120)]


async def test_the_sessions_hold_is_found(desk, clock):
    """Until it expires."""
    session = new_id()
    hold = await held(desk, build_session_quota_key(session), units=1, bound=Bound.SESSION)
    assert await desk.store.find_session_hold(session, at=clock.now()) == hold.appointment_id
    clock.advance(LONG)
    assert await desk.store.find_session_hold(session, at=clock.now()) is None


async def test_a_move_takes_a_unit_of_the_new_day(desk, key):
    """It frees that of the old day; a full day refuses it, and nothing changes."""
    monday, tuesday = f"{key}-1", f"{key}-2"
    hold = await held(desk, monday, bound=Bound.DAY, units=1)
    await desk.store.confirm(confirmed(hold), claim=await desk.claim())
    appointment = await desk.stored(hold)
    new = moved(appointment, 24 * HOUR)
    needed = [quota(new, tuesday, bound=Bound.DAY, units=1, until=None)]
    move = {"at": desk.clock.now(), "claim": await desk.claim(), "quotas": needed}
    assert await desk.store.move(appointment, new, **move) is None
    assert (await count_units(desk, monday), await count_units(desk, tuesday)) == (0, 1)
    other = await held(desk, monday, bound=Bound.DAY, units=1)
    back = moved(await desk.stored(other), 24 * HOUR)
    needed = [quota(back, tuesday, bound=Bound.DAY, units=1)]
    full = await desk.store.move(
        await desk.stored(other), back, at=desk.clock.now(), claim=await desk.claim(), quotas=needed
    )
    assert isinstance(full, QuotaFull)
    assert (await count_units(desk, monday), await count_units(desk, tuesday)) == (1, 1)


async def test_another_code_uses_a_unit(desk, key):
    """It stays in use when the appointment is cancelled: the code was sent."""
    hold = await held(desk, key, units=2, bound=Bound.SENDS_CONTACT)
    again = replace(hold, code_sends=2, version=2)
    at, needed = desk.clock.now(), [quota(hold, key, units=2, bound=Bound.SENDS_CONTACT, holder="second")]
    assert await desk.store.save(again, claim=await desk.claim(), at=at, quotas=needed) is None
    third = replace(again, code_sends=3, version=3)
    needed = [quota(hold, key, units=2, bound=Bound.SENDS_CONTACT, holder="third")]
    assert isinstance(await desk.store.save(third, claim=await desk.claim(), at=at, quotas=needed), QuotaFull)
    assert (await desk.stored(hold)).code_sends == 2
    await desk.store.cancel(cancelled(again), claim=await desk.claim())
    assert await count_units(desk, key) == 2


async def test_a_move_that_confirms_keeps_the_time_permanently(desk, clock, key):
    """A hold with a verified contact is confirmed at its new time, also where both times overlap."""
    hold = await held(desk, key)
    half = timedelta(minutes=30)
    new = replace(moved(hold, half), state=confirmed(hold).state, hold_expires_at=None)
    assert await desk.store.move(hold, new, at=clock.now(), claim=await desk.claim()) is None
    clock.advance(LONG)
    assert await desk.occupied_minutes() == [(30, 90)]
    assert await count_units(desk, key) == 0


async def test_a_hold_can_move_from_a_unit_that_it_lost(desk, key, clock):
    """Another appointment that was accepted after the expiry has the unit of the day, and keeps it."""
    monday, tuesday = f"{key}-1", f"{key}-2"
    hold, accepted_at = await held(desk, monday, bound=Bound.DAY, units=1), clock.now()
    clock.advance(LONG)
    await held(desk, monday, NINE + 3 * HOUR, bound=Bound.DAY, units=1)
    new = moved(hold, 24 * HOUR)
    needed = [quota(new, tuesday, bound=Bound.DAY, units=1)]
    assert await desk.store.move(hold, new, at=accepted_at, claim=await desk.claim(), quotas=needed) is None
    assert await count_units(desk, monday) == 1


async def test_a_moved_hold_still_counts(desk, key):
    """A move can't be used to hold more than the quota."""
    hold = await held(desk, key, units=1)
    new = moved(hold, HOUR)
    assert await desk.store.move(hold, new, at=desk.clock.now(), claim=await desk.claim()) is None
    assert await count_units(desk, key) == 1
    late = desk.visit(NINE + 3 * HOUR)
    assert isinstance(await desk.hold(late, quotas=[quota(late, key, units=1)]), QuotaFull)


async def test_a_lowered_cap_counts_the_units_in_use(desk, key):
    """Whatever their numbers: a free number does not make room."""
    for number in range(4):
        await held(desk, key, NINE + number * HOUR, bound=Bound.DAY, units=4)
    late = desk.visit(NINE + 5 * HOUR)
    await free_number(desk, key, 0)
    assert isinstance(await desk.hold(late, quotas=[quota(late, key, bound=Bound.DAY, units=2)]), QuotaFull)


async def free_number(desk, key, number):
    """Cancel the appointment that has a certain unit."""
    for hour in range(4):
        for appointment in await everybody(desk, NINE + hour * HOUR):
            if any((unit.key, unit.number) == (key, number) for unit in appointment.quota_units):
                await desk.store.cancel(cancelled(appointment), claim=await desk.claim())


async def everybody(desk, start):
    found = await desk.store.find_occupied_times(desk.tenant, desk.visit(start).blocked, at=desk.clock.now())
    return [await desk.store.find(one.appointment_id) for one in found if one.interval.start == start]


async def test_units_of_a_stale_holder_are_free_unless_they_are_permanent(desk, key):
    """The unit of the hold quota is free for the session's next request; the day's unit is still in use."""
    first = await held(desk, key, units=1, bound=Bound.SESSION)
    new = desk.visit(NINE + HOUR)
    claim, at = await desk.claim(), desk.clock.now()
    bounds = [quota(new, key, units=1, bound=Bound.SESSION)]
    assert isinstance(await desk.store.hold(new, at=at, claim=claim, quotas=bounds), QuotaFull)
    assert await desk.store.hold(new, at=at, claim=claim, quotas=bounds, stale_holder=first.appointment_id) is None
    day = f"{key}-day"
    second = await held(desk, day, NINE + 2 * HOUR, units=1, bound=Bound.DAY)
    later = desk.visit(NINE + 3 * HOUR)
    capped = [quota(later, day, units=1, bound=Bound.DAY)]
    full = await desk.store.hold(
        later, at=at, claim=await desk.claim(), quotas=capped, stale_holder=second.appointment_id
    )
    assert isinstance(full, QuotaFull)


async def test_a_lost_time_uses_up_no_unit(desk, key):
    """Whoever hears that the time is taken may ask for another one at once."""
    await held(desk, key)
    late = desk.visit()
    assert (
        await desk.hold(late, quotas=[quota(late, key), quota(late, f"{key}-sends", bound=Bound.SENDS_CONTACT)])
        == SlotLost()
    )
    assert (await count_units(desk, key), await count_units(desk, f"{key}-sends")) == (1, 0)


async def test_an_attempt_after_a_crash_takes_its_own_units_again(emulator, dynamodb, clock, key):
    """The worker died between the units and the hold: the next one needs no further units, and holds the time."""

    class Dying:
        async def transact_write_items(self, **_):
            raise OSError("the worker was killed")

        def __getattr__(self, name):
            return getattr(dynamodb, name)

    desk = Desk(in_dynamodb(clock, dynamodb, emulator.client("dynamodb")), clock)
    visit = desk.visit()
    quotas = [
        quota(visit, key),
        quota(visit, f"{key}-sends", bound=Bound.SENDS_CONTACT, holder=f"{visit.appointment_id}#1"),
    ]
    dying = in_dynamodb(clock, Dying(), emulator.client("dynamodb")).appointments
    with pytest.raises(TransientError):
        await dying.hold(visit, at=clock.now(), claim=await desk.claim(), quotas=quotas)
    assert await count_units(desk, key) == 1
    assert await desk.hold(visit, quotas=quotas) is None
    assert (await count_units(desk, key), await count_units(desk, f"{key}-sends")) == (1, 1)


class Late:
    """A worker's client of DynamoDB; before its first call of `operation` on quota units the worker is overtaken."""

    def __init__(self, client, operation, successor):
        self._client = client
        self._operation = operation
        self._successor = successor
        self._overtaking = asyncio.Lock()

    def __getattr__(self, name):
        async def call(**arguments):
            if name == self._operation and arguments.get("TableName", "LimitsTable") == "LimitsTable":
                async with self._overtaking:
                    successor, self._successor = self._successor, None
                    if successor:
                        await successor()
            return await getattr(self._client, name)(**arguments)

        return call


@pytest.fixture
def overtaken(emulator, dynamodb, clock, key):
    """Return a function: it holds a visit, and before its call of `operation` another attempt has the command."""
    desk = Desk(in_dynamodb(clock, dynamodb, emulator.client("dynamodb")), clock)

    async def hold(operation, *, is_occupied=False):
        visit, command = desk.visit(), new_id()
        other = await desk.held() if is_occupied else None
        sends = {"bound": Bound.SENDS_CONTACT, "holder": f"{visit.appointment_id}#1"}
        quotas = [quota(visit, key, units=1), quota(visit, f"{key}-sends", units=5, **sends)]
        early = await desk.claim(command)

        async def hold_after_the_lease():
            clock.advance(timedelta(minutes=1))
            if other:
                await desk.store.cancel(cancelled(other), claim=await desk.claim())
            later = await desk.claim(command)
            assert await desk.store.hold(visit, at=visit.created_at, claim=later, quotas=quotas) is None

        late = in_dynamodb(clock, Late(dynamodb, operation, hold_after_the_lease), emulator.client("dynamodb"))
        try:
            return await late.appointments.hold(visit, at=visit.created_at, claim=early, quotas=quotas)
        finally:
            assert (await desk.stored(visit)).quota_units[0].key == key
            found = await desk.store.find_quota_holders([key, f"{key}-sends"], at=clock.now())
            assert [set(one) for one in found.values()] == [{visit.appointment_id}, {f"{visit.appointment_id}#1"}]

    return hold


@pytest.mark.parametrize("operation", ["put_item", "transact_write_items"])
async def test_a_worker_that_lost_its_claim_takes_no_unit_of_its_successor(overtaken, operation):
    """The lease ended before it took its units, or before its transaction: the successor keeps its units."""
    with pytest.raises(LeaseLostError):
        await overtaken(operation)


async def test_a_worker_that_lost_its_claim_frees_no_unit_of_its_successor(overtaken):
    """It found the time taken, and was slow: meanwhile the time was freed, and the next attempt held it."""
    assert await overtaken("delete_item", is_occupied=True) == SlotLost()


async def test_a_worker_that_lost_its_claim_does_not_take_over_and_free_units(emulator, dynamodb, clock, key):
    """Its successor holds, under a profile with one limit less; then it finds that other limit reached."""
    desk = Desk(in_dynamodb(clock, dynamodb, emulator.client("dynamodb")), clock)
    visit, command = desk.visit(), new_id()
    shared, other = quota(visit, key, units=1), f"{key}-other"
    early = await desk.claim(command)

    async def hold_after_the_lease():
        clock.advance(timedelta(minutes=1))
        await held(desk, other, NINE + HOUR, units=1)
        later = await desk.claim(command)
        assert await desk.store.hold(visit, at=visit.created_at, claim=later, quotas=[shared]) is None

    late = in_dynamodb(clock, Late(dynamodb, "put_item", hold_after_the_lease), emulator.client("dynamodb"))
    quotas = [shared, quota(visit, other, units=1)]
    full = await late.appointments.hold(visit, at=visit.created_at, claim=early, quotas=quotas)
    assert isinstance(full, QuotaFull)
    assert await count_units(desk, key) == 1


class Lagging:
    """Answers eventually consistent queries for units with an earlier state, as a replica does that lags behind."""

    def __init__(self, client):
        self._client = client
        self.units = []
        self.reads = []

    async def query(self, **arguments):
        self.reads.append(arguments["ConsistentRead"])
        answer = await self._client.query(**arguments)
        return answer if arguments["ConsistentRead"] else {"Items": self.units}

    def __getattr__(self, name):
        return getattr(self._client, name)


@pytest.fixture
def lagging(emulator, dynamodb, clock):
    """Return a desk on tables that lag behind."""
    client = Lagging(dynamodb)
    return client, Desk(in_dynamodb(clock, client, emulator.client("dynamodb")), clock)


async def test_a_unit_that_a_stale_read_shows_as_free_is_given_once(lagging, key):
    """The transaction finds it taken, and the next choice reads consistently: the other unit, and then none."""
    client, desk = lagging
    first, second = await held(desk, key), await held(desk, key, NINE + HOUR)
    late = desk.visit(NINE + 2 * HOUR)
    assert isinstance(await desk.hold(late, quotas=[quota(late, key)]), QuotaFull)
    holders = (await desk.store.find_quota_holders([key], at=desk.clock.now()))[key]
    assert sorted(holders) == sorted([first.appointment_id, second.appointment_id])
    assert client.reads[0] is False


async def test_a_quota_that_is_full_by_the_time_of_its_write_uses_up_no_other_unit(lagging, key):
    """The stale read shows it as free: the unit of the other quota, which was taken meanwhile, is freed."""
    _, desk = lagging
    await held(desk, key, units=1)
    late = desk.visit(NINE + HOUR)
    quotas = [quota(late, f"{key}-other"), quota(late, key, units=1)]
    assert isinstance(await desk.hold(late, quotas=quotas), QuotaFull)
    assert await count_units(desk, f"{key}-other") == 0


async def test_a_quota_that_a_stale_read_shows_as_full_is_not_refused(lagging, key):
    """A unit that was freed a moment ago is free for the next visitor."""
    client, desk = lagging
    first = await held(desk, key, units=1)
    stored = await desk.store._client._client.query(
        TableName="LimitsTable",
        KeyConditionExpression="quota = :quota",
        ExpressionAttributeValues={":quota": {"S": key}},
    )
    await desk.store.free(first)
    client.units = stored["Items"]
    assert len(client.units) == 1
    await held(desk, key, NINE + HOUR, units=1)


def share(visit, key, *, network="near", minutes=120, of_network=60, units=4):
    """Return the quota of a visit of an hour, of which `minutes` are held in all."""
    return quota(
        visit,
        key,
        units=units,
        bound=Bound.HELD_SHARE,
        minutes=60,
        start=visit.start,
        max_minutes=minutes,
        networks=(NetworkShare(network, of_network),),
    )


async def test_holds_keep_a_share_of_the_time(desk, key, clock):
    """In all and by network; when they have expired, the time is free again."""
    first = desk.visit(NINE)
    assert await desk.hold(first, quotas=[share(first, key)]) is None
    same = desk.visit(NINE + HOUR)
    full = await desk.hold(same, quotas=[share(same, key)])
    assert (full.bound, full.frees_at) == (Bound.HELD_SHARE, first.hold_expires_at)
    other = desk.visit(NINE + HOUR)
    assert await desk.hold(other, quotas=[share(other, key, network="far")]) is None
    third = desk.visit(NINE + 2 * HOUR)
    assert isinstance(await desk.hold(third, quotas=[share(third, key, network="third")]), QuotaFull)
    clock.set(first.hold_expires_at)
    late = desk.visit(NINE + 2 * HOUR)
    assert await desk.hold(late, quotas=[share(late, key)]) is None


async def test_a_full_quota_names_who_wants_the_same_time(desk, key):
    """Also where another quota is the full one; a hold of another time is no rival."""
    first, other = desk.visit(NINE), desk.visit(NINE + HOUR)
    for visit in (first, other):
        assert await desk.hold(visit, quotas=[share(visit, key, minutes=600, of_network=600)]) is None
    late = desk.visit(NINE)
    assert (await desk.hold(late, quotas=[share(late, key)])).rivals == {first.appointment_id}
    quotas = [quota(late, f"{key}-one", units=0), share(late, key, minutes=600, of_network=600)]
    full = await desk.hold(late, quotas=quotas)
    assert (full.bound, full.rivals) == (Bound.CONTACT, {first.appointment_id})


async def test_one_visit_is_held_however_small_the_share(desk, key):
    """Or nobody could book at a small business."""
    first, second = desk.visit(NINE), desk.visit(NINE + HOUR)
    assert await desk.hold(first, quotas=[share(first, key, minutes=10, of_network=5, units=1)]) is None
    assert isinstance(
        await desk.hold(second, quotas=[share(second, key, minutes=10, of_network=5, units=1)]), QuotaFull
    )


async def test_concurrent_holds_of_a_network_keep_its_share(desk, key):
    """They prefer the same unit: one of them gets it, and the others read again."""
    visits = [desk.visit(NINE + number * HOUR) for number in range(5)]
    results = await asyncio.gather(
        *(desk.hold(each, quotas=[share(each, key, minutes=300, units=5)]) for each in visits)
    )
    assert results.count(None) == 1
    assert all(isinstance(result, QuotaFull) for result in results if result)


async def test_concurrent_holds_of_many_networks_keep_the_share(desk, key):
    """They choose different units: who is over the share with what the others took gives the unit back."""
    visits = [desk.visit(NINE + number * HOUR) for number in range(12)]
    quotas = [share(each, key, network=f"n{number}", minutes=240, units=48) for number, each in enumerate(visits)]
    results = await asyncio.gather(*(desk.hold(each, quotas=[one]) for each, one in zip(visits, quotas, strict=True)))
    assert 1 <= results.count(None) <= 4
    assert all(isinstance(result, QuotaFull) for result in results if result)
    assert await count_units(desk, key) == results.count(None)


async def test_a_hold_that_moves_within_its_day_keeps_one_unit(desk, key):
    """Of a quota that the move names again."""
    hold = desk.visit(NINE)
    assert await desk.hold(hold, quotas=[share(hold, key)]) is None
    stored = await desk.stored(hold)
    new = moved(stored, HOUR)
    claim = await desk.claim()
    assert await desk.store.move(stored, new, at=desk.clock.now(), claim=claim, quotas=[share(new, key)]) is None
    assert [unit.key for unit in (await desk.stored(hold)).quota_units] == [key]
    assert await count_units(desk, key) == 1


async def test_the_times_of_holds_are_marked(desk):
    """Those of confirmed visits are not."""
    await desk.held(NINE)
    await desk.confirmed(NINE + HOUR)
    day = Interval(NINE, NINE + 2 * HOUR)
    found = await desk.store.find_occupied_times(desk.tenant, day, at=desk.clock.now())
    assert {(time.interval.start, time.is_held) for time in found} >= {(NINE, True), (NINE + HOUR, False)}
    assert {time.is_held for time in found if time.interval.start >= NINE + HOUR} == {False}


def with_proof(limited, units):
    """Return the quota with a higher limit for holders with a proof of work."""
    return replace(limited, with_proof=replace(limited, units=units))


async def test_a_proof_gives_a_unit_that_others_do_not_get(desk, key):
    """A full quota says whether a proof helps; whoever has one takes a further unit, until those are used up, too."""
    await held(desk, key, units=1)
    second, third = desk.visit(NINE + HOUR), desk.visit(NINE + 2 * HOUR)
    limited = with_proof(quota(second, key, units=1), 2)
    full = await desk.hold(second, quotas=[limited])
    assert isinstance(full, QuotaFull)
    assert full.has_room_with_proof
    assert await desk.hold(second, quotas=[limited.with_proof]) is None
    full = await desk.hold(third, quotas=[with_proof(quota(third, key, units=1), 2)])
    assert isinstance(full, QuotaFull)
    assert not full.has_room_with_proof


async def test_a_proof_is_of_no_use_where_another_quota_is_full(desk, key):
    """Then that one is the reason: nobody works in vain."""
    other = f"{key}-contact"
    visit, late = desk.visit(NINE), desk.visit(NINE + HOUR)
    assert await desk.hold(visit, quotas=[quota(visit, key, units=1), quota(visit, other, units=1)]) is None
    quotas = [with_proof(quota(late, key, units=1, bound=Bound.ADDRESS), 2), quota(late, other, units=1)]
    full = await desk.hold(late, quotas=quotas)
    assert isinstance(full, QuotaFull)
    assert (full.bound, full.has_room_with_proof) == (Bound.CONTACT, False)


def visits(visit, key, *, units=1, at=NINE, **fields):
    """Return a quota of confirmed visits, which count for a month."""
    return quota(visit, key, units=units, bound=Bound.VISITS_CONTACT, until=at + timedelta(days=30), **fields)


async def test_concurrent_confirmations_at_the_limit_confirm_no_more(desk, key, clock):
    """Each hold saw that there is room; of six confirmations at once, two are stored, and the others change nothing."""
    holds = [desk.visit(NINE + number * HOUR) for number in range(6)]
    for hold in holds:
        assert await desk.hold(hold, quotas=[visits(hold, key, units=2, takes_unit=False)]) is None
    assert await count_units(desk, key) == 0
    claims = [await desk.claim() for _ in holds]

    async def confirm(hold, claim):
        needed = [visits(hold, key, units=2)]
        while True:
            try:
                return await desk.store.confirm(confirmed(await desk.stored(hold)), claim=claim, quotas=needed)
            except TransientError:
                await asyncio.sleep(0.01)

    results = await asyncio.gather(*map(confirm, holds, claims))
    assert results.count(None) == 2
    assert {result.bound for result in results if result} == {Bound.VISITS_CONTACT}
    assert await count_units(desk, key) == 2
    states = [(await desk.stored(hold)).state for hold in holds]
    assert [state is confirmed(holds[0]).state for state in states] == [result is None for result in results]
    late = desk.visit(NINE + 7 * HOUR)
    full = await desk.hold(late, quotas=[visits(late, key, units=2, takes_unit=False)])
    assert full.bound is Bound.VISITS_CONTACT


async def confirm_counted(desk, key, start=NINE):
    """Return a confirmed visit that counts for the quota."""
    hold = desk.visit(start)
    assert await desk.hold(hold) is None
    claim = await desk.claim()
    assert await desk.store.confirm(confirmed(hold), claim=claim, quotas=[visits(hold, key, units=5)]) is None
    return await desk.stored(hold)


@pytest.mark.parametrize("together", [False, True])
async def test_a_moved_visit_keeps_the_unit_that_counts_it(desk, key, clock, together):
    """However it moves; it is freed when the visit is cancelled, or when it has counted for long enough."""
    visit = await confirm_counted(desk, key)
    other = await confirm_counted(desk, key, NINE + HOUR)
    day = f"{key}-day"
    new = moved(visit, 24 * HOUR)
    move = {"at": clock.now(), "claim": await desk.claim(), "quotas": [quota(new, day, bound=Bound.DAY, until=None)]}
    if together:
        assert await desk.store.move_together([(visit, new)], **move) is None
    else:
        assert await desk.store.move(visit, new, **move) is None
    stored = await desk.stored(visit)
    assert {unit.key for unit in stored.quota_units} == {key, day}
    assert (await count_units(desk, key), await count_units(desk, day)) == (2, 1)
    await desk.store.cancel(cancelled(stored), claim=await desk.claim())
    assert (await count_units(desk, key), await count_units(desk, day)) == (1, 0)
    clock.set(NINE + timedelta(days=30))
    assert await count_units(desk, key) == 0
    assert (await desk.stored(other)).quota_units


async def test_a_lost_time_counts_no_visit(desk, key, clock):
    """The hold expired, and another visitor has the time."""
    hold = await desk.held()
    clock.advance(LONG)
    await desk.held()
    needed = [visits(hold, key)]
    assert await desk.store.confirm(confirmed(hold), claim=await desk.claim(), quotas=needed) == SlotLost()
    assert await count_units(desk, key) == 0
