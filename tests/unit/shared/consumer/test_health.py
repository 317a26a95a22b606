"""Health: what says that a pool lives and is ready, and that it is said also when the loop hangs."""

import asyncio
import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from shared.claims import Claim
from shared.consumer import health as health_module
from shared.consumer.delivery import Delivery
from shared.consumer.health import Vitals, serve_health
from shared.consumer.lease import LeaseKeeper
from shared.errors import ConfigurationError
from tests.deadlines import DEADLINE_SECONDS

WAIT = 20

serve = partial(serve_health, poll_seconds=0.01)


class Parts:
    """A scripted source and lease keeper for `Vitals`, and the time."""

    def __init__(self, monkeypatch):
        self.now = 10_000.0
        self.since = None
        self.is_open = True
        self.last_error = None
        monkeypatch.setattr(health_module, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.leases = LeaseKeeper(
            open_connections=None, lease=timedelta(seconds=30), limit=timedelta(seconds=120), monotonic=lambda: self.now
        )
        self.vitals = Vitals(source=self, leases=self.leases, wait_seconds=WAIT)
        self.vitals.is_started = True

    def find_oldest_receive_start(self):
        return self.since

    def advance(self, seconds, *, keeper_beats=True, loop_beats=True):
        self.now += seconds
        if loop_beats:
            self.vitals.loop_ran_at = self.now
        if keeper_beats:
            self.leases.heartbeat.beat_at = self.now


@pytest.fixture
def parts(monkeypatch):
    return Parts(monkeypatch)


def ask(url, path, method="GET"):
    """Return status and content of an answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE_SECONDS)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


@pytest.fixture
def asked(parts):
    """Return a function that asks a running server."""
    with serve(parts.vitals, port=0) as url:
        yield lambda path: ask(url, path)


def test_an_idle_pool_lives_and_is_ready(parts, asked):
    """A long poll that is open for its whole time is what idling looks like."""
    parts.since = parts.now
    parts.advance(WAIT + 10)
    assert asked("/livez") == (200, {"ok": True, "problems": []})
    assert asked("/readyz?verbose") == (200, {"ok": True, "problems": []})


def test_a_receive_that_hangs_is_no_life(parts, asked):
    """Past every deadline that a receive has, nobody will answer it."""
    parts.since = parts.now
    parts.advance(WAIT + 31)
    status, content = asked("/livez")
    assert (status, content["problems"]) == (503, ["a receive has been open for 51 s"])
    assert asked("/readyz")[0] == 503


def test_nothing_that_receives_is_no_life(parts, asked):
    """A pool whose pollers have ended receives nothing, which is a problem unless it is stopping."""
    parts.is_open = False
    assert asked("/livez") == (503, {"ok": False, "problems": ["nothing receives"]})
    parts.vitals.is_stopping = True
    assert asked("/livez")[0] == 200


def test_leases_that_are_not_kept_are_no_life(parts, asked):
    """When the keeper's thread is silent for a minute, another worker takes over what we are at."""
    parts.advance(59, keeper_beats=False)
    assert asked("/livez")[0] == 200
    parts.advance(2, keeper_beats=False)
    assert asked("/livez") == (503, {"ok": False, "problems": ["leases are not kept"]})


async def test_a_handler_that_hangs_is_no_life(parts, asked):
    """It ignores its cancellation; only the end of the process ends it."""
    deliveries = [Delivery(f"m{number}", f"r{number}", "body") for number in range(7)]
    handler_leases = [parts.leases.open_handler_lease(one, Claim(one.message_id, "owner", 1)) for one in deliveries]
    for handler_lease in handler_leases:
        handler_lease.__enter__()
    parts.advance(129)
    assert asked("/livez")[0] == 200
    parts.advance(2)
    status, content = asked("/livez")
    assert (status, content["problems"]) == (503, ["handlers hang: m0, m1, m2, m3, m4"])
    for handler_lease in handler_leases:
        handler_lease.__exit__(None, None, None)
    assert asked("/livez")[0] == 200


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_started": False}, "starting"),
        ({"is_stopping": True}, "stopping"),
    ],
)
def test_who_starts_or_stops_lives_but_is_not_ready(parts, asked, changes, problem):
    """It is not restarted for that, and not ready either."""
    for name, value in changes.items():
        setattr(parts.vitals, name, value)
    parts.is_open = False
    parts.advance(3600, keeper_beats=False)
    assert asked("/livez")[0] == 200
    assert asked("/readyz") == (503, {"ok": False, "problems": [problem]})


