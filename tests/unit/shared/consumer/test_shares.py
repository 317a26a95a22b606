"""How the handlers of a pool are divided among tenants, addresses and sessions."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.consumer.shares import HandlerShares, RetrySchedule, ShareLimits, find_holders

LIMITS = ShareLimits()


def holders(tenant="salon", address=None, session=None):
    return find_holders(SimpleNamespace(tenant=tenant, source_ip=address or "", session_id=session or ""))


def fill(shares, *tenants):
    """Let the tenants take handlers in turns until each is refused."""
    refused = set()
    while len(refused) < len(tenants):
        refused |= {tenant for tenant in tenants if shares.take(holders(tenant))}


@pytest.mark.parametrize(
    ("total", "kind", "held"),
    [
        (64, "tenant", 48),
        (64, "address", 32),
        (64, "session", 16),
        (4, "tenant", 3),
        (4, "address", 2),
        (4, "session", 1),
        (1, "tenant", 1),
        (1, "session", 1),
    ],
)
def test_one_alone_leaves_a_part_of_the_handlers_free(total, kind, held):
    """A tenant gets three quarters, an address half, a session a quarter; at least one handler."""
    shares = HandlerShares(total, LIMITS)
    count = 0
    while shares.take(holders(**{"tenant": f"t{count}"} | {kind: "198.51.100.7"})) is None:
        count += 1
    assert (count, shares.free) == (held, total - held)


def test_a_limit_of_one_is_none():
    """A deployment for one business needs no share."""
    shares = HandlerShares(8, ShareLimits(tenant=1, address=1, session=1))
    assert [shares.take(holders("salon", "198.51.100.7", "s1")) for _ in range(8)] == [None] * 8


@settings(max_examples=40)
@given(st.integers(4, 100), st.integers(1, 12))
def test_tenants_who_want_everything_get_equal_parts(total, count):
    """Of T tenants each gets its limit's part of a T-th, give or take one, and somebody new is not refused."""
    shares, tenants = HandlerShares(total, LIMITS), [f"t{number}" for number in range(count)]
    fill(shares, *tenants)
    held = [shares.count_held(f"tenant {tenant}") for tenant in tenants]
    assert min(held) >= math.floor(LIMITS.tenant * total / count)
    assert max(held) - min(held) <= 1
    if total > 3 * count:
        assert shares.take(holders("new")) is None


@settings(max_examples=40)
@given(st.integers(1, 20), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=100))
def test_no_order_of_takes_and_returns_breaks_a_limit(total, steps):
    """Nobody exceeds a part; whoever has nothing gets a free handler; at the end every handler is free."""
    shares, running = HandlerShares(total, LIMITS), []
    for tenant, address, is_end in steps:
        if is_end and running:
            shares.give_back(running.pop(0))
            continue
        if not shares.free:
            continue
        wanted = holders(f"t{tenant}", f"192.0.2.{address}")
        has_nothing = not any(shares.count_held(holder) for holder in wanted if holder)
        refused_for = shares.take(wanted)
        if refused_for is None:
            running.append(wanted)
        assert not (has_nothing and refused_for)
        assert refused_for in {None, *wanted}
        assert shares.free == total - len(running)
        for number in range(4):
            assert shares.count_held(f"tenant t{number}") <= math.ceil(LIMITS.tenant * total)
            assert shares.count_held(f"address 192.0.2.{number}") <= math.ceil(LIMITS.address * total)
    for one in running:
        shares.give_back(one)
    assert shares.free == total
    assert shares.count_held("tenant t0") == 0


def test_a_household_is_one_address():
    """The /64 network of an IPv6 address counts as one; internal commands have no address."""
    assert holders(address="2001:db8::1") == holders(address="2001:db8::ffff")
    assert holders()[1:] == (None, None)


def test_a_tenant_that_gives_way_is_not_displaced():
    """A second tenant takes what is free, and more as handlers of the first one end."""
    shares = HandlerShares(64, LIMITS)
    fill(shares, "first")
    fill(shares, "second")
    assert (shares.count_held("tenant first"), shares.count_held("tenant second")) == (48, 12)
    for _ in range(48):
        shares.give_back(holders("first"))
        shares.take(holders("second"))
        shares.take(holders("first"))
    assert abs(shares.count_held("tenant first") - shares.count_held("tenant second")) <= 3


def test_deferred_messages_return_as_handlers_end():
    """With four handlers of two seconds each, one message every half a second, counted from the last one."""
    schedule = RetrySchedule()
    waits = [schedule.schedule("tenant a", held=4, now=10.0, max_seconds=2.0) for _ in range(5)]
    assert waits == [0.5, 1.0, 1.5, 2.0, None]
    assert schedule.schedule("tenant b", held=4, now=10.0, max_seconds=2.0) == 0.5
    assert schedule.schedule("tenant a", held=4, now=11.0, max_seconds=2.0) == 1.5
    assert schedule.schedule("tenant a", held=4, now=99.0, max_seconds=2.0) == 0.5


def test_the_schedule_follows_how_long_handlers_take():
    """Slow handlers lengthen it; those of a moment do not make it none."""
    slow, quick = RetrySchedule(), RetrySchedule()
    for _ in range(200):
        slow.record_handler(20.0)
        quick.record_handler(0.0)
    assert slow.schedule("tenant a", held=2, now=0.0, max_seconds=60) == pytest.approx(10.0, rel=0.01)
    assert quick.schedule("tenant a", held=2, now=0.0, max_seconds=60) == pytest.approx(0.005, rel=0.05)


def test_schedules_that_have_ended_are_forgotten():
    """However many sessions had one: the memory of a pool is bounded by those that wait now."""
    schedule = RetrySchedule()
    for number in range(5000):
        schedule.schedule(f"session {number}", held=1, now=float(number * 10), max_seconds=60)
    assert schedule.count() <= 1000
