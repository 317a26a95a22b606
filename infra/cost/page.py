"""Renders `docs/cost.md` from the table of calls and the price list."""

from collections.abc import Mapping
from pathlib import Path

from infra.cost.calls import CallTable
from infra.cost.conversation_costs import HAIKU_4_5, Case, name_usual_cases, render_conversations
from infra.cost.prices import Price, PriceList, Quantities
from infra.cost.quantities import (
    ANSWER,
    compute_busy_month,
    compute_idle_month,
    compute_step,
    compute_visit,
)
from infra.cost.tables import render_table

FILE = Path(__file__).parents[2] / "docs" / "cost.md"

ANSWERS = 10_000
BOOKINGS = 250
SMALL_BUSINESSES = 10

_DISPLAYED_UNITS = ("WebSocket message", "DynamoDB write unit", "DynamoDB read unit")

_INTRODUCTION = """\
# Cost

`make cost` generates this page from `infra/cost/calls.json`, the calls to AWS that a test counts
(`tests/e2e/test_calls_of_a_visit.py`), `infra/cost/prices.json`, prices and assumptions, and the model's entry in
`shared/language_models/models/`. The test fails when a change adds a call, a request unit of DynamoDB or a custom
metric. `make count-calls` accepts the change, and the diff of this page shows its price.

All amounts are US dollars without taxes, for `{region}`.
{known}
"""

_STEPS = """\
An *answer* is a message of the visitor with the answer of the model, whose length is assumed below. For an *answer with
free times* the model is called twice, and booking is asked in between; its row is read up to 15 times, of which nothing
is counted here. An *unanswered question* is one that neither documents nor profile answer, asked before in the same
month. The rows of both have neither the text that is posted as it arrives nor the wait for the model. A *judgement* is
what the visitor thinks of an answer. An *idle minute* reads the calendar of a business; in a *quiet minute* the
business is closed, and its calendar is not read.
"""

_MONTHS = """\
The free allowances are those that AWS grants for ever, not the ones of a new account. Text messages are not included:
they cost what the country of the number demands. Where visits follow each other within five minutes, the cache stays
warm; {visits:,.0f} visits in the opening hours of a month are one every {minutes:.1f} minutes, so that such a business
is between the two cases. A visit has as many answers as the typical conversations on average.
"""

_NOTES = """\
- The model is by far the largest part of an answer. Its prompt has all documents of the business, which Bedrock caches
  for five minutes: a visit writes the cache once, and reads it with each further message.
- Without the model, most of an answer is the function that waits for it, and the text that is posted as it arrives.
- Most of an idle month is what AWS charges for being there: four secrets, Lambda's polling of eight queues, four
  metrics. The clock, which reads the calendars, is the smaller part.
- A further small business costs a few cents a month, because one message of the clock reads up to ten calendars.
- Left out are storage, of which a thousand conversations need a few megabytes, and what a function reads when it
  starts: one or two secrets and the documents of a business, less than $0.0001.
"""

_ASSUMED = """\
What depends on the length of an answer can't be counted: posts of the text, checks whether the visitor asked to stop
or has a new connection, checks of the claim, and the time of the function. It is computed from the intervals in the
code and the seconds below.
Durations and tokens are assumptions, too. AWS documents how many pollers an idle queue has for standard queues only,
five that become two
([Configuring scaling behavior](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)); for FIFO
queues five are assumed. With `WorkersMaxConcurrency`, standard queues keep five as well.
"""


def render_page(table: CallTable, prices: PriceList, cases: Mapping[str, Case]) -> str:
    """Return the page."""
    assumed = prices.assumptions
    parts = [
        _INTRODUCTION.format(region=prices.region, known=prices.known),
        "## A visit, step by step\n",
        _STEPS,
        _render_steps(table, prices, cases),
        "## What a conversation costs\n",
        render_conversations(cases),
        "## A month\n",
        _render_months(table, prices, cases),
        "## An idle month, item by item\n",
        _render_items(compute_idle_month(table, assumed), prices),
        "## What follows from it\n",
        _NOTES,
        "## Assumptions\n",
        _ASSUMED,
        render_table(("assumption", "value"), ((name, f"{value:,g}") for name, value in assumed.items())),
        "## Prices\n",
        _render_prices(prices),
    ]
    return "\n".join(parts)


