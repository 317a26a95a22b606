"""The pages about costs."""

import csv
import io
import re
from datetime import date

import pytest

from tests.unit.ops.cli.test_usage import spend

PAGE = "/usage/salon-ania"
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def spent(owner, world):
    """Spend something on two days, with a model whose name is hostile."""
    owner.http.portal.call(lambda: spend(world.spending))
    owner.http.portal.call(
        lambda: spend(world.spending, day=date(2026, 1, 10), model=HOSTILE, nano_dollars=250_000_000)
    )
    return owner


def test_the_page_has_table_plot_and_limits(spent):
    """The plot has a name and a table with the same figures; nothing in it is a script."""
    text = spent.get(PAGE).text
    assert 'data-testid="usage-table"' in text
    assert "$0.0012" in text
    assert "$0.2500" in text
    assert "$0.25 of $200.00" in text
    assert 'role="img"' in text
    assert "<h2>Costs by day and model, in cents</h2>" in text
    assert re.search(r'<div class="wide"[^>]*>\s*<table data-testid="usage-table">', text)
    assert "75 %" in text
    assert HOSTILE not in text
    assert "2026-01-12 · model-a" in text


def test_the_page_says_what_a_confirmed_booking_cost(spent, world):
    """All that was spent in the period, by the visits that were confirmed in it; nothing without such a visit."""

    def read_line(query=""):
        found = re.search(r'data-testid="usage-per-booking">.*?<dd>(.*?)</dd>', spent.get(PAGE + query).text, re.DOTALL)
        return found and found[1]

    assert read_line() is None
    world.spending.bookings = {
        ("salon-ania", date(2026, 1, 12)): 1,
        ("salon-ania", date(2026, 1, 10)): 3,
        ("studio-bea", date(2026, 1, 12)): 9,
    }
    assert "$0.0628" in read_line()
    assert "4" in read_line().replace("$0.0628", "")
    assert "$0.0012" in read_line("?from=2026-01-12&to=2026-01-12")
    assert read_line("?from=2026-01-11&to=2026-01-11") is None


def test_a_period_can_be_chosen(spent):
    """An impossible date is the default; a period without calls says so."""
    one_day = spent.get(f"{PAGE}?from=2026-01-12&to=2026-01-12").text
    assert "$0.2500" not in one_day
    assert "No request" in spent.get(f"{PAGE}?from=2025-12-01&to=2025-12-02").text
    for query in ("?from=x&to=2026-13-01", "?from=0001-01-01", "?to=0001-01-01", "?from=9999-12-31&to=9999-12-31"):
        assert spent.get(PAGE + query).status_code == 200, query


def test_the_same_figures_are_files(spent):
    """As CSV and as JSON, each to the nano-dollar."""
    answer = spent.get(f"{PAGE}/usage.csv?from=2026-01-12")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["nano_dollars"] == "1234567"
    assert spent.get(f"{PAGE}/usage.json").json()["total"]["nano_dollars"] == 251_234_567


def test_the_list_has_the_businesses_of_the_operator(spent):
    """A business that is not theirs is not there, as is one that nobody knows."""
    assert "Costs" in spent.get("/usage").text
    for path in ("/usage/nobody", "/usage/nobody/usage.csv", "/usage/nobody/usage.json"):
        assert spent.get(path).status_code == 404, path
