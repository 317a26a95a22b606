"""The reports that `stride ... --json` prints about businesses keep their keys: other programs read them."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from infra.local.seed import TENANTS
from shared.conversations.handover import StaffRequest
from shared.unanswered import AskedQuestion
from tests.compatibility.frozen_names import assert_kept, frozen
from tests.compatibility.test_json_output import keys
from tests.fakes.clock import NOON
from tests.fakes.spending import FakeSpending
from tests.unit.ops.cli.conftest import Terminal
from tests.unit.ops.cli.test_answers import ANSWER, SESSION, TENANT, add_answers
from tests.unit.ops.cli.test_slots import EXPLAIN, add_booking
from tests.unit.ops.cli.test_usage import add_usage
from tests.unit.workers.booking.conftest import ACCEPTED_AT, build_profile
from tests.unit.workers.booking.handler.conftest import World


def open_usage():
    """Return a terminal with costs and bookings."""
    return add_usage(Terminal(), FakeSpending())


def open_answers():
    """Return a terminal with a judged answer, a question without one, and a visitor who waits."""
    terminal = add_answers(Terminal())
    question = AskedQuestion("group", "Wifi?", "en")
    asyncio.run(terminal.questions.count_question(TENANT, NOON.date(), question, now=NOON))
    request = StaffRequest("h1", NOON - timedelta(hours=1), "Please call", "+48512345678")
    asyncio.run(terminal.handovers.add_request(TENANT, SESSION, request, waits=True))
    return terminal


def open_booking():
    """Return a terminal that can ask booking about a time."""
    return add_booking(Terminal(), World(build_profile(), ACCEPTED_AT))


REPORTS = {
    "usage show": (open_usage, ("usage", "show", TENANT)),
    "usage rebuild": (open_usage, ("usage", "rebuild", TENANT, "--from", "2026-01-12")),
    "usage erase": (open_usage, ("usage", "erase", TENANT, "--session", "s1")),
    "answers judged": (open_answers, ("answers", "judged", TENANT)),
    "answers unanswered": (open_answers, ("answers", "unanswered", TENANT)),
    "answers waiting": (open_answers, ("answers", "waiting", TENANT)),
    "golden add --dry-run": (
        open_answers,
        ("golden", "add", TENANT, "--session", SESSION, "--seq", str(ANSWER), "--language", "en", "--dry-run"),
    ),
    "slots explain": (open_booking, (*EXPLAIN, "2026-01-13T10:00")),
    "tenant check": (Terminal, ("tenant", "check", str(TENANTS / "studio-lumen"))),
}


def current_keys(name):
    """Return the keys of a report."""
    open_terminal, arguments = REPORTS[name]
    terminal = open_terminal()
    with capture_logs():
        return keys(terminal.json(*arguments))


@pytest.mark.parametrize("name", REPORTS)
def test_every_key_of_a_report_is_still_printed(name):
    """Whatever the fields are called inside."""
    assert frozen("json_output")[name]
    current = {**frozen("json_output"), name: current_keys(name)}
    assert_kept("json_output", current, who_depends="programs that read `stride --json`")