def _render_steps(table: CallTable, prices: PriceList, cases: Mapping[str, Case]) -> str:
    """Return the units and the price of 1 000 of each step, without free allowances."""
    rows = []
    for step, calls in table.steps.items():
        quantities = compute_step(step, calls, prices.assumptions)
        rows.append(
            (
                step,
                *(f"{quantities[item]:.3g}" for item in _DISPLAYED_UNITS),
                f"{quantities['Lambda request']:g}",
                f"{1000 * prices.compute_usd(quantities):.4f}",
            )
        )
    for site, case in _choose_cases(cases).items():
        rows.append((f"the model's part of an answer, {site}", "", "", "", "", f"{1000 * case.usd_per_answer:.4f}"))
    header = ("step", "messages", "write units", "read units", "invocations", "$ per 1 000")
    return render_table(header, rows)


def _choose_cases(cases: Mapping[str, Case]) -> Mapping[str, Case]:
    """Return what the model costs in the best and in the worst case: visitors share the cache, or none does."""
    return dict(zip(("warm cache", "quiet site"), (cases[name] for name in name_usual_cases(HAIKU_4_5)), strict=True))


def _render_months(table: CallTable, prices: PriceList, cases: Mapping[str, Case]) -> str:
    assumed = prices.assumptions
    count = assumed["answers of a visit"]
    visits = ANSWERS / count
    busy = compute_busy_month(table, assumed, answers=ANSWERS, bookings=BOOKINGS, businesses=1)
    small = compute_busy_month(table, assumed, answers=ANSWERS, bookings=BOOKINGS, businesses=SMALL_BUSINESSES)
    warm, quiet = _choose_cases(cases).values()
    ours = f"{ANSWERS:,} answers and {BOOKINGS} bookings in {visits:,.0f} visits"
    rows = [
        _render_month("one business, no visitors", compute_idle_month(table, assumed), 0, prices),
        _render_month("ten businesses, no visitors", compute_idle_month(table, assumed, businesses=10), 0, prices),
        _render_month(f"one busy business: {ours}, warm cache", busy, ANSWERS * warm.usd_per_answer, prices),
        _render_month("the same, each visit with a cold cache", busy, ANSWERS * quiet.usd_per_answer, prices),
        _render_month(
            "ten small businesses: the same in all, cold cache", small, ANSWERS * quiet.usd_per_answer, prices
        ),
    ]
    header = ("month", "model", "everything else", "of it with free allowances", "total at list prices")
    answer = prices.compute_usd(compute_step(ANSWER, table.steps[ANSWER], assumed))
    sentences = []
    for site, case in _choose_cases(cases).items():
        plain, books = (
            prices.compute_usd(compute_visit(table, assumed, books=books)) + count * case.usd_per_answer
            for books in (False, True)
        )
        model = case.usd_per_answer
        sentences += [
            f"An answer costs ${answer + model:.5f} ({site}): ${model:.5f} the model, ${answer:.5f} everything else.",
            f"A visit with {count:g} answers costs ${plain:.4f}, with a booking ${books:.4f}.",
        ]
    sentences.append(
        "A typical request of the predecessor cost about $0.003 with the same model, by its owner's figures."
    )
    open_minutes = assumed["minutes in a month"] * assumed["share of minutes in which a business is open"]
    months = _MONTHS.format(visits=visits, minutes=open_minutes / visits)
    return "\n".join((render_table(header, rows), months, *sentences, ""))


def _render_month(name: str, quantities: Quantities, model: float, prices: PriceList) -> tuple[str, ...]:
    rest = prices.compute_usd(quantities)
    return name, f"${model:.2f}", f"${rest:.2f}", f"${prices.compute_month_usd(quantities):.2f}", f"${model + rest:.2f}"


def _render_items(quantities: Quantities, prices: PriceList) -> str:
    priced = {item: prices.prices[item].compute_usd(quantity) for item, quantity in quantities.items()}
    rows = [
        (item, f"{quantities[item]:,.4g}" if quantities[item] < 1 else f"{quantities[item]:,.0f}", f"${usd:.2f}")
        for item, usd in sorted(priced.items(), key=lambda pair: -pair[1])
        if usd >= 0.005
    ]
    return render_table(("item", "quantity", "list price"), [*rows, ("together", "", f"${sum(priced.values()):.2f}")])


def _render_prices(prices: PriceList) -> str:
    rows = (
        (
            item,
            _format_price(price),
            f"{price.per:,}",
            f"{price.free:,.0f}" if price.free else "",
            price.note,
            price.source,
        )
        for item, price in prices.prices.items()
    )
    return render_table(("item", "price", "for", "free each month", "note", "source"), rows)


def _format_price(price: Price) -> str:
    cents = f"{price.usd:.2f}"
    return f"${cents}" if float(cents) == price.usd else f"${price.usd:.10f}".rstrip("0")
