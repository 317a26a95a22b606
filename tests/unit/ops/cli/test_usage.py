"""`stride usage`."""

import asyncio
import csv
import io
import json
import re
from datetime import date, timedelta

import pytest

from ops.desk.domain.values import Operator
from ops.usage.formats import format_exact_dollars
from ops.usage.usage import Usage
from shared.errors import TransientError
from shared.messages.server import Usage as Tokens
from shared.spending.values import CallKey, CallResult, Cap, Reservation
from tests.fakes.clock import NOON
from tests.fakes.spending import FakeSpending
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.unit.workers.chat.conftest import build_profile

TENANT = "salon-ania"
TODAY = date(2026, 1, 12)
CAPS = dict.fromkeys(Cap, 10**12)


async def spend(
    spending, *, tenant=TENANT, day=TODAY, session="s1", model="model-a", nano_dollars=1_234_567, settled=True
):
    key = CallKey(f"{session}-{day}", 1, 1)
    reservation = Reservation(
        tenant,
        session,
        key,
        model,
        day,
        5_000_000,
        NOON,
        NOON + timedelta(minutes=15),
    )
    reserved = await spending.reserve(reservation, CAPS)
    if settled:
        tokens = Tokens(input_tokens=100, output_tokens=20, cache_read_tokens=300)
        await spending.settle(reserved.reservation, CallResult(tokens, nano_dollars, "end_turn", 800))


@pytest.fixture
def spending():
    return FakeSpending()


@pytest.fixture
def text_messages():
    return FakeTextMessageBudgets()


@pytest.fixture
def terminal(terminal, spending, text_messages):
    return add_usage(terminal, spending, text_messages)


def add_usage(terminal, spending, text_messages=None):
    """Give a terminal a business that has spent something on two days, and has three confirmed bookings."""
    terminal.usage = Usage(
        tenants=FakeTenants({TENANT: build_profile()}, {}),
        reports=spending,
        bookings=spending,
        text_messages=text_messages or FakeTextMessageBudgets(),
        clock=terminal.world.clock,
    )
    terminal.world.clock.set(NOON)
    spending.bookings = {
        (TENANT, date(2026, 1, 12)): 1,
        (TENANT, date(2026, 1, 10)): 2,
        ("other", date(2026, 1, 10)): 9,
    }
    asyncio.run(spend(spending))
    asyncio.run(spend(spending, day=date(2026, 1, 10), session="s2", model="=cmd()", nano_dollars=2))
    return terminal


def test_text_messages_of_today_are_displayed(terminal, text_messages):
    """At the most that they may cost, while there are any."""
    assert "text messages" not in terminal.run("usage", "show", TENANT).stdout
    text_messages.spent[TENANT, NOON.date()] = 400_000_000
    assert "$0.40 today for text messages, at most" in terminal.run("usage", "show", TENANT).stdout
    report = json.loads(terminal.run("usage", "show", TENANT, "--json").stdout)
    assert report["text_messages_nano_dollars"] == 400_000_000


def test_a_business_has_a_table_and_totals(terminal):
    """By day and model, with the limits of today and of this month."""
    text = terminal.run("usage", "show", TENANT).stdout
    assert text.splitlines()[0] == "Salon Ania, 2025-12-14 to 2026-01-12"
    assert "$0.00 of $20.00 today" in text
    assert "2 conversations, $0.0006 each on average" in text
    assert "3 bookings confirmed, $0.0004 for each" in text
    assert re.search(r"2026-01-12 +model-a +\$0\.0012 +1 +420 +75% +0 ", text), text
    empty = terminal.run("usage", "show", TENANT, "--from", "2025-12-01", "--to", "2025-12-02").stdout
    assert "No call of a model is recorded" in empty


