"""Budgets that many environments share: how far they go beyond, how often they write."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_gateway_ws.limits.budgets import MIN_BLOCK, Budget
from shared.tenants.rate_limits import DEFAULTS
from tests.unit.api_gateway_ws.limits.environments import Shared, chat

ENVIRONMENTS = 50
MIN_LEASE = 2 * MIN_BLOCK
"""Of what is queued: what was spent without a lease, and as much again."""


def find_block(limit):
    return Budget("business", "salon", "chats", limit).block


def ask_until_refused(limiters, make_request):
    """Let each environment ask in turn until none admits anything; return how many were admitted by each."""
    admitted = Counter()
    waiting = list(enumerate(limiters))
    while waiting:
        left = []
        for number, limiter in waiting:
            if limiter.admit(make_request(admitted.total())) is None:
                admitted[number] += 1
                left.append((number, limiter))
        waiting = left
    return admitted


@pytest.mark.parametrize(
    ("scope", "make_request"),
    [
        ("business", lambda number: chat(f"s{number}", source_ip=f"198.51.{number % 250}.{number // 250 % 250}")),
        ("address", lambda number: chat(f"s{number}")),
    ],
    ids=["business", "address"],
)
def test_fifty_environments_overshoot_by_no_more_than_their_blocks(scope, make_request):
    """All ask in turn: what no environment has leased is at most its first block, and the row is written seldom."""
    shared = Shared()
    limit = DEFAULTS[f"{scope}.chats"]
    block = find_block(limit)

    admitted = ask_until_refused([shared.open() for _ in range(ENVIRONMENTS)], make_request)

    assert admitted.total() <= limit + ENVIRONMENTS * block
    [row] = [row for row in shared.counters.rows if row.key.startswith(f"rate#{scope}#") and row.key.endswith("#chats")]
    assert max(limit // 4, 30) - MIN_LEASE < shared.counters.rows[row]["leased"] <= limit // 4  # in ten seconds
    assert shared.counters.writes[row] <= limit // MIN_LEASE + ENVIRONMENTS < 100
    assert max(admitted.values()) <= limit


def test_the_overshoot_is_exactly_what_was_not_leased():
    """The bound is reached where nobody leases: each environment spends its first block, and asks after that."""
    shared = Shared("business.hellos=240")
    limiters = [shared.open() for _ in range(ENVIRONMENTS)]
    block = find_block(240)
    spent = sum(
        limiter.admit(chat(f"s{n}{i}", source_ip="", kind="hellos")) is None
        for n, limiter in enumerate(limiters)
        for i in range(block)
    )
    assert (spent, shared.counters.writes_of("business")) == (ENVIRONMENTS * block, 0)

    admitted = ask_until_refused(limiters, lambda number: chat(f"later{number}", source_ip="", kind="hellos"))

    leases = 240 // (2 * block)  # each of what it has spent, and of another block
    assert admitted.total() == leases * block
    assert spent + admitted.total() <= 240 + ENVIRONMENTS * block


def test_one_environment_alone_ends_exactly_at_the_limit():
    """Its first lease contains what it has spent before."""
    shared = Shared()
    admitted = ask_until_refused([shared.open()], lambda number: chat(f"s{number}", kind="hellos"))
    assert admitted.total() == DEFAULTS["address.hellos"]


def test_of_a_large_budget_an_environment_spends_ten_without_a_lease():
    """A block of it, times the environments of a flood, would be as much as the budget."""
    shared = Shared("business.chats=2400,business.hellos=2400")
    limiter = shared.open()
    assert all(limiter.admit(chat(f"s{number}", source_ip="")) is None for number in range(10))
    assert shared.counters.writes_of("business") == 0
    limiter.admit(chat("one more", source_ip=""))
    assert shared.counters.writes_of("business") == 1
    for number in range(20):
        limiter.admit(chat(f"h{number}", source_ip="", kind="hellos"))
    assert shared.counters.writes_of("business") == 1


@pytest.mark.parametrize("limit", [600, 1800, 999_999])
def test_environments_that_start_together_lease_little_more_than_they_spend(limit):
    """Nobody is refused while most of the budget of ten seconds is left, however many environments share it."""
    shared = Shared(f"business.chats={limit}")
    limiters = [shared.open() for _ in range(7)]
    admitted = [
        limiter.admit(chat(f"{number}-{n}", source_ip="")) for n in range(15) for number, limiter in enumerate(limiters)
    ]
    assert set(admitted) == {None}
    assert shared.counters.writes_of("business") == 7


def test_threads_do_not_exceed_the_bound_either():
    """Fifty environments at once, on threads,."""
    shared = Shared("business.chats=240")
    admitted = Counter()

    def ask(number):
        limiter = shared.open()
        for frame in range(30):
            admitted[number] += limiter.admit(chat(f"{number}-{frame}", source_ip="")) is None

    threads = [threading.Thread(target=ask, args=[number]) for number in range(ENVIRONMENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.total() <= 240 + ENVIRONMENTS * find_block(240)
    assert max(shared.counters.writes.values()) <= 240 // MIN_LEASE + ENVIRONMENTS


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["chats", "queries", "hellos"])), max_size=300
    )
)
def test_no_budget_is_exceeded_by_more_than_blocks(frames):
    """Whatever comes in which order: at a network, at the wider ones around it, and at the business.

    A frame that has two leases to take postpones one, so an environment may be seven frames beyond its block.
    """
    shared = Shared("address=12,business=30")
    limiters = [shared.open() for _ in range(4)]
    admitted = Counter()
    for number, (environment, network, kind) in enumerate(frames):
        request = chat(f"s{number}", kind=kind, source_ip=f"2001:db8:0:{network}::1")
        if limiters[environment].admit(request) is None:
            names = ("business", "/48", "/56", network)
            admitted.update((name, counted) for name in names for counted in ("frames", kind))
    for (name, _), count in admitted.items():
        limit = {"business": 30, "/48": 48, "/56": 24}.get(name, 12)
        assert count <= limit + 4 * (find_block(limit) + 7)


def test_a_refusal_is_remembered_until_the_minute_ends():
    """An environment asks once for what is spent, however much comes; then everything begins anew."""
    shared = Shared("business.chats=10")
    limiter = shared.open()
    admitted = [limiter.admit(chat(f"s{number}", source_ip="")) for number in range(100)]
    assert admitted.count(None) == 10
    calls = shared.counters.calls
    assert limiter.admit(chat("one more", source_ip="")).scope == "business"
    assert shared.counters.calls == calls

    shared.clock.advance(timedelta(milliseconds=admitted[-1].wait_ms))
    assert limiter.admit(chat("later", source_ip="")) is None


def test_wider_networks_have_twice_the_budget_of_the_one_within():
    """An attacker with a /48 has 65 536 networks of /64, and spends four times what one of them may."""
    shared = Shared("address.hellos=20,business=10000")
    limiter = shared.open()
    same_56 = [limiter.admit(chat(f"a{n}", source_ip=f"2001:db8:0:{n % 256:x}::1", kind="hellos")) for n in range(60)]
    assert same_56.count(None) == 40
    same_48 = [limiter.admit(chat(f"b{n}", source_ip=f"2001:db8:0:{n:x}00::1", kind="hellos")) for n in range(1, 60)]
    # What is left when a lease is due may be less than a block, which is not leased any more.
    assert 40 - 17 < same_48.count(None) <= 40
    assert limiter.admit(chat("c", source_ip="2001:db8:1::1", kind="hellos")) is None


def test_businesses_do_not_share_an_address():
    """What one business has had from an address does not count at another one."""
    shared = Shared("address.chats=10")
    limiter = shared.open()
    assert [limiter.admit(chat(f"s{n}")) for n in range(20)].count(None) == 10
    assert limiter.admit(chat("s", tenant="another")) is None
