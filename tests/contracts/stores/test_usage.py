"""Counters of tokens, per tenant and day."""

import asyncio

import pytest

from shared.ids import new_id
from shared.messages.server import Usage


@pytest.fixture
def tenant():
    return new_id()


async def test_counts_refused_messages(stores, tenant):
    """Beside the tokens of the day, and of this business and day only."""
    await stores.usage.add_usage(tenant, "2026-01-12", Usage(output_tokens=12))
    await asyncio.gather(*(stores.usage.add_refusal(tenant, "2026-01-12") for _ in range(3)))
    assert await stores.usage.get_refusals(tenant, "2026-01-12") == 3
    assert await stores.usage.get_refusals(tenant, "2026-01-13") == 0
    assert await stores.usage.get_output_tokens(tenant, "2026-01-12") == 12


async def test_a_day_without_answers_has_no_tokens(stores, tenant):
    """A tenant that nobody wrote to has used nothing."""
    assert await stores.usage.get_output_tokens(tenant, "2026-01-12") == 0


async def test_answers_add_up_per_tenant_and_day(stores, tenant):
    """Each answer's output tokens count for its tenant and its day alone."""
    await stores.usage.add_usage(tenant, "2026-01-12", Usage(input_tokens=900, output_tokens=30, cache_read_tokens=5))
    await stores.usage.add_usage(tenant, "2026-01-12", Usage(output_tokens=12))
    await stores.usage.add_usage(tenant, "2026-01-13", Usage(output_tokens=1))
    assert await stores.usage.get_output_tokens(tenant, "2026-01-12") == 42
    assert await stores.usage.get_output_tokens(tenant, "2026-01-13") == 1
    assert await stores.usage.get_output_tokens(new_id(), "2026-01-12") == 0


async def test_no_answer_is_lost_between_workers(stores, tenant):
    """Twenty answers counted at the same time are all there."""
    await asyncio.gather(*(stores.usage.add_usage(tenant, "2026-01-12", Usage(output_tokens=3)) for _ in range(20)))
    assert await stores.usage.get_output_tokens(tenant, "2026-01-12") == 60
