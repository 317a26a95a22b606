"""The cost page: that it is current, and how calls become quantities and amounts."""

import json
import re
from pathlib import Path

import pytest

from infra.cost.calls import CallTable, read_calls
from infra.cost.conversation_costs import (
    HAIKU_4_5,
    HAIKU_5_5,
    QUIET_TIMES,
    TIMES,
    name_usual_cases,
    read_cases,
)
from infra.cost.conversations import read_conversations
from infra.cost.page import FILE, render_page
from infra.cost.prices import FILE as PRICES
from infra.cost.prices import Price, PriceList, read_prices
from infra.cost.quantities import MODEL_ITEMS, TEMPLATE, compute_idle_month, compute_step, compute_visit
from shared.language_models.catalogue import find_model
from workers.chat.settings import ChatSettings

ROOT = Path(__file__).parents[3]
ASSUMED = read_prices().assumptions
TEXT = Path(TEMPLATE).read_text(encoding="utf-8")


def test_the_page_is_current():
    """It shows the counted calls and the prices of this commit; `make cost` writes it."""
    assert FILE.read_text(encoding="utf-8") == render_page(read_calls(), read_prices(), read_cases()), "run: make cost"


def test_the_prices_of_the_model_are_those_of_the_catalogue():
    """They are nowhere else: the page, the caps of a business and the cache point compute with the same figures."""
    listed, model = read_prices().prices, find_model(read_model_id())
    for item, kind in zip(MODEL_ITEMS, ("input", "cache_write_5m", "cache_read", "output"), strict=True):
        assert round(listed[item].compute_usd(10**6) * 10**9) == getattr(model.prices.standard, kind)
    assert not any(item.startswith("model") for item in json.loads(PRICES.read_text(encoding="utf-8"))["prices"])


def read_model_id():
    """Return the model of the page, which is the one that a deployment has by default."""
    model_id = json.loads(PRICES.read_text(encoding="utf-8"))["model"]
    assert model_id == ChatSettings.model_fields["bedrock_model_id"].default
    return model_id


def test_a_visit_has_as_many_answers_as_the_typical_conversations():
    """What a visit, and so a month costs is computed from the same answers as what a conversation costs."""
    conversations = read_conversations()
    assert ASSUMED["answers of a visit"] == sum(len(one.exchanges) for one in conversations) / len(conversations)


def test_other_pages_quote_the_costs_of_this_commit():
    """Their tables and sentences have the figures of `docs/cost.md`."""
    usd = {name: f"{case.usd_per_answer:.5f}" for name, case in read_cases().items()}
    haiku, haiku_5 = "Claude Haiku 4.5", "Claude Haiku 5.5"
    nova, minute = "Amazon Nova Micro sorts first", "with a visit a minute"

    def quote(name):
        return " | ".join(usd[case] for case in name_usual_cases(name))

    def quote_sorting(name):
        busy = usd[f"{name}, shared, a visit a minute, {nova}"]
        return f"| {usd[f'{name}, shared, {nova}']}; {busy} {minute} | {usd[f'{name}, quiet, {nova}']} |"

    def quote_sites(name):
        return " | ".join(usd[name.format(site)] for site in ("shared", "quiet"))

    sorting = [
        round(100 * (1 - float(usd[f"{haiku}, {site}, {nova}"]) / float(usd[plain])))
        for site, plain in (
            ("shared, a visit a minute", f"{haiku}, shared, a visit a minute"),
            ("quiet", name_usual_cases(HAIKU_4_5)[1]),
            ("shared", name_usual_cases(HAIKU_4_5)[0]),
        )
    ]
    quoted = {
        "docs/performance.md": [
            f"| {haiku} | {quote(HAIKU_4_5)} |",
            f"| {haiku_5} | {quote(HAIKU_5_5)} |",
            f"| a small business, {haiku} | {quote_sites('small business, {}: padded, as built')} |",
            f"| a small business without padding | {quote_sites('small business, {}: not padded')} |",
            f"| an answer that names free times, {haiku} | {usd[TIMES]} | {usd[QUIET_TIMES]} |",
            f"| {haiku}, {nova} {quote_sorting(haiku)}",
            f"| {haiku_5}, {nova} {quote_sorting(haiku_5)}",
        ],
        "docs/operations.md": [
            f"{sorting[0]} % less where a visit comes every minute",
            f"{sorting[1]} % less where each conversation is cold",
            f"{-sorting[2]} % more where a visit comes every two minutes",
        ],
    }
    missing = {
        path: [text for text in texts if text not in (ROOT / path).read_text(encoding="utf-8")]
        for path, texts in quoted.items()
    }
    assert missing == {path: [] for path in quoted}


