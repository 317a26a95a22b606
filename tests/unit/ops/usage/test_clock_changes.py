"""The costs of the days on which a business's clocks change."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from ops.desk.domain.values import Operator
from ops.usage.usage import Usage
from shared.messages.server import Usage as Tokens
from shared.spending.rules import find_local_day
from shared.spending.values import CallKey, CallResult, Cap, Reservation
from tests.fakes.clock import FakeClock
from tests.fakes.spending import FakeSpending
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.unit.workers.chat.conftest import build_profile

TENANT = "salon-ania"
CAPS = dict.fromkeys(Cap, 10**12)
HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("zone", "day", "half_hours"),
    [
        ("Europe/Warsaw", date(2026, 3, 29), 46),
        ("Europe/Warsaw", date(2026, 10, 25), 50),
        ("Africa/Cairo", date(2026, 4, 24), 46),  # midnight is skipped
        ("Africa/Cairo", date(2026, 10, 29), 50),  # the last hour comes twice
        ("Australia/Lord_Howe", date(2026, 10, 4), 47),
        ("Asia/Kathmandu", date(2026, 10, 25), 48),
    ],
)
async def test_each_call_counts_on_its_day_where_the_business_is(zone, day, half_hours):
    """One call every half hour from two days before to two days after: none is lost, and none counts twice."""
    profile, spending, clock = build_profile(time_zone=zone), FakeSpending(), FakeClock()
    usage = Usage(
        tenants=FakeTenants({TENANT: profile}, {}),
        reports=spending,
        bookings=spending,
        text_messages=FakeTextMessageBudgets(),
        clock=clock,
    )
    now, expected = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2), Counter()
    for number in range(5 * 48):
        local_day = find_local_day(profile, now)
        expected[local_day] += 1
        key = CallKey(f"c{number}", 1, 1)
        reservation = Reservation(TENANT, f"s{number}", key, "model", local_day, 100, now, now + HALF_HOUR)
        reserved = await spending.reserve(reservation, CAPS)
        await spending.settle(reserved.reservation, CallResult(Tokens(input_tokens=1), 7, "end_turn", 1))
        clock.set(now)
        if number % 7 == 0:
            report = await usage.read_report(Operator("Anna"), TENANT)
            assert (report.last, report.total.calls) == (local_day, number + 1)
            assert report.committed[Cap.DAY] == 7 * expected[local_day]
        now += HALF_HOUR
    report = await usage.read_report(Operator("Anna"), TENANT, day - timedelta(days=1), day + timedelta(days=1))
    assert expected[day] == half_hours
    assert {one: totals.calls for one, totals in report.by_day.items()} == {
        one: expected[one] for one in (day - timedelta(days=1), day, day + timedelta(days=1))
    }
    assert report.total.nano_dollars == 7 * report.total.calls
