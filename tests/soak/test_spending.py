"""What reservations add to an answer, with fifty calls of one business at once."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.ids import new_id
from shared.messages.server import Usage
from shared.spending.values import CallKey, CallResult, Cap, Reservation, Reserved
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.soak

AT_ONCE = 50
ROUNDS = 20
CAPS = dict.fromkeys(Cap, 10**15)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)


async def test_fifty_calls_at_once_settle_all_they_reserve(dynamodb):
    """The figures of docs/performance.md; the sums are exact whatever met."""
    store, tenant = DynamoSpendingStore(client=dynamodb, table="UsageTable", clock=FakeClock()), new_id()
    reserving, settling = [], []

    async def call(number):
        reservation = Reservation(
            tenant=tenant,
            session_id=f"s{number}",
            key=CallKey(new_id(), 1, 1),
            model_id="model",
            day=NOW.date(),
            nano_dollars=5_000_000,
            reserved_at=NOW,
            expires_at=NOW + timedelta(minutes=15),
            address_key="address",
        )
        started = time.perf_counter()
        reserved = await store.reserve(reservation, CAPS)
        reserving.append((time.perf_counter() - started) * 1000)
        assert isinstance(reserved, Reserved)
        started = time.perf_counter()
        assert await store.settle(reserved.reservation, CallResult(Usage(output_tokens=100), 600_000, "end_turn", 900))
        settling.append((time.perf_counter() - started) * 1000)

    for at_once in (1, AT_ONCE):
        reserving.clear(), settling.clear()
        store.conflicts = 0
        for _ in range(ROUNDS):
            await asyncio.gather(*map(call, range(at_once)))
        for name, values in (("reserve", reserving), ("settle", settling)):
            centiles = statistics.quantiles(values, n=20)
            print(f"{at_once} at once: {name} p50 {statistics.median(values):.1f} ms, p95 {centiles[18]:.1f} ms")
        print(f"{at_once} at once: {store.conflicts / len(reserving):.3f} conflicts a call")
