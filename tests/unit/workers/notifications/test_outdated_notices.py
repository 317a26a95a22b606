"""A notice that waited or is replayed is not sent for a visit that was cancelled or moved meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from shared.claims import Done
from shared.errors import NotYetError, PermanentError
from shared.suppressions import Suppression
from workers.notifications.domain import extract_change

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
MOVED = {"start": "2026-01-14T09:00:00Z", "end": "2026-01-14T10:00:00Z"}
CONFIRMING_NOTICES = [("confirmed", {}), ("rescheduled", {}), ("reminder", {}), ("choose_again", {"stands": True})]


def sent_texts(world):
    return [email.subject for email in world.mailer.sent] + [message.text for message in world.sms_sender.sent]


@pytest.mark.parametrize("data", [{}, PHONE])
@pytest.mark.parametrize(("kind", "own"), CONFIRMING_NOTICES)
async def test_no_notice_confirms_a_cancelled_visit(world, make_notice, kind, own, data):
    """Whichever was requested first: the notice is completed, and logged without personal data."""
    await world.handle(make_notice("cancelled", accepted_at=NOW))
    late = make_notice(kind, id="late", accepted_at=LATER, data=data, **own)
    with structlog.testing.capture_logs() as logs:
        assert await world.handle(late) == "not_sent"

    assert sent_texts(world) == ["notice.cancelled"]
    assert isinstance(await world.take_claim(late), Done)
    assert [(line["event"], line["notice"]) for line in logs] == [("notice_outdated", f"notice.{kind}")]


@pytest.mark.parametrize(("kind", "own"), CONFIRMING_NOTICES)
async def test_no_notice_confirms_the_old_time_of_a_moved_visit(world, make_notice, kind, own):
    """The new time has notices of its own; a notice that was accepted after the move is sent.

    One that names the new time is sent, too, but not that of an earlier move: the later one's says the same.
    """
    await world.handle(make_notice("rescheduled", id="move", accepted_at=NOW, data=MOVED))
    await world.handle(make_notice(kind, id="old", accepted_at=NOW - timedelta(seconds=1), **own))
    assert len(sent_texts(world)) == 1

    await world.handle(make_notice(kind, id="same", accepted_at=NOW - timedelta(seconds=1), data=MOVED, **own))
    await world.handle(make_notice(kind, id="newer", accepted_at=LATER, **own))
    assert len(sent_texts(world)) == (2 if kind == "rescheduled" else 3)


async def test_of_moves_in_the_wrong_order_the_latest_is_in_force(world, make_notice):
    """The queue is not ordered; the older notice is not sent."""
    await world.handle(make_notice("rescheduled", id="second", accepted_at=LATER, data=MOVED))
    await world.handle(make_notice("rescheduled", id="first", accepted_at=NOW))
    await world.handle(make_notice("reminder", accepted_at=NOW, data=MOVED))

    assert [email.notice_id for email in world.mailer.sent] == ["second", "notice-reminder"]


async def test_a_move_does_not_restore_a_cancelled_visit(world, make_notice):
    """Not even one that was requested later."""
    await world.handle(make_notice("cancelled", accepted_at=NOW))
    await world.handle(make_notice("rescheduled", accepted_at=LATER, data=MOVED))

    assert sent_texts(world) == ["notice.cancelled"]


async def test_a_reinstated_visit_is_confirmed_and_reminded_of(world, make_notice):
    """The business restored the event that it had deleted; what was accepted before the cancellation stays outdated."""
    await world.handle(make_notice("cancelled", accepted_at=NOW))
    await world.handle(make_notice("confirmed", id="old", accepted_at=NOW - timedelta(hours=1)))
    await world.handle(make_notice("confirmed", id="again", accepted_at=LATER, reinstates=True))
    await world.handle(make_notice("reminder", accepted_at=LATER))
    assert sent_texts(world) == ["notice.cancelled", "notice.confirmed", "notice.reminder"]
    await world.handle(make_notice("cancelled", id="finally", accepted_at=LATER + timedelta(hours=1)))
    await world.handle(make_notice("confirmed", id="late", accepted_at=LATER, reinstates=True))
    assert sent_texts(world)[3:] == ["notice.cancelled"]


@pytest.mark.parametrize("is_moved", [False, True])
async def test_a_visit_that_is_cancelled_and_reinstated_in_quiet_hours_is_only_confirmed(
    new_world, make_notice, make_profile, is_moved
):
    """Both notices wait for their end. The visitor would stay away if the cancellation were the last one to be sent."""
    world = new_world(make_profile(quiet_hours="21:00-08:00"))
    changes = [("cancelled", {"by": "business"}), ("confirmed", {"reinstates": True})]
    changes += [("rescheduled", {"by": "business", "previous_start": "2026-01-14T12:00:00Z"})] * is_moved
    notices = []
    for minute, (kind, own) in enumerate(changes):
        world.clock.set(datetime(2026, 1, 12, 22, minute, tzinfo=UTC))
        notices.append(make_notice(kind, id=kind, accepted_at=world.clock.now(), data=MOVED, **own))
        claim = await world.take_claim(notices[-1])
        with pytest.raises(NotYetError):
            await world.handler.handle(notices[-1], claim)
        await world.claims.release(claim, unspent=True)
    world.clock.set(datetime(2026, 1, 13, 7, tzinfo=UTC))
    for notice in reversed(notices):
        await world.handle(notice)

    assert {email.notice_id for email in world.mailer.sent} == {kind for kind, _ in changes[1:]}


async def test_a_visit_that_is_cancelled_in_quiet_hours_gets_no_reminder_after_them(
    new_world, make_notice, make_profile
):
    """The reminder waited for their end."""
    world = new_world(make_profile(quiet_hours="21:00-08:00"))
    world.clock.set(datetime(2026, 1, 12, 20, 30, tzinfo=UTC))
    reminder = make_notice("reminder")
    claim = await world.take_claim(reminder)
    with pytest.raises(NotYetError):
        await world.handler.handle(reminder, claim)
    await world.claims.release(claim, unspent=True)
    await world.handle(make_notice("cancelled", accepted_at=world.clock.now()))
    world.clock.set(datetime(2026, 1, 13, 7, tzinfo=UTC))
    await world.handle(reminder)

    assert sent_texts(world) == ["notice.cancelled"]


async def test_a_cancellation_is_recorded_even_if_its_notice_is_not_sent(world, make_notice):
    """The address is suppressed, but the visit is cancelled."""
    await world.suppressions.add("jan@example.com", Suppression("bounced", NOW))
    with pytest.raises(PermanentError):
        await world.handle(make_notice("cancelled"))
    await world.suppressions.remove("jan@example.com")
    await world.handle(make_notice("reminder"))

    assert sent_texts(world) == []


async def test_a_notice_that_does_not_confirm_the_visit_is_never_outdated(world, make_notice):
    """Nor is a code, nor a notice about another visit."""
    await world.handle(make_notice("cancelled"))
    other = {"appointment_id": "another0123456789abcdefghijklmno"}
    for number, (kind, data) in enumerate([("cancelled", {}), ("choose_again", {}), ("code", {}), ("reminder", other)]):
        await world.handle(make_notice(kind, id=f"n{number}", data=data))

    assert len(sent_texts(world)) == 5


@pytest.mark.parametrize("kind", ["cancelled", "rescheduled"])
def test_a_change_is_kept_for_as_long_as_a_notice_can_wait(make_notice, kind):
    """A notice can wait two weeks on its queue, so two weeks after the visit or the request, whichever is later."""
    for accepted_at in (NOW, NOW + timedelta(days=30)):
        notice = make_notice(kind, accepted_at=accepted_at)
        latest = max(accepted_at, notice.data.end)
        assert extract_change(notice).expires_at == latest + timedelta(days=14)
