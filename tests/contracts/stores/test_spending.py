"""What calls of models cost: reservations under caps, records, sums."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.ids import new_id
from shared.messages.server import Usage
from shared.retention import USAGE_RECORD_RETENTION
from shared.spending.totals import Totals
from shared.spending.values import CallKey, CallResult, Cap, Purpose, Reservation, Reserved

DAY = date(2026, 1, 12)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
OPEN_CAPS = dict.fromkeys(Cap, 10**12)
RACERS = 20


@pytest.fixture
def spending(stores):
    return stores.spending


@pytest.fixture
def reservation(tenant):
    """Return a function that makes reservations of one business."""

    def make(session="s1", amount=100, number=1, **fields):
        content = {
            "tenant": tenant,
            "session_id": session,
            "key": CallKey(new_id(), 1, number),
            "model_id": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "day": DAY,
            "nano_dollars": amount,
            "reserved_at": NOW,
            "expires_at": NOW + timedelta(minutes=15),
        }
        return Reservation(**content | fields)

    return make


def result(nano_dollars=30, **fields):
    usage = Usage(input_tokens=7, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2)
    return CallResult(
        **{"usage": usage, "nano_dollars": nano_dollars, "stop_reason": "end_turn", "milliseconds": 900} | fields
    )


async def reserve(spending, reservation, caps=OPEN_CAPS):
    reserved = await spending.reserve(reservation, caps)
    assert isinstance(reserved, Reserved)
    return reserved.reservation


async def test_a_call_is_set_aside_settled_and_counted_once(spending, reservation, tenant):
    """The record has everything about the call; a second settlement of it changes nothing."""
    first = await reserve(spending, reservation(address_key="a" * 24))
    assert await spending.get_committed(tenant, DAY) == (100, 100)
    assert await spending.list_totals(tenant, DAY, DAY) == []
    assert await spending.settle(first, result(30))
    assert not await spending.settle(first, result(30))
    second = await reserve(spending, reservation(number=2, purpose=Purpose.SORTING))
    assert (first.is_first_of_day, second.is_first_of_day) == (True, False)
    assert await spending.settle(second, result(250, is_estimate=True))
    assert await spending.get_committed(tenant, DAY) == (280, 280)
    [day] = await spending.list_totals(tenant, DAY, DAY)
    assert (day.tenant, day.day, day.model_id) == (tenant, DAY, first.model_id)
    assert day.totals == Totals(2, 1, 1, 14, 10, 6, 4, 280, 1800)
    records = {record.reservation.key.number: record async for record in spending.iterate_records(tenant, DAY)}
    assert records[1].reservation == replace(first, is_first_of_day=False)
    assert records[2].reservation == second
    assert [records[number].result for number in (1, 2)] == [result(30), result(250, is_estimate=True)]


async def test_each_cap_refuses_and_leaves_nothing_set_aside(spending, reservation, tenant):
    """The narrowest cap is named; the others still have all of their money, also of other days and sessions."""
    for cap in Cap:
        caps = OPEN_CAPS | {cap: 150}
        session = f"session-of-{cap}"
        address = {"address_key": f"address-of-{cap}"}
        before = await spending.get_committed(tenant, DAY)
        caps = {name: amount + before[0] if name in {Cap.DAY, Cap.MONTH} else amount for name, amount in caps.items()}
        await reserve(spending, reservation(session, **address), caps)
        assert await spending.reserve(reservation(session, **address), caps) is cap
        assert await spending.reserve(reservation(session, amount=10**13), caps) in Cap
        await reserve(spending, reservation(session, amount=50, **address), caps)
        assert await spending.get_committed(tenant, DAY) == (before[0] + 150, before[1] + 150)
    assert len([record async for record in spending.iterate_records(tenant, DAY)]) == 2 * len(Cap)
    other_day = reservation("session-of-visitor", day=date(2026, 1, 13))
    await reserve(spending, other_day, OPEN_CAPS | {Cap.VISITOR: 150, Cap.DAY: 100})
    assert await spending.get_committed(tenant, date(2026, 1, 13)) == (100, 850)


async def test_what_is_released_leaves_no_trace(spending, reservation, tenant):
    """Released twice it is taken back once; what is settled stays."""
    first = await reserve(spending, reservation(address_key="a" * 24))
    settled = await reserve(spending, reservation("s2", amount=50, address_key="a" * 24))
    assert await spending.settle(settled, result(30))
    for _ in range(2):
        await spending.release(first)
        await spending.release(settled)
    assert await spending.get_committed(tenant, DAY) == (30, 30)
    assert [record.result async for record in spending.iterate_records(tenant, DAY)] == [result(30)]
    assert not await spending.settle(first, result(30))
    again = await reserve(spending, first)
    assert again.is_first_of_day


async def test_no_cap_is_exceeded_by_racers_of_whom_some_are_killed(spending, reservation, tenant):
    """Twenty calls at once get what the cap has room for; what a killed worker set aside counts in full."""
    for cap in (Cap.SESSION, Cap.DAY, Cap.MONTH, Cap.ADDRESS, Cap.VISITOR):
        business = f"{tenant}-{cap}"
        shared = cap in {Cap.SESSION, Cap.VISITOR}
        caps = OPEN_CAPS | {cap: 700}
        racers = [
            reservation("shared" if shared else f"s{number}", tenant=business, address_key="one", number=number)
            for number in range(RACERS)
        ]
        answers = await asyncio.gather(*(spending.reserve(racer, caps) for racer in racers))
        admitted = [answer.reservation for answer in answers if isinstance(answer, Reserved)]
        assert [answer for answer in answers if answer is cap] == [cap] * (RACERS - len(admitted))
        assert len(admitted) <= 7
        while isinstance(
            more := await spending.reserve(reservation("shared", tenant=business, address_key="one"), caps), Reserved
        ):
            admitted.append(more.reservation)
        assert len(admitted) == 7
        killed, settled = admitted[:3], admitted[3:]
        await asyncio.gather(*(spending.settle(one, result(100)) for one in settled))
        assert await spending.get_committed(business, DAY) == (700, 700)
        assert await spending.reserve(reservation("shared", tenant=business, address_key="one", amount=1), caps) is cap
        [day] = await spending.rebuild_day(business, DAY, NOW + timedelta(hours=1))
        assert (day.totals.nano_dollars, day.totals.estimates, day.totals.calls) == (700, len(killed), 7)
        assert await spending.get_committed(business, DAY) == (700, 700)


async def test_what_nobody_settled_is_an_estimate_once_it_has_expired(spending, reservation, tenant):
    """An open reservation stays open; an expired one counts in full, and a late settlement changes nothing."""
    made = await reserve(spending, reservation())
    assert await spending.rebuild_day(tenant, DAY, NOW) == []
    [record] = [record async for record in spending.iterate_records(tenant, DAY)]
    assert record.is_open(NOW)
    assert not record.is_open(made.expires_at)
    [day] = await spending.rebuild_day(tenant, DAY, made.expires_at)
    assert (day.totals.nano_dollars, day.totals.estimates, day.totals.conversations) == (100, 1, 1)
    [record] = [record async for record in spending.iterate_records(tenant, DAY)]
    assert (record.result.stop_reason, record.result.is_estimate) == ("not_settled", True)
    assert not await spending.settle(made, result())
    assert await spending.get_committed(tenant, DAY) == (100, 100)


async def test_what_nobody_settled_is_in_the_reports(spending, reservation, tenant):
    """As an estimate of its day and model, once it has expired, without a rebuild; other days are as they were."""
    first = await reserve(spending, reservation())
    lost = await reserve(spending, reservation(number=2, model_id="m2", reserved_at=NOW + timedelta(seconds=1)))
    await spending.settle(first, result(30))
    next_day = date(2026, 2, 1)
    other = await reserve(spending, reservation("s2", day=next_day))
    await spending.settle(other, result(7))
    written = await spending.list_totals(tenant, DAY, next_day)
    assert await spending.list_current_totals(tenant, DAY, next_day, NOW) == written
    current = await spending.list_current_totals(tenant, DAY, next_day, lost.expires_at)
    sums = [(one.day, one.model_id, one.totals.nano_dollars, one.totals.estimates) for one in current]
    assert sums == [(DAY, first.model_id, 30, 0), (DAY, "m2", 100, 1), (next_day, first.model_id, 7, 0)]
    assert [one.totals.conversations for one in current] == [1, 0, 1]
    assert await spending.list_current_totals(tenant, next_day, next_day, lost.expires_at) == written[1:]
    assert await spending.list_totals(tenant, DAY, next_day) == written, "a report changes nothing"
    late = NOW + USAGE_RECORD_RETENTION - timedelta(days=1)
    assert await spending.list_current_totals(tenant, DAY, DAY, late) == written[:1], "some records may be gone"
    assert await spending.rebuild_day(tenant, DAY, lost.expires_at) == current[:2]


async def test_sums_are_what_the_records_say(spending, reservation, tenant):
    """Computing them again changes nothing, and restores sums that are wrong or lost."""
    for number, (session, model) in enumerate([("s1", "m1"), ("s1", "m2"), ("s2", "m2")]):
        made = await reserve(
            spending, reservation(session, number=number, model_id=model, reserved_at=NOW + timedelta(seconds=number))
        )
        await spending.settle(made, result(number + 1))
    written = await spending.list_totals(tenant, DAY, DAY)
    assert [(day.model_id, day.totals.calls, day.totals.conversations) for day in written] == [
        ("m1", 1, 1),
        ("m2", 2, 1),
    ]
    assert await spending.rebuild_day(tenant, DAY, NOW) == written
    assert [day.totals.nano_dollars for day in await spending.list_totals(tenant, DAY, DAY)] == [1, 5]


async def test_a_rebuild_corrects_what_was_counted_twice(spending, reservation, tenant):
    """A repeated reservation, as after a lost answer, counts twice until then, never not at all."""
    made = await reserve(spending, asked := reservation())
    await reserve(spending, asked)
    assert await spending.settle(made, result(30))
    assert await spending.get_committed(tenant, DAY) == (130, 130)
    await spending.rebuild_day(tenant, DAY, NOW)
    assert await spending.get_committed(tenant, DAY) == (30, 30)


async def test_an_erased_session_is_in_no_record_and_all_sums_stay(spending, reservation, tenant):
    """Its calls belong to nobody then; those of other sessions are as before."""
    settled, still_open = await reserve(spending, reservation()), await reserve(spending, reservation(number=2))
    other = await reserve(spending, reservation("s2", number=3))
    await spending.settle(settled, result(30))
    await spending.settle(other, result(5))
    assert await spending.erase_session(tenant, "s1", dry_run=True) == 2
    before = [record async for record in spending.iterate_records(tenant, DAY)]
    assert "s1" in {record.reservation.session_id for record in before}
    assert await spending.erase_session(tenant, "s1") == 2
    records = [record async for record in spending.iterate_records(tenant, DAY)]
    sessions = {record.reservation.session_id for record in records}
    assert "s1" not in sessions
    assert len(sessions) == 2
    keys = {record.reservation.key.command_key for record in records}
    assert settled.key.command_key not in keys
    assert other.key.command_key in keys
    assert sum(record.count().nano_dollars for record in records) == 135
    assert not await spending.settle(still_open, result())
    written = await spending.list_totals(tenant, DAY, DAY)
    assert [day.totals.nano_dollars for day in written] == [135]
    assert await spending.rebuild_day(tenant, DAY, NOW) == written
    assert await spending.erase_session(tenant, "s1") == 0


async def test_readers_of_the_old_rows_take_no_new_row_for_a_day(spending, stores, reservation, tenant):
    """Tokens of a day (UTC) stay what they were."""
    await stores.usage.add_usage(tenant, "2026-01-12", Usage(output_tokens=3))
    made = await reserve(spending, reservation())
    await spending.settle(made, result())
    assert await stores.usage.get_output_tokens(tenant, "2026-01-12") == 3
    assert len(await spending.list_totals(tenant, DAY, DAY)) == 1


async def test_a_warning_is_noted_once_a_day_and_once_a_month(spending, tenant):
    """Of several workers one warns."""
    noted = await asyncio.gather(*(spending.note_warning(tenant, DAY, Cap.DAY) for _ in range(5)))
    assert sorted(noted) == [False] * 4 + [True]
    next_day = date(2026, 1, 13)
    assert await spending.note_warning(tenant, next_day, Cap.DAY)
    assert await spending.note_warning(tenant, DAY, Cap.MONTH)
    assert not await spending.note_warning(tenant, next_day, Cap.MONTH)
    assert await spending.note_warning(tenant, date(2026, 2, 1), Cap.MONTH)


async def test_a_day_has_one_salt(spending, tenant):
    """All workers get the same one, and each day another."""
    salts = await asyncio.gather(*(spending.get_address_salt(tenant, DAY) for _ in range(4)))
    assert len(set(salts)) == 1
    assert await spending.get_address_salt(tenant, date(2026, 1, 13)) != salts[0]
