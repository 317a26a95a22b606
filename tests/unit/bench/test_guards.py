"""The table of guards: with all of them nobody notices a flood; without each of them somebody does, in known rows."""

import logging

import pytest
import structlog

from bench.floods.simulation.course import simulate
from bench.floods.simulation.guards import Guard
from bench.floods.simulation.matrix import find_failing_rows
from bench.floods.simulation.rows import ROWS

FAILING = {
    Guard.SESSION_LIMITS: ("one session: chats",),
    Guard.ADDRESS_BUDGET: ("one address: chats",),
    Guard.TENANT_BUDGET: ("one business: chats",),
    Guard.CONNECT_LIMITS: ("one address: connects",),
    Guard.HELLO_LIMITS: ("one session: hellos",),
    Guard.TENANT_SHARE: ("one business: chats", "one business: questions", "one business: questions, then gone"),
    Guard.ADDRESS_SHARE: ("one address, five businesses: chats", "one address: chats"),
    Guard.SESSION_SHARE: ("one session: moves without a limit, SES slow",),
    Guard.LATE_QUERIES: ("one business: questions",),
    Guard.GONE_DROP: ("one business: questions, then gone",),
    Guard.CODES_QUEUE: ("one address: moves, SES slow",),
    Guard.CONTACT_RATE: ("one session: moves",),
    Guard.HELD_SHARE: ("97 addresses: holds",),
    Guard.CHALLENGE: ("one address: holds of ten visitors",),
    Guard.GOOGLE_BUDGET: ("one business: questions to Google",),
    Guard.EVENT_SHARE: ("20 addresses: moves",),
}
"""The rows that fail without each guard."""

TRIED_ALWAYS = (Guard.TENANT_BUDGET, Guard.TENANT_SHARE, Guard.CONTACT_RATE, Guard.HELD_SHARE, Guard.GOOGLE_BUDGET)
"""The guards that every run of the tests leaves out once: of the edge, the pools, the e-mails, the holds and Google."""


@pytest.fixture(autouse=True)
def quiet_log():
    """Log nothing: a flood has thousands of lines."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def find_row(name):
    return next(row for row in ROWS if row.name == name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_nobody_notices_a_flood(row):
    """Others wait at most half as long again, and the flood causes no more than its bounds."""
    assert simulate(row) == []


@pytest.mark.parametrize("guard", TRIED_ALWAYS)
def test_without_a_guard_a_flood_is_noticed(guard):
    """So the guard is needed, and its row would show that it is gone; the soak tests leave out every guard."""
    assert simulate(find_row(FAILING[guard][0]), [guard])


@pytest.mark.soak
@pytest.mark.parametrize("guard", Guard)
def test_the_table_of_guards_is_complete(guard):
    """No other row depends on the guard."""
    assert sorted(find_failing_rows([guard])) == sorted(FAILING[guard])
