"""One stand-in for each test module, reset before each test."""

from contextlib import closing

import pytest

from infra.local.google_calendar.keys import create_service_account_key, parse_account_key
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serve_in_thread
from tests.contracts.google_calendar.client import CALENDAR, StandInServer


@pytest.fixture(scope="module")
def info():
    return create_service_account_key("http://127.0.0.1/token")


@pytest.fixture(scope="module")
def running_server(info):
    standin = Standin(keys=[parse_account_key(info)], calendars=[CALENDAR], time_zone="Europe/Warsaw")
    with serve_in_thread(standin) as address:
        yield StandInServer(address, info)


@pytest.fixture
def server(running_server):
    running_server.control("POST", "reset")
    return running_server


@pytest.fixture
def api(server):
    with closing(server.service()) as service:
        yield service
