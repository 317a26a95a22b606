"""Leases of requests to Google: one suite for the fake and the table."""

import asyncio
from dataclasses import replace

import pytest

from shared.ids import new_id
from shared.retention import REQUEST_LEASE_RETENTION
from tests.fakes.request_leases import FakeRequestLeases
from workers.booking.adapters.request_leases import DynamoRequestLeases
from workers.booking.domain.request_budget import Lease, find_window_end


@pytest.fixture(params=["memory", "dynamodb"])
def leases(request):
    if request.param == "memory":
        return FakeRequestLeases()
    return DynamoRequestLeases(client=request.getfixturevalue("dynamodb"), table="CalendarsTable")


@pytest.fixture
def wanted():
    """Return one request of a tenant, in a window of ten that nobody else uses."""
    window = 300_000_000 + int(new_id()[:6], 16)
    return Lease(window, "tenant#salon", amount=1, limit=10, kept_free=0)


async def count_leased(leases, lease):
    """Let one holder ask until it has its share."""
    return [await leases.lease(lease) for _ in range(12)].count(True)


async def count_leased_by_many(leases, lease):
    """Let each of many holders ask once."""
    return [await leases.lease(replace(lease, holder=f"{lease.holder}-{number}")) for number in range(12)].count(True)


async def test_a_window_has_as_many_requests_as_its_limit(leases, wanted):
    """Whoever leases them; the next window has its own."""
    assert await leases.lease(replace(wanted, amount=7))
    assert await count_leased_by_many(leases, wanted) == 3
    assert not await leases.lease(wanted)
    assert await leases.lease(replace(wanted, window=wanted.window + 1))


@pytest.mark.parametrize("first", [0, 1])
async def test_what_is_less_urgent_leaves_some(leases, wanted, first):
    """Also the first lease of a window."""
    for _ in range(first):
        await leases.lease(replace(wanted, holder="events#salon"))
    assert await count_leased_by_many(leases, replace(wanted, kept_free=4)) == 6 - first
    assert await count_leased_by_many(leases, replace(wanted, holder="tenant#other")) == 4


async def test_a_lease_that_is_larger_than_the_window_takes_nothing(leases, wanted):
    """Not even in part."""
    assert not await leases.lease(replace(wanted, amount=11))
    assert not await leases.lease(replace(wanted, amount=7, kept_free=4))
    assert await leases.lease(replace(wanted, amount=10))


async def test_a_share_is_less_than_what_is_free(leases, wanted):
    """One holder alone gets half, three of them a quarter each, and there is room for whoever comes next."""
    shared = replace(wanted, limit=12)
    assert await count_leased(leases, shared) == 6
    other = replace(shared, window=wanted.window + 1)
    leased = [0, 0, 0]
    for _ in range(12):
        for number in range(3):
            leased[number] += await leases.lease(replace(other, holder=f"tenant#{number}"))
    assert leased == [3, 3, 3]
    assert await leases.lease(replace(other, holder="tenant#late"))


async def test_a_window_may_be_emptied(leases, wanted):
    """Whether somebody has leased before or not."""
    await leases.lease(wanted)
    for window in (wanted.window, wanted.window + 1):
        await leases.close_window(window)
        assert not await leases.lease(replace(wanted, window=window))


async def test_fifty_processes_at_once_do_not_exceed_the_limit(leases, wanted):
    """Each asks for three tenants; together they get as many requests as the window has, and no more."""
    asked = [replace(wanted, limit=85, holder=f"tenant#{number}") for number in range(150)]
    answers = await asyncio.gather(*(leases.lease(each) for each in asked))
    assert answers.count(True) == 85


async def test_a_row_of_the_release_before_counts(dynamodb, wanted):
    """It has one holder for all events, without a share; what it left is divided, and it finds what is left of that."""
    key = {"calendar_id": {"S": f"requests#{wanted.window}"}}
    before = {"free": {"N": "4"}, "events": {"N": "6"}, "expires_at": {"N": "4000000000"}}
    await dynamodb.put_item(TableName="CalendarsTable", Item=key | before)
    table = DynamoRequestLeases(client=dynamodb, table="CalendarsTable")
    assert await count_leased(table, replace(wanted, holder="events#salon")) == 2
    item = (await dynamodb.get_item(TableName="CalendarsTable", Key=key))["Item"]
    assert {name: int(item[name]["N"]) for name in ("free", "events", "events#salon")} == {
        "free": 2,
        "events": 6,
        "events#salon": 2,
    }


async def test_a_row_expires(dynamodb, wanted):
    """It is useless as soon as its window is over."""
    table = DynamoRequestLeases(client=dynamodb, table="CalendarsTable")
    await table.lease(wanted)
    key = {"calendar_id": {"S": f"requests#{wanted.window}"}}
    item = (await dynamodb.get_item(TableName="CalendarsTable", Key=key))["Item"]
    expires_at = (find_window_end(wanted.window) + REQUEST_LEASE_RETENTION).timestamp()
    assert float(item["expires_at"]["N"]) == expires_at
