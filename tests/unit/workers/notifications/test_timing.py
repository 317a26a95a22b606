"""Who is not told now: a sleeper, a reader whose address is suppressed, and whoever stands in a long line."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.claims import Done
from shared.errors import NotYetError, PermanentError, TransientError
from shared.suppressions import Suppression
from tests.clock_changes import moments
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.unit.workers.notifications.conftest import build_notice, build_profile
from workers.notifications.domain import find_quiet_hours_end, is_too_late, rate_limit_key

PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
QUIET = "21:00-08:00"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def too_early(world, notice):
    """Try to carry a notice out; return how long it has to wait."""
    claim = await world.claimed(notice)
    with pytest.raises(NotYetError) as caught:
        await world.handler.handle(notice, claim)
    await world.claims.release(claim, unspent=True)
    return caught.value.wait


@pytest.mark.parametrize("data", [{}, PHONE])
async def test_a_reminder_that_comes_late_wakes_nobody(new_world, make_notice, make_profile, data):
    """It waits for the end of the quiet hours, and goes out then, once."""
    world = new_world(make_profile(quiet_hours=QUIET))
    notice = make_notice("reminder", data=data | {"start": "2026-01-13T09:00:00Z", "end": "2026-01-13T10:00:00Z"})
    world.clock.set(at("2026-01-12T20:30"))

    assert await too_early(world, notice) == timedelta(hours=10, minutes=30)
    assert world.mailer.sent == world.sms_sender.sent == []
    world.clock.set(at("2026-01-13T07:00"))
    await world.handle(notice)
    assert len(world.mailer.sent + world.sms_sender.sent) == 1


async def test_a_reminder_that_would_wait_too_long_is_not_sent(new_world, make_notice, make_profile):
    """Who reads it half an hour before the visit can do nothing about it; it ends, quietly."""
    world = new_world(make_profile(quiet_hours=QUIET))
    notice = make_notice("reminder", data={"start": "2026-01-13T07:30:00Z", "end": "2026-01-13T08:30:00Z"})
    world.clock.set(at("2026-01-12T20:30"))
    await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.claimed(notice), Done)


@pytest.mark.parametrize(
    ("own", "start", "waits"),
    [
        ({}, "2026-01-13T07:30:00Z", True),
        ({"stands": True}, "2026-01-13T09:00:00Z", True),
        ({"stands": True}, "2026-01-13T07:30:00Z", False),
    ],
)
async def test_who_shall_choose_again_sleeps_on_unless_a_visit_is_near(new_world, make_notice, own, start, waits):
    """The business replays when it likes; but who thinks that a morning's visit is cancelled has to know."""
    world = new_world(build_profile(quiet_hours=QUIET))
    world.clock.set(at("2026-01-13T02:00"))
    notice = make_notice("choose_again", data=PHONE | {"start": start}, **own)
    if waits:
        assert await too_early(world, notice) == timedelta(hours=5)
        world.clock.set(at("2026-01-13T07:00"))
    await world.handle(notice)

    assert len(world.sms_sender.sent) == 1


@pytest.mark.parametrize("kind", ["code", "confirmed", "cancelled", "rescheduled"])
async def test_what_somebody_just_did_is_answered_at_night(new_world, make_notice, make_profile, kind):
    """They are awake."""
    world = new_world(make_profile(quiet_hours=QUIET))
    world.clock.set(at("2026-01-12T01:00"))
    await world.handle(make_notice(kind))

    assert len(world.mailer.sent) == 1


@given(begins=st.integers(0, 23), length=st.integers(1, 14), moment=moments())
def test_a_reminder_never_goes_out_when_it_is_quiet(begins, length, moment):
    """In ten years of six zones: what waits goes out when the wall does not say that it is quiet."""
    name, now = moment
    ends = (begins + length) % 24
    profile = build_profile(time_zone=name, quiet_hours=f"{begins:02}:00-{ends:02}:00")
    notice = build_notice("reminder", data={"start": now + timedelta(hours=20), "end": now + timedelta(hours=21)})

    until = find_quiet_hours_end(notice, profile, now)
    goes = until or now
    assert find_quiet_hours_end(notice, profile, goes) is None
    assert goes - now <= timedelta(hours=length + 2)
    assert (goes.astimezone(profile.zone).hour - begins) % 24 >= length
    assert is_too_late(notice, notice.data.start)


