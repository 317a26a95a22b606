"""Bounds of visits, moves and text messages over the real path: what is beyond them is refused with a way out."""

import uuid

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


async def test_a_contact_has_only_so_many_visits_and_moves(
    visit: Visit, open_business: OpenBusiness, backstage: Backstage
):
    """Another move and another visit are refused with the telephone number of the business; the visit stays."""
    tenant, address = open_business(visits_per_contact=1, moves_per_visit=1), fresh_address()
    async with visit(tenant=tenant) as visitor:
        pending = await hold(visitor, await free_slot(visitor), address)
        appointment = pending["data"]["appointment_id"]
        await confirm(visitor, pending, address, backstage)
        moved, refused_move = [
            await visitor.ask(
                "booking.reschedule",
                {"appointment_id": appointment, "start": (await free_slot(visitor))["start"]},
                "booking.rescheduled",
            )
            for _ in range(2)
        ]
    async with visit(tenant=tenant) as again:
        refused_visit = await hold(again, await free_slot(again), address)

    assert moved["type"] == "booking.rescheduled"
    for refused in (refused_move, refused_visit):
        assert refused["data"]["code"] == "RATE_LIMITED"
        assert backstage.profile.phone in refused["data"]["message"]
    [row] = [row for row in backstage.rows("appointments") if row["tenant"] == tenant]
    assert (row["appointment_id"], row["state"]) == (appointment, "confirmed")
    assert row["moves"] == 1


async def test_a_code_beyond_the_budget_of_text_messages_is_reported(
    visit: Visit, open_business: OpenBusiness, backstage: Backstage
):
    """The visitor hears it in the chat and is asked for an e-mail address, which gets a code for the same time."""
    tenant, number = open_business(daily_sms_dollars=0.000001), f"+48512{uuid.uuid4().int % 10**6:06d}"
    address = fresh_address()
    async with visit(tenant=tenant) as visitor:
        slot = await free_slot(visitor)
        pending = await hold(visitor, slot, number)
        error = await visitor.until("error")
        corrected = await hold(visitor, slot, address)
        confirmed = await confirm(visitor, corrected, address, backstage)

    assert (pending["type"], "re" in error) == ("booking.pending", False)
    assert error["data"]["appointment_id"] == pending["data"]["appointment_id"]
    assert error["data"]["other_contact_kinds"] == ["email"]
    assert confirmed["type"] == "booking.confirmed"
    row = await backstage.failure(lambda row: row.get("tenant") == tenant)
    assert (row["type"], row["reason"]) == ("notice.code", "sms_budget_used")
    assert not [
        each
        for each in backstage.rows("limits")
        if str(each["quota"]).startswith(f"sms#{tenant}#") and each.get("spent")
    ]
