"""Connections: how many an address and a session may open, and how many they may have open."""

from datetime import timedelta

import pytest

from api_gateway_ws.limits.connects import WINDOW_MS, Connect
from shared.errors import TransientError
from shared.tenants.rate_limits import DEFAULTS
from tests.unit.api_gateway_ws.limits.environments import ADDRESS, Shared

NEW = Connect("salon", ADDRESS, None)
RETURNING = Connect("salon", ADDRESS, "s1")


@pytest.fixture
def shared():
    return Shared()


def test_a_connection_of_a_new_visitor_costs_one_write(shared):
    """That of the connections that its address has open; a returning visitor's session is counted, too."""
    limiter = shared.open_for_connects()
    assert limiter.admit(NEW) is None
    assert shared.counters.calls == 1
    assert limiter.admit(RETURNING) is None
    assert shared.counters.calls == 3


def test_an_address_may_open_only_so_many_a_minute(shared):
    """Those that come much later than that are a flood."""
    limiter = shared.open_for_connects()
    answers = [limiter.admit(Connect("salon", ADDRESS, None, "address.connections=9999")) for _ in range(500)]
    limited = [answer for answer in answers if answer]
    assert len(answers) - len(limited) == DEFAULTS["address.connects"]
    assert {answer.reason for answer in limited} == {"rate"}
    flood = [answer.is_flood for answer in limited]
    assert flood == [False] * flood.count(False) + [True] * flood.count(True)
    assert flood.count(False) == DEFAULTS["address.connects"] // 4 - 1
    assert limiter.admit(Connect("salon", "198.51.100.7", None)) is None


def test_a_business_is_limited_but_no_flood(shared):
    """Its visitors are many addresses, and most of them did nothing wrong."""
    limiter = Shared("business.connects=10").open_for_connects()
    answers = [limiter.admit(Connect("salon", f"198.51.100.{number}", None)) for number in range(100)]
    assert answers.count(None) == 10
    assert not [answer for answer in answers if answer and answer.is_flood]


def test_a_session_may_connect_only_so_often(shared):
    """A widget that loses its connection again and again waits a little."""
    limiter = shared.open_for_connects()
    answers = [limiter.admit(RETURNING) for _ in range(20)]
    assert answers.count(None) == 8
    shared.clock.advance(timedelta(milliseconds=answers[-1].wait_ms))
    assert limiter.admit(RETURNING) is None


def test_a_session_has_only_so_many_connections(shared):
    """Each tab has one, and each frame of a worker is posted to all of them."""
    limiter = shared.open_for_connects()
    shared.connections.count = DEFAULTS["session.connections"] - 1
    assert limiter.admit(RETURNING) is None
    shared.connections.count += 1
    assert limiter.admit(RETURNING).reason == "session_connections"
    assert limiter.admit(NEW) is None


def test_an_address_has_only_so_many_connections(shared):
    """One that is closed makes room for another; where all are closed, none is left to close."""
    limiter, now = (
        Shared("address.connections=3", shared.clock, shared.counters).open_for_connects(),
        shared.clock.now(),
    )
    assert [limiter.admit(NEW) is None for _ in range(4)] == [True, True, True, False]
    assert limiter.admit(NEW).reason == "address_connections"
    limiter.release("salon", ADDRESS, connected_at=now)
    assert [limiter.admit(NEW) is None for _ in range(2)] == [True, False]
    for _ in range(9):
        limiter.release("salon", ADDRESS, connected_at=now)
    assert [limiter.admit(NEW) is None for _ in range(4)] == [True, True, True, False]


def test_connections_of_two_windows_are_no_more_than_twice_the_limit(shared):
    """What was opened two hours ago has ended; what is closed counts for the window in which it was opened."""
    limiter, opened = (
        Shared("address.connections=3", shared.clock, shared.counters).open_for_connects(),
        shared.clock.now(),
    )
    assert [limiter.admit(NEW) is None for _ in range(4)].count(True) == 3
    shared.clock.advance(timedelta(milliseconds=WINDOW_MS))
    assert [limiter.admit(NEW) is None for _ in range(4)].count(True) == 3
    limiter.release("salon", ADDRESS, connected_at=opened)
    assert limiter.admit(NEW) is not None
    limiter.release("salon", ADDRESS, connected_at=shared.clock.now())
    assert limiter.admit(NEW) is None


def test_connections_are_admitted_while_nothing_can_be_counted(shared):
    """Neither opening nor closing one fails."""
    limiter = shared.open_for_connects()
    shared.counters.error = TransientError("limits.count: TimeoutError")
    assert limiter.admit(NEW) is None
    assert limiter.admit(RETURNING) is None
    limiter.release("salon", ADDRESS, connected_at=shared.clock.now())


def test_a_client_without_an_address_is_limited_by_its_business(shared):
    """As in tests; API Gateway always names one."""
    limiter = shared.open_for_connects()
    assert limiter.admit(Connect("salon", "", None)) is None
    limiter.release("salon", "", connected_at=shared.clock.now())
    assert shared.counters.calls == 0
