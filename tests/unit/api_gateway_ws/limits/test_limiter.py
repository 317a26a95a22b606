"""What a limit costs, and what it does when its table does not answer."""

from collections import Counter
from datetime import timedelta

import pytest
import structlog

from api_gateway_ws.limits import minute
from api_gateway_ws.limits.budgets import Budget
from api_gateway_ws.limits.connects import Connect
from api_gateway_ws.limits.limiter import OUTAGE_MS, RateLimiter
from shared.errors import PermanentError, TransientError
from shared.tenants.rate_limits import DEFAULTS, RateLimits
from tests.unit.api_gateway_ws.limits.environments import ADDRESS, Shared, chat

AN_HOUR_OF_A_VISITOR = ("hellos", *("queries",) * 6, "commands", "commands", *("chats", "stops") * 4)


@pytest.fixture
def shared():
    return Shared()


def count_writes(shared, limiter, requests):
    """Return how often the counters were written for each request."""
    writes = []
    for request in requests:
        before = shared.counters.calls
        limiter.admit(request)
        writes.append(shared.counters.calls - before)
    return writes


def test_a_frame_of_a_visitor_costs_one_write(shared):
    """Whatever it is, and nothing else is read or written; the budgets are in memory."""
    limiter = shared.open()
    requests = [chat(kind=kind, source_ip="2001:db8::1") for kind in AN_HOUR_OF_A_VISITOR]
    assert count_writes(shared, limiter, requests) == [1] * len(requests)
    [row] = shared.counters.rows
    assert row.key == "rate#session#s1"


def test_a_frame_of_a_crowd_never_costs_two_writes(shared):
    """A frame that leases a block does not write the row of its session, also where several leases are due."""
    limiter = shared.open()
    kinds = ("chats", "queries", "commands", "hellos", "frames")
    requests = [chat(f"s{n % 9}", kind=kinds[n % 5], source_ip="2001:db8::1") for n in range(1500)]
    writes = Counter(count_writes(shared, limiter, requests))
    assert set(writes) <= {0, 1}
    assert 0 < shared.counters.writes_of("address") + shared.counters.writes_of("business") < 300


def test_a_session_is_counted_exactly_although_leases_take_its_write(shared):
    """What was not written with a lease is written with the session's next frame."""
    limiter = Shared("session.chats=1000,session.frames=1000", counters=shared.counters).open()
    admitted = [limiter.admit(chat(source_ip="2001:db8::1")) for _ in range(100)].count(None)
    row = next(row for row in shared.counters.rows if row.key == "rate#session#s1")
    assert admitted - shared.counters.rows[row]["chats"] in {0, 1}
    assert shared.counters.rows[row]["chats"] == shared.counters.rows[row]["frames"]
    assert shared.counters.writes_of("address") > 3


def test_the_limit_of_a_session_holds_where_its_frames_take_leases():
    """A lone flood of a session ends at its limit, but for frames whose leases come one after the other at its end."""
    shared = Shared("session.chats=50,session.frames=1000")
    limiter = shared.open()
    admitted = 0
    for _ in range(6):
        admitted += [limiter.admit(chat()) for _ in range(40)].count(None)
        shared.clock.advance(timedelta(seconds=10))
    assert 50 <= admitted <= 50 + 3


def test_a_refused_frame_counts_nowhere():
    """Its address and its business have as much left as before; in memory the refusal costs no further write."""
    shared = Shared("address.chats=480")
    limiter = shared.open()
    while limiter.admit(chat()) is None:
        pass
    counts = {row: dict(counts) for row, counts in shared.counters.rows.items()}
    calls = shared.counters.calls
    for _ in range(500):
        assert limiter.admit(chat()).scope == "session"
    assert {row: dict(counts) for row, counts in shared.counters.rows.items()} == counts
    assert shared.counters.calls == calls
    assert [limiter.admit(chat(f"other{n}")) for n in range(100)].count(None) == 100


def test_a_ping_is_counted_in_memory(shared):
    """It keeps connections open, and costs no write; a flood of pings is refused all the same."""
    limiter = shared.open()
    pings = [limiter.admit(chat(kind="frames", source_ip="", is_ping=True)) for _ in range(200)]
    assert pings.count(None) == DEFAULTS["session.frames"]
    assert shared.counters.calls == 0
    shared.clock.advance(timedelta(milliseconds=pings[-1].wait_ms))
    assert limiter.admit(chat(kind="frames", source_ip="", is_ping=True)) is None


@pytest.mark.parametrize("error", [TransientError("limits.count: TimeoutError"), PermanentError("aws_403")])
def test_everything_is_admitted_while_the_table_does_not_answer(shared, error):
    """A limit must not end the service. Not every frame waits for the table; it is asked again ten seconds later."""
    limiter = shared.open()
    shared.counters.error = error
    with structlog.testing.capture_logs() as logs:
        assert [limiter.admit(chat()) for _ in range(20)].count(None) == 20
    assert [line["event"] for line in logs] == ["rate_limits_not_counted"]
    assert shared.counters.calls == 1

    shared.counters.error = None
    shared.clock.advance(timedelta(milliseconds=OUTAGE_MS))
    while limiter.admit(chat()) is None:
        pass
    assert shared.counters.calls > 2


