"""A business reaches the most that a day may cost: visitors hear it, still book, and the owner was warned once."""

from decimal import Decimal
from typing import Any

import pytest

from infra.local.stack import Stack
from shared.json_objects import parse_json_object
from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from shared.spending.values import NANO_PER_DOLLAR
from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

QUESTION = {"text": "Where are you?"}
WHOLE_DAY = {"visitor_share_percent": 100, "address_share_percent": 100}


def list_records(backstage: Backstage, tenant: str) -> list[dict[str, Any]]:
    return [row for row in backstage.rows("usage") if row["tenant"] == tenant and row["day"].startswith("call#")]


def list_warnings(stack: Stack, tenant: str) -> list[dict[str, Any]]:
    """Return what the worker that alerts the operators logged about a business."""
    lines = map(parse_json_object, stack.children["notifications"].log.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and (line.get("event"), line.get("tenant")) == ("operator_alert", tenant)]


async def test_a_business_at_its_limit_still_books(
    stack: Stack, visit: Visit, backstage: Backstage, open_business: OpenBusiness
):
    """The first answer fits, and takes so much of the limit that the owner is warned; the next ones are refused."""
    rich = open_business()
    async with visit(tenant=rich) as visitor:
        await visitor.ask("chat.send", QUESTION, "chat.final")
    [record] = list_records(backstage, rich)
    # Room for one call of the highest cost, and hardly for anything that it costs in fact.
    limit = Decimal(int(record["reserved"]) * 1005 // 1000) / NANO_PER_DOLLAR
    tenant, address = open_business(daily_dollars=str(limit), **WHOLE_DAY), fresh_address()
    async with visit(tenant=tenant) as visitor:
        first = await visitor.ask("chat.send", QUESTION, "chat.final")
        await backstage.until(lambda: bool(list_warnings(stack, tenant)))
    async with visit(tenant=tenant) as visitor:
        refused = [await visitor.ask("chat.send", QUESTION, "chat.final") for _ in range(2)]
        pending = await hold(visitor, await free_slot(visitor), address)
        confirmed = await confirm(visitor, pending, address, backstage)

    assert first["type"] == "chat.final"
    for frame in refused:
        assert (frame["type"], frame["data"]["code"]) == ("error", "BUDGET_EXCEEDED")
        assert frame["data"]["message"] == render_refusal(ErrorCode.BUDGET_EXCEEDED, "en")
    assert confirmed["type"] == "booking.confirmed"
    assert [line["reason"] for line in list_warnings(stack, tenant)] == ["budget_day"]
    assert len(list_records(backstage, tenant)) == 1, "a refused call leaves no record"
