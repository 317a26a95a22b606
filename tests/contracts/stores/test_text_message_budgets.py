"""The contract of the budgets of text messages, in memory and in the table that all workers share."""

import asyncio
from datetime import date

import pytest

from shared.aws.spending.text_message_budgets import DynamoTextMessageBudgets
from shared.ids import new_id
from tests.fakes.text_message_budgets import FakeTextMessageBudgets

TODAY, TOMORROW = date(2026, 1, 12), date(2026, 1, 13)


@pytest.fixture(params=["memory", "dynamodb"])
def budgets(request):
    if request.param == "memory":
        return FakeTextMessageBudgets()
    return DynamoTextMessageBudgets(client=request.getfixturevalue("dynamodb"), table="LimitsTable")


@pytest.fixture
def reserve(budgets, clock):
    """Return a function that reserves 3 of a budget of 10 for a business that no other test uses."""
    tenant = new_id()

    async def reserve(price=3, *, day=TODAY, budget=10):
        return await budgets.reserve(tenant, day, price, budget=budget, now=clock.now())

    reserve.tenant = tenant
    return reserve


async def test_concurrent_messages_never_exceed_the_budget(budgets, reserve):
    """Of twenty at once three are sent; another day and another business have budgets of their own."""
    assert sorted(await asyncio.gather(*(reserve() for _ in range(20)))) == [False] * 17 + [True] * 3
    assert await budgets.get_spent(reserve.tenant, TODAY) == 9
    assert await reserve(price=1)
    assert not await reserve(price=1)
    assert await reserve(day=TOMORROW)
    assert await budgets.get_spent(new_id(), TODAY) == 0


async def test_the_first_message_may_cost_no_more_than_the_budget(budgets, reserve):
    """Nothing is written for it."""
    assert not await reserve(price=11)
    assert await reserve(price=10)


async def test_the_price_of_a_message_that_was_not_sent_is_released(budgets, reserve):
    """Never below nothing."""
    await reserve()
    await budgets.release(reserve.tenant, TODAY, 3)
    assert await budgets.get_spent(reserve.tenant, TODAY) == 0
    assert await reserve(price=10)


async def test_an_alert_is_noted_once_a_day(budgets, reserve, clock):
    """By one of several workers, also before anything was spent."""
    notes = [budgets.note_alert(reserve.tenant, TODAY, now=clock.now()) for _ in range(5)]
    assert sorted(await asyncio.gather(*notes)) == [False] * 4 + [True]
    assert await budgets.note_alert(reserve.tenant, TOMORROW, now=clock.now())
    assert await reserve(price=10)
