"""Whole conversations: what the table says of each is its usage times the prices, to the nano-dollar."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import pytest

from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.aws.spending.usage_reports import DynamoUsageReports
from shared.errors import TransientError
from shared.messages.server import Usage
from shared.spending.rules import find_local_day
from tests.unit.workers.chat.conftest import World, build_profile
from workers.chat.ports import Finished

MODELS = {
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.10", "5.50", "0.11", "1.375"),
    "eu.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
}
"""US dollars of a million tokens: input, output, read from and written to the cache."""
TENANT = "salon-ania"
MESSAGES = 3
AT_ONCE = 8


def compute_exact_cost(usage, prices):
    """Return the nano-dollars of a call, computed in another way than the code does."""
    tokens = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens)
    nano = sum(count * Decimal(price) * 1000 for count, price in zip(tokens, prices, strict=True))
    return int(nano.to_integral_value(ROUND_CEILING))


def make_script(chance):
    """Return what the model does, and the usage that it reports; None if it reports none."""
    if chance.random() < 0.15:
        return [*(["Hel"] if chance.random() < 0.5 else []), TransientError("cut", reason="model_failed")], None
    usage = Usage(
        input_tokens=chance.randrange(3000),
        output_tokens=chance.randrange(1, 800),
        cache_read_tokens=chance.randrange(5000),
        cache_write_tokens=chance.choice([0, chance.randrange(5000)]),
    )
    return ["Hello!", Finished(usage, chance.choice(["end_turn", "max_tokens"]))], usage


async def converse(number, clock_at, stores, chance, expected):
    """Write some messages as one visitor; note the cost of each complete answer."""
    model_id = chance.choice([*MODELS])
    store, session = stores(), f"session-{number}"
    scripts = []
    while sum(usage is not None for _, usage in scripts) < MESSAGES:
        scripts.append(make_script(chance))
    world = World(*(script for script, _ in scripts), spending=store)
    world.clock.set(clock_at)
    profile = build_profile(model={"id": model_id}, limits={"daily_dollars": 100_000, "monthly_dollars": 100_000})
    world.tenants.blocking.profiles[TENANT] = profile
    world.connections.open(session, "tab", locale="en")
    for message in range(MESSAGES):
        command = world.command(client_id=f"a{message}").model_copy(
            update={"session_id": session, "id": f"{number}-{message}", "source_ip": f"192.0.2.{number % 9}"}
        )
        await world.handler.handle(command, await world.claim(command))
    assert len(world.model.prompts) == len(scripts)
    expected += [(model_id, compute_exact_cost(usage, MODELS[model_id])) for _, usage in scripts if usage]


@pytest.mark.parametrize("conversations", [20, pytest.param(1000, marks=pytest.mark.soak)])
async def test_the_records_are_the_usage_times_the_prices(dynamodb, pytestconfig, conversations):
    """Also for failed calls the sums, the caps and a rebuild agree with the records; nothing is counted twice."""
    chance = random.Random(pytestconfig.getoption("--seed") or 7)
    now = datetime(2031, 5, 1, 12, tzinfo=UTC) + timedelta(days=conversations)
    day, expected, room = find_local_day(build_profile(), now), [], asyncio.Semaphore(AT_ONCE)

    def open_store():
        return DynamoSpendingStore(client=dynamodb, table="UsageTable", clock=World().clock)

    async def converse_in_room(number):
        async with room:
            await converse(number, now, open_store, random.Random(f"{chance.random()}"), expected)

    await asyncio.gather(*map(converse_in_room, range(conversations)))
    reports = DynamoUsageReports(client=dynamodb, table="UsageTable", clock=World().clock)
    records = [record async for record in reports.iterate_records(TENANT, day)]
    reported = [record for record in records if not record.result.is_estimate]
    found = [(record.reservation.model_id, record.result.nano_dollars) for record in reported]
    assert sorted(found) == sorted(expected)
    assert len(expected) == conversations * MESSAGES
    written = await reports.list_totals(TENANT, day, day)
    total = sum(record.result.nano_dollars for record in records)
    assert sum(one.totals.nano_dollars for one in written) == total
    assert sum(one.totals.calls for one in written) == len(records)
    assert sum(one.totals.conversations for one in written) == conversations
    assert await reports.get_committed(TENANT, day) == (total, total)
    assert await reports.rebuild_day(TENANT, day, now) == written
