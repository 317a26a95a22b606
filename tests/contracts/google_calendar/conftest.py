"""One stand-in for a file of tests, empty again before each of them."""

from contextlib import closing

import pytest

from infra.local.google_calendar.keys import account_key, make_service_account
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serving
from tests.contracts.google_calendar.client import CALENDAR, Neighbour


@pytest.fixture(scope="module")
def info():
    return make_service_account("http://127.0.0.1/token")


@pytest.fixture(scope="module")
def server(info):
    standin = Standin(keys=[account_key(info)], calendars=[CALENDAR], time_zone="Europe/Warsaw")
    with serving(standin) as address:
        yield Neighbour(address, info)


@pytest.fixture
def neighbour(server):
    server.control("POST", "reset")
    return server


@pytest.fixture
def api(neighbour):
    with closing(neighbour.service()) as service:
        yield service