def test_each_message_of_a_queue_is_three_requests():
    """It is sent by us, received and deleted by Lambda or a pool; both kinds of queues have their price."""
    calls = {"sqs SendMessage chat.fifo": {"calls": 1}, "sqs SendMessage notifications": {"calls": 2}}
    quantities = compute_step("booking", calls, ASSUMED)
    assert (quantities["SQS request, FIFO"], quantities["SQS request, standard"]) == (3, 6)


def test_a_posted_frame_is_one_message():
    """The call that posts it is free; what goes out on the socket is metered."""
    calls = {
        "execute-api PostToConnection welcome": {"calls": 1},
        "apigateway message out welcome": {"calls": 1},
        "apigateway message in": {"calls": 1},
    }
    assert compute_step("connect", calls, ASSUMED)["WebSocket message"] == 2


def test_an_invocation_costs_its_time_memory_and_log():
    """Only invocations at the edge begin a trace."""
    calls = {"lambda Invoke ingress": {"calls": 2, "log_bytes": 500}, "lambda Invoke booking": {"calls": 1}}
    quantities = compute_step("booking", calls, ASSUMED)
    assert quantities["Lambda GB-second"] == pytest.approx(2 * 0.03 * 0.5 + 0.3 * 0.5)
    assert (quantities["Lambda request"], quantities["X-Ray trace"]) == (3, 2)
    assert quantities["log GB"] == pytest.approx(5e-7)


def test_an_answer_costs_more_the_longer_its_answer_is():
    """Deltas, checks for a stop, checks of the claim, and the waiting function."""
    short, long = (
        compute_step(
            "answer", {}, {**ASSUMED, "answer seconds": seconds, "seconds of an answer in which text arrives": seconds}
        )
        for seconds in (1, 2)
    )
    assert short["WebSocket message"] == pytest.approx(10)
    assert set(short) == {"WebSocket message", "DynamoDB read unit", "Lambda GB-second"}
    assert all(long[item] == pytest.approx(2 * short[item]) for item in short)


def test_a_call_without_a_price_is_an_error():
    """A new service must not look free."""
    with pytest.raises(ValueError, match="no price for states StartExecution"):
        compute_step("booking", {"states StartExecution": {"calls": 1}}, ASSUMED)


def test_an_idle_month_polls_every_queue_of_the_template():
    """Four FIFO queues with five pollers, four standard queues with two, three polls a minute each."""
    month = compute_idle_month(read_calls(), ASSUMED)
    clock = 3 * 43_200  # the messages of the clock
    assert month["SQS request, FIFO"] == 4 * 5 * 3 * 43_200 + clock
    assert month["SQS request, standard"] == 4 * 2 * 3 * 43_200


def test_an_idle_month_pays_for_what_the_template_has():
    """Three secrets and that of Google, and the alarms."""
    month = compute_idle_month(read_calls(), ASSUMED)
    assert month["secret, month"] == 4
    assert month["alarm, month"] == len(re.findall(r"AWS::CloudWatch::Alarm\b", TEXT)) > 0


def test_ten_businesses_cost_only_their_reads():
    """One message of the clock reads all their calendars."""
    one, ten = (compute_idle_month(read_calls(), ASSUMED, businesses=number) for number in (1, 10))
    more = {item for item in ten if ten[item] > one[item]}
    assert more == {"DynamoDB read unit", "DynamoDB write unit", "S3 list or write"}


def test_a_booking_is_part_of_a_visit():
    """A visit that books takes what one without takes, and the booking's steps."""
    table = CallTable({**read_calls().steps, "free times": {}, "booking": {"ses SendEmail": {"calls": 2}}}, ())
    without, with_booking = (compute_visit(table, ASSUMED, books=books) for books in (False, True))
    assert {**without, "e-mail": 2} == with_booking


def test_free_allowances_end_at_nothing():
    """What is under an allowance is free, and does not pay for anything else."""
    prices = PriceList("", "", {"a": Price(1, 1, "", free=10), "b": Price(2, 1, "")}, {})
    assert prices.compute_month_usd({"a": 4, "b": 3}) == 6
    assert prices.compute_month_usd({"a": 14, "b": 3}) == 10
    assert prices.compute_usd({"a": 14, "b": 3}) == 20


@pytest.mark.parametrize("function", ["authorizer", "ingress", "chat", "booking", "notifications"])
def test_functions_have_the_memory_of_the_template(function):
    """1 024 MB are billed as 1 GB."""
    pattern = rf"^  {function.title()}Function:\n(?:    .*\n|\n)*?      MemorySize: (\d+)"
    properties = re.search(pattern, TEXT, re.MULTILINE)
    assert properties
    assert float(properties[1]) / 1024 == ASSUMED[f"GB of {function}"]


def test_every_price_names_its_source():
    """A page of AWS on which it can be checked."""
    assert all(price.source.startswith("https://aws.amazon.com/") for price in read_prices().prices.values())