def test_other_programs_get_every_nano_dollar(terminal):
    """As CSV, which no spreadsheet takes for formulas, and as JSON."""
    rows = list(csv.DictReader(io.StringIO(terminal.run("usage", "show", TENANT, "--csv").stdout)))
    assert [(row["day"], row["model"], row["nano_dollars"], row["dollars"]) for row in rows] == [
        ("2026-01-10", "'=cmd()", "2", "0.000000002"),
        ("2026-01-12", "model-a", "1234567", "0.001234567"),
    ]
    row = terminal.json("usage", "show", TENANT, "--from", "2026-01-12")
    assert (row["total"]["nano_dollars"], row["total"]["cache_share"], row["total"]["conversations"]) == (
        1234567,
        0.75,
        1,
    )
    assert row["committed_nano_dollars"] == {"day": 1234567, "month": 1234569}
    assert row["cap_nano_dollars"] == {"day": 20 * 10**9, "month": 200 * 10**9}
    assert [format_exact_dollars(amount) for amount in (0, -1, 10**9)] == ["0.000000000", "-0.000000001", "1.000000000"]


def test_what_nobody_settled_is_counted(terminal, spending):
    """As an estimate, once it can't be settled any more; a rebuild stores that."""
    asyncio.run(spend(spending, session="s3", settled=False))
    assert terminal.json("usage", "show", TENANT)["total"]["estimates"] == 0
    terminal.world.clock.advance(timedelta(hours=1))
    row = terminal.json("usage", "show", TENANT, "--from", "2026-01-12")
    assert (row["total"]["nano_dollars"], row["total"]["estimates"]) == (6_234_567, 1)
    row = json.loads(terminal.run("usage", "rebuild", TENANT, "--from", "2026-01-12", "--json").stdout)
    assert (row["total"]["nano_dollars"], row["total"]["estimates"]) == (6_234_567, 1)
    assert terminal.run("usage", "rebuild", TENANT, "--from", "2026-01-12", "--to", "2026-01-11").exit_code == 2
    assert terminal.run("usage", "rebuild", TENANT, "--from", "2020-01-12", "--to", "2026-01-11").exit_code == 2


def test_a_conversation_is_erased_from_its_records(terminal, spending):
    """The sums stay."""
    text = terminal.run("usage", "erase", TENANT, "--session", "s1", "--json").stdout
    assert json.loads(text[text.index("{") :]) == {"records": 1}
    assert "s1" not in repr([record.reservation for record in spending.records.values()])
    assert terminal.json("usage", "show", TENANT)["total"]["nano_dollars"] == 1_234_569
    assert terminal.run("usage", "erase", TENANT, "--session", "a#b").exit_code == 2


def test_mistakes_have_an_exit_code_and_a_reason(terminal):
    """An unknown business, two formats, dates out of all bounds, a table that is not reached."""
    for arguments, code in [
        (("show", "nobody"), 1),
        (("rebuild", "nobody", "--from", "2026-01-12"), 1),
        (("show", TENANT, "--csv", "--json"), 2),
        (("show", TENANT, "--from", "tomorrow"), 2),
        (("show", TENANT, "--from", "0001-01-01", "--to", "0001-01-01"), 0),
        (("show", TENANT, "--from", "9999-12-31", "--to", "9999-12-31"), 0),
    ]:
        assert terminal.run("usage", *arguments).exit_code == code, arguments
    terminal.error = TransientError("table")
    assert terminal.run("usage", "show", TENANT).exit_code == 3


async def test_an_operator_sees_only_their_businesses(spending):
    """Neither costs nor records of others."""
    usage = Usage(
        tenants=FakeTenants({TENANT: build_profile()}, {}),
        reports=spending,
        bookings=spending,
        text_messages=FakeTextMessageBudgets(),
        clock=None,
    )
    operator = Operator("Bea", frozenset({"studio-bea"}))
    assert await usage.read_report(operator, TENANT) is None
    assert await usage.rebuild(operator, TENANT, TODAY, TODAY) is None
    assert await usage.erase_session(operator, TENANT, "s1") is None