def test_a_loop_that_is_blocked_is_no_life(parts, asked):
    """A handler that blocks it for some seconds is slow; for more than a minute, everybody waits for it in vain."""
    parts.advance(59, loop_beats=False)
    assert asked("/livez")[0] == 200
    parts.advance(2, loop_beats=False)
    assert asked("/livez") == (503, {"ok": False, "problems": ["a handler has blocked the event loop for 61 s"]})


def test_receives_that_fail_are_not_ready(parts, asked):
    """Another process would fail as well: a restart helps nobody, but a deployment shall wait."""
    parts.last_error = "TransientError: sqs.receive: ConnectionError"
    assert asked("/livez")[0] == 200
    assert asked("/readyz") == (503, {"ok": False, "problems": [f"receiving fails: {parts.last_error}"]})
    parts.last_error = None
    assert asked("/readyz")[0] == 200


@pytest.mark.parametrize("path", ["/", "/health", "/livez/", "/../livez"])
def test_other_paths_are_unknown(asked, path):
    """And the answer says which are not."""
    assert asked(path) == (404, {"error": "ask /livez or /readyz"})


async def test_it_answers_while_the_loop_is_blocked(parts):
    """The thread that answers needs no turn of the event loop, which is blocked here until the answer has come."""
    with serve(parts.vitals, port=0) as url, ThreadPoolExecutor(1) as threads:
        assert threads.submit(ask, url, "/livez").result(timeout=DEADLINE_SECONDS)[0] == 200


async def test_a_blocked_loop_shows_after_a_while(parts):
    """A receive can't come home through a blocked loop, and that is seen from the thread."""
    parts.since = parts.now
    with serve(parts.vitals, port=0) as url, ThreadPoolExecutor(1) as threads:
        parts.advance(60)
        assert threads.submit(ask, url, "/livez").result(timeout=DEADLINE_SECONDS)[0] == 503


def test_a_client_that_says_nothing_holds_nobody_up(parts):
    """Every client has a thread of its own, and the server ends in spite of one that is still there."""
    with serve(parts.vitals, port=0) as url:
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port), timeout=DEADLINE_SECONDS):
            assert ask(url, "/livez")[0] == 200
    assert not [thread for thread in threading.enumerate() if thread.name == "health"]


def test_without_a_port_there_is_no_server(parts):
    """Nobody asks a pool on a developer's machine."""
    with serve(parts.vitals, port=None) as url:
        assert url is None
        assert not [thread for thread in threading.enumerate() if thread.name == "health"]


def test_the_server_ends_with_the_pool(parts):
    """Also when the pool ends with an error; the port is free again."""

    def serve_and_fail():
        with serve(parts.vitals, port=0) as url:
            addresses.append(urlsplit(url))
            raise ValueError("bug")

    addresses = []
    with pytest.raises(ValueError, match="bug"):
        serve_and_fail()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((addresses[0].hostname, addresses[0].port), timeout=DEADLINE_SECONDS)


async def test_a_port_in_use_fails_the_start(parts):
    """Better no start than one that nobody can look after."""
    with serve(parts.vitals, port=0) as url:
        with (
            pytest.raises(ConfigurationError, match="in use"),
            serve(parts.vitals, port=urlsplit(url).port),
        ):
            await asyncio.sleep(0)
        assert ask(url, "/livez")[0] == 200
