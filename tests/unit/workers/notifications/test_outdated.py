"""A letter that waited, or is replayed, calls nobody to a visit that was cancelled or moved meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from shared.claims import Done
from shared.errors import NotYetError, PermanentError
from shared.suppressions import Suppression
from workers.notifications.domain import change_in

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
MOVED = {"start": "2026-01-14T09:00:00Z", "end": "2026-01-14T10:00:00Z"}
CALLS = [("confirmed", {}), ("rescheduled", {}), ("reminder", {}), ("choose_again", {"stands": True})]


def sent(world):
    return [letter.subject for letter in world.mailer.sent] + [message.text for message in world.texter.sent]


@pytest.mark.parametrize("data", [{}, PHONE])
@pytest.mark.parametrize(("kind", "own"), CALLS)
async def test_a_visit_that_was_cancelled_is_not_called_to(world, make_notice, kind, own, data):
    """Whichever was asked for first: the notice ends, with a line in the log that names nobody."""
    await world.handle(make_notice("cancelled", accepted_at=NOW))
    late = make_notice(kind, id="late", accepted_at=LATER, data=data, **own)
    with structlog.testing.capture_logs() as logs:
        assert await world.handle(late) == "not_sent"

    assert sent(world) == ["notice.cancelled"]
    assert isinstance(await world.claimed(late), Done)
    assert [(line["event"], line["notice"]) for line in logs] == [("notice_outdated", f"notice.{kind}")]


@pytest.mark.parametrize(("kind", "own"), CALLS)
async def test_a_visit_that_was_moved_is_not_called_to_at_its_old_time(world, make_notice, kind, own):
    """The new time has letters of its own; what was thought of after the move knows better."""
    await world.handle(make_notice("rescheduled", id="move", accepted_at=NOW, data=MOVED))
    await world.handle(make_notice(kind, id="old", accepted_at=NOW - timedelta(seconds=1), **own))
    assert len(sent(world)) == 1

    await world.handle(make_notice(kind, id="same", accepted_at=NOW - timedelta(seconds=1), data=MOVED, **own))
    await world.handle(make_notice(kind, id="newer", accepted_at=LATER, **own))
    assert len(sent(world)) == 3


async def test_moves_that_come_in_the_wrong_order_leave_the_latest(world, make_notice):
    """A queue without an order; the older letter is not sent any more."""
    await world.handle(make_notice("rescheduled", id="second", accepted_at=LATER, data=MOVED))
    await world.handle(make_notice("rescheduled", id="first", accepted_at=NOW))
    await world.handle(make_notice("reminder", accepted_at=NOW, data=MOVED))

    assert [letter.notice_id for letter in world.mailer.sent] == ["second", "notice-reminder"]


async def test_a_move_brings_no_cancelled_visit_back(world, make_notice):
    """Not even one that was asked for later."""
    await world.handle(make_notice("cancelled", accepted_at=NOW))
    await world.handle(make_notice("rescheduled", accepted_at=LATER, data=MOVED))

    assert sent(world) == ["notice.cancelled"]


async def test_who_cancels_at_night_is_not_reminded_in_the_morning(new_world, make_notice, make_profile):
    """The reminder waited for the end of the quiet hours."""
    world = new_world(make_profile(quiet_hours="21:00-08:00"))
    world.clock.set(datetime(2026, 1, 12, 20, 30, tzinfo=UTC))
    reminder = make_notice("reminder")
    claim = await world.claimed(reminder)
    with pytest.raises(NotYetError):
        await world.handler.handle(reminder, claim)
    await world.claims.release(claim, unspent=True)
    await world.handle(make_notice("cancelled", accepted_at=world.clock.now()))
    world.clock.set(datetime(2026, 1, 13, 7, tzinfo=UTC))
    await world.handle(reminder)

    assert sent(world) == ["notice.cancelled"]


async def test_a_cancellation_that_is_not_sent_counts_all_the_same(world, make_notice):
    """It fails at the suppression list, or waits in its line: the visit is cancelled."""
    await world.suppressions.add("jan@example.com", Suppression("bounced", NOW))
    with pytest.raises(PermanentError):
        await world.handle(make_notice("cancelled"))
    await world.suppressions.remove("jan@example.com")
    await world.handle(make_notice("reminder"))

    assert sent(world) == []


async def test_what_says_that_nothing_stands_is_never_outdated(world, make_notice):
    """Nor is a code, nor another visit's letter."""
    await world.handle(make_notice("cancelled"))
    other = {"appointment_id": "another0123456789abcdefghijklmno"}
    for number, (kind, data) in enumerate([("cancelled", {}), ("choose_again", {}), ("code", {}), ("reminder", other)]):
        await world.handle(make_notice(kind, id=f"n{number}", data=data))

    assert len(sent(world)) == 5


@pytest.mark.parametrize("kind", ["cancelled", "rescheduled"])
def test_a_change_is_remembered_for_as_long_as_a_notice_can_wait(make_notice, kind):
    """Two weeks in its queue, whenever the visit is; and from a visit that is long over, too."""
    for accepted_at in (NOW, NOW + timedelta(days=30)):
        notice = make_notice(kind, accepted_at=accepted_at)
        latest = max(accepted_at, notice.data.end)
        assert change_in(notice).forgotten_at == latest + timedelta(days=14)