@pytest.mark.parametrize("kind", ["code", "confirmed", "cancelled", "rescheduled"])
async def test_a_suppressed_address_gets_none_and_somebody_sees_it(world, make_notice, kind):
    """The visitor waits for this in vain, so it is dead-lettered with its reason, for somebody to call them."""
    await world.suppressions.add("jan@example.com", Suppression("bounced", SINCE))

    with pytest.raises(PermanentError) as caught:
        await world.handle(make_notice(kind, data={"contact": "Jan@Example.com"}))
    assert caught.value.reason == "address_suppressed"
    assert "jan" not in str(caught.value).lower()
    assert world.mailer.sent == []
    assert world.send_rate_limiter.requests == []


async def test_a_suppressed_address_is_not_reminded(world, make_notice):
    """A reminder says nothing new: it ends, with a line in the log that names nobody."""
    await world.suppressions.add("jan@example.com", Suppression("complained", SINCE))
    notice = make_notice("reminder")
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.claimed(notice), Done)
    assert [(line["event"], line["why"]) for line in logs] == [("notice_suppressed", "complained")]
    assert "jan" not in str(logs)


async def test_a_mailbox_that_was_full_gets_letters_again(world, make_notice):
    """When its time is over; and a number is no address."""
    until = world.clock.now() + timedelta(hours=1)
    await world.suppressions.add("jan@example.com", Suppression("full", SINCE, until))
    await world.handle(make_notice("reminder", id="text", data=PHONE))
    world.clock.set(until)
    await world.handle(make_notice("confirmed"))

    assert (len(world.sms_sender.sent), len(world.mailer.sent)) == (1, 1)


async def test_without_the_list_nothing_is_sent(world, make_notice):
    """Whether an address takes letters is not guessed."""
    world.suppressions.trouble.append(TransientError("dynamodb"))

    with pytest.raises(TransientError):
        await world.handle(make_notice("confirmed"))
    assert world.mailer.sent == []


async def test_the_rate_limit_of_one_business_delays_no_other(world, make_notice):
    """Waiting uses up no attempt, and a notice is sent when its send slot has come."""
    world.send_rate_limiter = FakeSendRateLimiter(per_minute=6)
    world.use(send_rate_limiter=world.send_rate_limiter)
    world.tenants.blocking.profiles["other"] = build_profile()
    notices = [make_notice("cancelled", id=f"n{number}") for number in range(6)]
    waits = {}
    for notice in notices:
        claim = await world.claimed(notice)
        try:
            await world.handler.handle(notice, claim)
        except NotYetError as error:
            await world.claims.release(claim, unspent=True)
            waits[notice.id] = error.wait
    assert list(waits.values()) == [timedelta(seconds=10 * number) for number in (1, 2, 3, 4)]

    await world.handle(make_notice("cancelled", id="others", tenant="other"))
    await world.handle(make_notice("code", id="code"))
    assert len(world.mailer.sent) == 4

    world.clock.turn(timedelta(seconds=40))
    for notice in notices[2:]:
        await world.handle(notice)
    assert len(world.mailer.sent) == 8
    assert {world.claims.records[notice.claim_key].attempts for notice in notices} == {1}


async def test_a_code_that_waited_for_too_long_is_stale(world, make_notice):
    """Staleness is checked again at its send slot."""
    world.use(send_rate_limiter=FakeSendRateLimiter(per_minute=1))
    await world.handle(make_notice("code", id="first"))
    waits = await too_early(world, make_notice("code", id="second"))
    world.clock.turn(waits + timedelta(minutes=15))
    await world.handle(make_notice("code", id="second"))

    assert len(world.mailer.sent) == 1


def test_codes_have_a_rate_limit_key_of_their_own(make_notice):
    """Visitors wait for them."""
    keys = {rate_limit_key(make_notice(kind)) for kind in ("confirmed", "cancelled", "rescheduled", "reminder")}

    assert len(keys) == 1
    assert rate_limit_key(make_notice("code")) not in keys
    assert rate_limit_key(make_notice("confirmed", tenant="other")) not in keys


async def test_what_a_dead_worker_may_have_sent_is_counted(world, make_notice):
    """What goes out then is identical, and no more is lost than a second's glance."""
    notice = make_notice("confirmed")
    await world.claimed(notice)
    world.clock.turn(timedelta(minutes=1))
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    assert [line["event"] for line in logs] == ["notice_perhaps_repeated", "notice_sent"]
    assert [figure.name for figure in world.metrics.figures] == ["NoticesPerhapsRepeated"]
