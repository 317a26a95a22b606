"""Suppressions, counters, calendars, rates and changes of visits that the release before stored."""

from datetime import timedelta

import pytest

from shared.suppressions import Suppression
from tests.compatibility.rows.tables import HOUR, TEN, TENANT
from tests.fakes.clock import NOON
from workers.booking.ports import LastSync
from workers.notifications.domain import Change

pytestmark = pytest.mark.usefixtures("stored")
SECOND = timedelta(seconds=1)


async def test_suppressed_addresses_stay_suppressed(tables):
    """Known by their hashes; a full mailbox until its day is over."""
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


async def test_what_was_used_counts_on(tables):
    """The day's limit does not begin anew with an upgrade."""
    assert await tables.usage.output_tokens(TENANT, "2026-01-12") == 12


@pytest.mark.usefixtures("changing")
async def test_a_calendar_is_read_on_from_its_token(tables):
    """Nothing that its owner changed meanwhile is missed."""
    last = await tables.sync_tokens.get("kept-calendar@example.com")
    assert last == LastSync("sync token", NOON)
    new = LastSync("next token", NOON + HOUR)
    assert await tables.sync_tokens.put("kept-calendar@example.com", new, tenant=TENANT, replaces="sync token")


@pytest.mark.usefixtures("changing")
async def test_a_notice_keeps_the_time_that_it_was_given(tables):
    """And the next one comes after it."""
    second = await tables.send_rate.turn("kept-salon", "kept-second", now=NOON + SECOND)
    third = await tables.send_rate.turn("kept-salon", "kept-third", now=NOON + SECOND)
    assert (second, third) == (NOON + 50 * SECOND, NOON + 110 * SECOND)


async def test_what_became_of_a_visit_is_known(tables):
    """A notice that overtook it is not sent."""
    forgotten = TEN + 24 * HOUR
    assert await tables.changes.last("kept-moved") == Change(at=NOON, start=TEN, forgotten_at=forgotten)
    assert await tables.changes.last("kept-cancelled") == Change(at=NOON, start=None, forgotten_at=forgotten)
