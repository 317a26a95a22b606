"""Suppressions, usage, sync tokens, send slots and visit changes that the previous release stored."""

from datetime import timedelta

import pytest

from shared.suppressions import Suppression
from tests.compatibility.rows.tables import HOUR, TEN, TENANT
from tests.fakes.clock import NOON
from workers.booking.ports import LastSync
from workers.notifications.domain import VisitChange

pytestmark = pytest.mark.usefixtures("stored")
SECOND = timedelta(seconds=1)


async def test_suppressed_addresses_stay_suppressed(tables):
    """Found by their hashes; a full mailbox for one day."""
    found = {
        reason: await tables.suppressions.find(f"Kept-{reason}@example.com", at=NOON)
        for reason in ("bounced", "complained", "full")
    }
    assert found == {
        "bounced": Suppression("bounced", NOON),
        "complained": Suppression("complained", NOON),
        "full": Suppression("full", NOON, NOON + 24 * HOUR),
    }
    assert await tables.suppressions.find("kept-full@example.com", at=NOON + 24 * HOUR) is None


async def test_usage_counts_on(tables):
    """An upgrade does not reset the daily limit."""
    assert await tables.usage.get_output_tokens(TENANT, "2026-01-12") == 12


@pytest.mark.usefixtures("changing")
async def test_a_sync_token_is_read_and_replaced(tables):
    """No change in the calendar is missed."""
    last = await tables.sync_tokens.get("kept-calendar@example.com")
    assert last == LastSync("sync token", NOON)
    new = LastSync("next token", NOON + HOUR)
    assert await tables.sync_tokens.put("kept-calendar@example.com", new, tenant=TENANT, replaces="sync token")


@pytest.mark.usefixtures("changing")
async def test_a_send_slot_is_kept(tables):
    """The next slot comes after it."""
    second = await tables.send_rate.reserve("kept-salon", "kept-second", now=NOON + SECOND)
    third = await tables.send_rate.reserve("kept-salon", "kept-third", now=NOON + SECOND)
    assert (second, third) == (NOON + 50 * SECOND, NOON + 110 * SECOND)


async def test_visit_changes_are_read(tables):
    """An outdated notice is not sent."""
    forgotten = TEN + 24 * HOUR
    assert await tables.visit_changes.find_latest("kept-moved") == VisitChange(
        requested_at=NOON, new_start=TEN, expires_at=forgotten
    )
    assert await tables.visit_changes.find_latest("kept-cancelled") == VisitChange(
        requested_at=NOON, new_start=None, expires_at=forgotten
    )