def test_everything_is_admitted_while_no_digest_can_be_computed(shared):
    """The key is in Secrets Manager, which may be down, too."""

    class Broken:
        def compute_digest(self, text):
            raise TransientError(text)

    limiter = RateLimiter(
        counters=shared.counters, digests=Broken(), limits=RateLimits(), clock=shared.clock, random_source=lambda: 0
    )
    assert [limiter.admit(chat(f"s{n}")) for n in range(300)].count(None) == 300


def test_what_is_remembered_is_bounded(shared, monkeypatch):
    """However many networks and sessions come; those that come often stay."""
    monkeypatch.setattr(minute, "MAX_KEPT", 100)
    limiter = Shared("address.chats=10,business=99999").open()
    for number in range(1000):
        limiter.admit(chat(f"s{number}", source_ip=f"198.51.{number % 250}.{number // 250}"))
        if number % 20 == 0:
            limiter.admit(chat(f"t{number}"))
    remembered = limiter._minute
    kept = (remembered._budgets, remembered.refused_until, remembered.uncounted, remembered.pings)
    assert all(len(each._entries) <= 100 for each in kept)
    assert limiter.admit(chat("t")).scope == "address"


def test_no_key_has_an_address(shared):
    """Rows name networks as keyed hashes only."""
    limiter = shared.open()
    for number in range(40):
        limiter.admit(chat(f"s{number}"))
    assert shared.counters.writes_of("address")
    assert not [row for row in shared.counters.rows if ADDRESS in row.key]


def test_a_business_overrides_single_limits(shared):
    """Its own numbers count for its visitors, the installation's for everything else and for others."""
    limiter = shared.open()
    own = "session.chats=40"
    assert [limiter.admit(chat("own", rates=own)) for _ in range(30)].count(None) == 16
    assert [limiter.admit(chat("other")) for _ in range(30)].count(None) == 8
    assert [limiter.admit(chat("own", kind="hellos", rates=own)) for _ in range(30)].count(None) == 6


def test_those_who_wait_for_a_crowd_do_not_come_back_at_once(shared):
    """Their waits are spread, so that the next minute does not begin with all of them."""
    draws = iter([0.5] * 1000)
    limiter = RateLimiter(
        counters=shared.counters,
        digests=None,
        limits=RateLimits().override("business.chats=10"),
        clock=shared.clock,
        random_source=lambda: next(draws),
    )
    refusals = [limiter.admit(chat(f"s{number}", source_ip="")) for number in range(20)]
    assert refusals[-1].wait_ms == 60_000 + 5_000


@pytest.mark.parametrize(
    ("scope", "find_address"),
    [("address", lambda _: ADDRESS), ("business", lambda number: f"198.51.{number % 250}.{number // 250}")],
)
def test_two_thousand_messages_in_twenty_seconds_end_at_what_is_due(scope, find_address):
    """From one address, and from as many addresses as messages. The long form sends them through the ingress."""
    shared = Shared()
    limiters, admitted = [shared.open(), shared.open()], 0
    for number in range(2000):
        admitted += limiters[number % 2].admit(chat(f"s{number}", source_ip=find_address(number))) is None
        shared.clock.advance(timedelta(milliseconds=10))
    due = DEFAULTS[f"{scope}.chats"] / 2
    assert due - 50 <= admitted <= due + 2 * 17


@pytest.mark.parametrize("kind", ["chats", "queries", "commands"])
def test_what_is_queued_is_spread_over_the_minute(kind):
    """A quarter may come within ten seconds; who is refused hears how long they still last."""
    shared = Shared(f"business.{kind}=700,business.frames=9999")
    limiter, admitted, waits = shared.open(), [], []
    for part in range(6):
        answers = [limiter.admit(chat(f"{part}-{number}", kind=kind, source_ip="")) for number in range(400)]
        admitted.append(answers.count(None))
        waits.append({answer.wait_ms for answer in answers if answer})
        shared.clock.advance(timedelta(seconds=10))
    block = Budget("business", "salon", kind, 700).block
    assert all(count <= 175 + block for count in admitted)
    assert min(admitted[:3]) >= 175 - block
    assert 700 - block <= sum(admitted) <= 700
    assert waits == [{10_000}, {10_000}, {10_000}, {30_000}, {20_000}, {10_000}]


@pytest.mark.parametrize("kind", ["hellos", "stops"])
def test_what_is_not_queued_may_come_at_once(kind):
    """As after an outage."""
    shared = Shared(f"business.{kind}=700")
    limiter = shared.open()
    answers = [limiter.admit(chat(f"{number}", kind=kind, source_ip="")) for number in range(800)]
    assert 700 - 29 <= answers.count(None) <= 700
    assert answers[-1].wait_ms == 60_000


def test_everybody_may_come_back_within_a_minute(shared):
    """Four hundred visitors of a business, eighty from one office, reconnect, say hello and look up visits."""
    connects, frames = shared.open_for_connects(), shared.open()
    for number in range(400):
        address = ADDRESS if number < 80 else f"198.51.{number % 250}.{number // 250}"
        assert connects.admit(Connect("salon", address, None)) is None
        for kind in ("hellos", "queries", "queries"):
            assert frames.admit(chat(f"s{number}", kind=kind, source_ip=address)) is None
        shared.clock.advance(timedelta(milliseconds=100))
