"""The calls of a visit whose workers are functions, which are most of what it costs on AWS."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from infra.cost.calls import CallTable, read_calls
from infra.cost.comparison import HOW_TO_ACCEPT, describe_differences, describe_prices
from infra.cost.prices import read_prices
from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.call_counts import count_visit, keep_exact, list_metrics

pytestmark = [
    pytest.mark.package,
    pytest.mark.skipif(
        bool(os.environ.get("AWS_ENDPOINT_URL")), reason="needs an emulator of its own: one stack at a time in each"
    ),
]


async def test_a_visit_makes_the_calls_of_the_table(lambda_stack: Stack, pytestconfig: pytest.Config):
    """A change that adds a call to AWS, a unit of DynamoDB or a custom metric changes `infra/cost/calls.json`."""
    backstage, first_day = Backstage(lambda_stack), datetime.now(UTC).date() + timedelta(days=10)
    tick = "stride-calendar-tick"
    # The rule would add its calls to whatever is counted when it fires.
    lambda_stack.client("events").disable_rule(Name=tick)
    try:
        visits = [await count_visit(lambda_stack, backstage, first_day + timedelta(weeks=week)) for week in range(2)]
    finally:
        lambda_stack.client("events").enable_rule(Name=tick)
    counted = CallTable(keep_exact(visits), tuple(list_metrics(visits)))
    if pytestconfig.getoption("write_calls"):
        counted.write()
    differences = describe_differences(read_calls(), counted)
    prices = describe_prices(read_calls(), counted, read_prices())
    assert not differences, "\n".join([*differences, *prices, HOW_TO_ACCEPT])
