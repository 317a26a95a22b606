"""Which notices are not sent now: in quiet hours, to a suppressed address, or above the rate limit."""

import re
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
from workers.notifications.domain import build_rate_limit_key, find_quiet_hours_end, is_too_late

PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
QUIET = "21:00-08:00"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def wait_for_notice(world, notice):
    """Handle a notice that has to wait; return for how long."""
    claim = await world.take_claim(notice)
    with pytest.raises(NotYetError) as caught:
        await world.handler.handle(notice, claim)
    await world.claims.release(claim, unspent=True)
    return caught.value.wait


@pytest.mark.parametrize("data", [{}, PHONE])
async def test_a_late_reminder_waits_for_the_end_of_quiet_hours(new_world, make_notice, make_profile, data):
    """It is sent then, once."""
    world = new_world(make_profile(quiet_hours=QUIET))
    notice = make_notice("reminder", data=data | {"start": "2026-01-13T09:00:00Z", "end": "2026-01-13T10:00:00Z"})
    world.clock.set(at("2026-01-12T20:30"))

    assert await wait_for_notice(world, notice) == timedelta(hours=10, minutes=30)
    assert world.mailer.sent == world.sms_sender.sent == []
    world.clock.set(at("2026-01-13T07:00"))
    await world.handle(notice)
    assert len(world.mailer.sent + world.sms_sender.sent) == 1


async def test_a_reminder_that_would_wait_too_long_is_not_sent(new_world, make_notice, make_profile):
    """The visitor could no longer get ready; its claim is completed without an error."""
    world = new_world(make_profile(quiet_hours=QUIET))
    notice = make_notice("reminder", data={"start": "2026-01-13T07:30:00Z", "end": "2026-01-13T08:30:00Z"})
    world.clock.set(at("2026-01-12T20:30"))
    await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.take_claim(notice), Done)


@pytest.mark.parametrize(
    ("own", "start", "waits"),
    [
        ({}, "2026-01-13T07:30:00Z", True),
        ({"stands": True}, "2026-01-13T09:00:00Z", True),
        ({"stands": True}, "2026-01-13T07:30:00Z", False),
    ],
)
async def test_a_request_to_choose_again_waits_in_quiet_hours_unless_its_visit_is_near(
    new_world, make_notice, own, start, waits
):
    """The business may replay at night; but a visitor has to know that a visit in the morning is not cancelled."""
    world = new_world(build_profile(quiet_hours=QUIET))
    world.clock.set(at("2026-01-13T02:00"))
    notice = make_notice("choose_again", data=PHONE | {"start": start}, **own)
    if waits:
        assert await wait_for_notice(world, notice) == timedelta(hours=5)
        world.clock.set(at("2026-01-13T07:00"))
    await world.handle(notice)

    assert len(world.sms_sender.sent) == 1


@pytest.mark.parametrize("kind", ["code", "confirmed", "cancelled", "rescheduled"])
async def test_notices_of_a_recent_action_are_sent_in_quiet_hours(new_world, make_notice, make_profile, kind):
    """The visitor is awake."""
    world = new_world(make_profile(quiet_hours=QUIET))
    world.clock.set(at("2026-01-12T01:00"))
    await world.handle(make_notice(kind))

    assert len(world.mailer.sent) == 1


async def test_changes_by_the_business_wait_for_the_end_of_quiet_hours(new_world, make_notice, make_profile):
    """Unless the visitor would set out for nothing, or could not get ready: then they are sent at once.

    Notices of the release before do not say when a moved visit would have begun: they are sent at once, as by it.
    """
    for kind, own, start, hour, waits in [
        ("cancelled", {}, "2026-01-13T09:00:00Z", "02", True),
        ("cancelled", {}, "2026-01-13T08:00:00Z", "02", True),
        ("cancelled", {}, "2026-01-13T07:59:00Z", "02", False),
        ("cancelled", {}, "2026-01-13T09:00:00Z", "12", False),
        ("rescheduled", {"previous_start": "2026-01-13T09:00:00Z"}, "2026-01-13T10:00:00Z", "02", True),
        ("rescheduled", {"previous_start": "2026-01-13T07:30:00Z"}, "2026-01-13T10:00:00Z", "02", False),
        ("rescheduled", {"previous_start": "2026-01-13T10:00:00Z"}, "2026-01-13T07:30:00Z", "02", False),
        ("rescheduled", {}, "2026-01-13T10:00:00Z", "02", False),
    ]:
        for contact in ({}, PHONE):
            world = new_world(make_profile(quiet_hours=QUIET))
            world.clock.set(at(f"2026-01-13T{hour}:00"))
            notice = make_notice(kind, data=contact | {"start": start}, by="business", **own)
            if waits:
                assert await wait_for_notice(world, notice) == timedelta(hours=5)
                world.clock.set(at("2026-01-13T07:00"))
            await world.handle(notice)
            assert len(world.mailer.sent + world.sms_sender.sent) == 1, (kind, own, start)


NOON_START, EARLY, ONE, TWO = (f"2026-01-13T{clock}:00Z" for clock in ("12:00", "07:30", "13:00", "14:00"))
MOVE, CANCEL, REINSTATE = "rescheduled", "cancelled", "confirmed"

NIGHTS = [
    # What the visitor knows is early, and they have not heard of the first change.
    ([(MOVE, EARLY, NOON_START, "fails"), (MOVE, NOON_START, ONE, "sent")]),
    ([(MOVE, EARLY, NOON_START, "fails"), (CANCEL, NOON_START, None, "sent")]),
    ([(CANCEL, EARLY, None, "fails"), (REINSTATE, None, NOON_START, "sent")]),
    ([(MOVE, EARLY, NOON_START, "fails"), (MOVE, NOON_START, ONE, "fails"), (MOVE, ONE, TWO, "sent")]),
    # They know of the first one.
    ([(MOVE, EARLY, NOON_START, "sent"), (MOVE, NOON_START, ONE, "waits")]),
    ([(MOVE, NOON_START, EARLY, "sent"), (MOVE, EARLY, ONE, "sent")]),
    ([(CANCEL, EARLY, None, "sent"), (REINSTATE, None, NOON_START, "waits"), (MOVE, NOON_START, ONE, "waits")]),
    ([(CANCEL, EARLY, None, "sent"), (REINSTATE, None, EARLY, "sent")]),
    # Only the time in between is early.
    ([(MOVE, NOON_START, EARLY, "fails"), (MOVE, EARLY, ONE, "waits")]),
    ([(MOVE, NOON_START, EARLY, "fails"), (CANCEL, EARLY, None, "waits")]),
    ([(MOVE, NOON_START, ONE, "waits"), (MOVE, ONE, TWO, "waits"), (MOVE, TWO, EARLY, "sent")]),
    # The visit is again where they expect it.
    ([(MOVE, EARLY, NOON_START, "fails"), (MOVE, NOON_START, EARLY, "waits")]),
    ([(CANCEL, EARLY, None, "fails"), (REINSTATE, None, EARLY, "waits")]),
    # That was days ago.
    ([(MOVE, "2026-01-10T07:30:00Z", NOON_START, "waits")]),
    # Their own change, they know.
    ([(MOVE, EARLY, NOON_START, "fails"), ("own", NOON_START, ONE, "sent"), (MOVE, ONE, TWO, "waits")]),
]


async def test_several_changes_in_quiet_hours_are_urgent_by_what_the_visitor_knows(new_world, make_profile):
    """That is what they heard last, and not the time in between, of which no e-mail was sent."""
    for night in NIGHTS:
        world = new_world(make_profile(quiet_hours=QUIET))
        for minute, (kind, before, after, outcome) in enumerate(night):
            world.clock.set(at(f"2026-01-13T02:{minute:02}"))
            own = {"by": "business"} if kind in {MOVE, CANCEL} else {"reinstates": True} if kind == REINSTATE else {}
            own |= {"previous_start": before} if kind == MOVE else {}
            notice = build_notice(
                MOVE if kind == "own" else kind,
                id=f"change-{minute}",
                accepted_at=world.clock.now(),
                data={"start": after or before},
                **own,
            )
            where, sent = (night, minute), len(world.mailer.sent)
            if outcome == "fails":
                world.mailer.errors = [TransientError("throttled")]
                claim = await world.take_claim(notice)
                with pytest.raises(TransientError):
                    await world.handler.handle(notice, claim)
                await world.claims.release(claim)
                assert world.mailer.errors == [], where
            elif outcome == "waits":
                assert await wait_for_notice(world, notice) > timedelta(hours=4), where
            else:
                await world.handle(notice)
            assert len(world.mailer.sent) - sent == (outcome == "sent"), where


async def test_a_notice_is_not_sent_again_because_it_could_not_be_marked(new_world, make_profile):
    """Its visitor has it; at worst a later change is judged by the time before."""
    world = new_world(make_profile(quiet_hours=QUIET))
    world.visit_changes.errors = [TransientError("throttled")]
    own = {"by": "business", "previous_start": EARLY}
    assert await world.handle(build_notice(MOVE, data={"start": NOON_START}, **own)) is None
    assert (len(world.mailer.sent), world.visit_changes.errors) == (1, [])


@given(begins=st.integers(0, 23), length=st.integers(1, 14), moment=moments())
def test_a_reminder_is_never_sent_in_quiet_hours(begins, length, moment):
    """In ten years of six zones: a reminder that waits is sent at a local time outside of them."""
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
async def test_a_notice_to_a_suppressed_address_is_dead_lettered(world, make_notice, kind):
    """The visitor waits for it, so the staff of the business have to call them."""
    await world.suppressions.add("jan@example.com", Suppression("bounced", SINCE))

    with pytest.raises(PermanentError) as caught:
        await world.handle(make_notice(kind, data={"contact": "Jan@Example.com"}))
    assert caught.value.reason == "address_suppressed"
    assert not re.search(r"\bjan\b", str(caught.value), re.IGNORECASE)
    assert world.mailer.sent == []
    assert world.send_rate_limiter.requests == []


async def test_a_reminder_to_a_suppressed_address_is_dropped(world, make_notice):
    """Its claim is completed, and the log line has no personal data."""
    await world.suppressions.add("jan@example.com", Suppression("complained", SINCE))
    notice = make_notice("reminder")
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.take_claim(notice), Done)
    assert [(line["event"], line["why"]) for line in logs] == [("notice_suppressed", "complained")]
    assert not re.search(r"\bjan\b", str(logs), re.IGNORECASE)


async def test_an_address_with_a_full_mailbox_gets_emails_again(world, make_notice):
    """When its suppression has expired; numbers are not affected."""
    until = world.clock.now() + timedelta(hours=1)
    await world.suppressions.add("jan@example.com", Suppression("full", SINCE, until))
    await world.handle(make_notice("reminder", id="text", data=PHONE))
    world.clock.set(until)
    await world.handle(make_notice("confirmed"))

    assert (len(world.sms_sender.sent), len(world.mailer.sent)) == (1, 1)


async def test_nothing_is_sent_while_suppressions_cannot_be_read(world, make_notice):
    """The notice is retried."""
    world.suppressions.errors.append(TransientError("dynamodb"))

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
        claim = await world.take_claim(notice)
        try:
            await world.handler.handle(notice, claim)
        except NotYetError as error:
            await world.claims.release(claim, unspent=True)
            waits[notice.id] = error.wait
    assert list(waits.values()) == [timedelta(seconds=10 * number) for number in (1, 2, 3, 4)]

    await world.handle(make_notice("cancelled", id="others", tenant="other"))
    await world.handle(make_notice("code", id="code"))
    assert len(world.mailer.sent) == 4

    world.clock.advance(timedelta(seconds=40))
    for notice in notices[2:]:
        await world.handle(notice)
    assert len(world.mailer.sent) == 8
    assert {world.claims.records[notice.claim_key].attempts for notice in notices} == {1}


async def test_a_code_that_waited_for_too_long_is_stale(world, make_notice):
    """Staleness is checked again at its send slot."""
    world.use(send_rate_limiter=FakeSendRateLimiter(per_minute=3))
    await world.handle(make_notice("code", id="first"))
    waits = await wait_for_notice(world, make_notice("code", id="second"))
    world.clock.advance(waits + timedelta(minutes=15))
    await world.handle(make_notice("code", id="second"))

    assert len(world.mailer.sent) == 1


async def test_a_code_that_would_wait_for_too_long_fails_at_once(world, make_notice):
    """Its visitor learns so; another notice waits, and a code that was refused delays no later one."""
    world.use(send_rate_limiter=FakeSendRateLimiter(per_minute=1))
    await world.handle(make_notice("code", id="first"))
    for number in range(3):
        with pytest.raises(PermanentError) as refused:
            await world.handle(make_notice("code", id=f"code-{number}"))
        assert refused.value.reason == "line_too_long"
    await world.handle(make_notice("cancelled", id="other"))
    assert await wait_for_notice(world, make_notice("cancelled", id="waits")) == timedelta(seconds=50)
    world.clock.advance(timedelta(minutes=1))
    await world.handle(make_notice("code", id="later"))
    assert [email.notice_id for email in world.mailer.sent] == ["first", "other", "later"]


def test_codes_have_a_rate_limit_key_of_their_own(make_notice):
    """Visitors wait for them."""
    keys = {build_rate_limit_key(make_notice(kind)) for kind in ("confirmed", "cancelled", "rescheduled", "reminder")}

    assert len(keys) == 1
    assert build_rate_limit_key(make_notice("code")) not in keys
    assert build_rate_limit_key(make_notice("confirmed", tenant="other")) not in keys


async def test_a_notice_that_a_crashed_worker_may_have_sent_is_counted(world, make_notice):
    """The e-mail that is sent then is identical."""
    notice = make_notice("confirmed")
    await world.take_claim(notice)
    world.clock.advance(timedelta(minutes=1))
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    assert [line["event"] for line in logs] == ["notice_perhaps_repeated", "notice_sent"]
    assert [figure.name for figure in world.metrics.figures] == ["NoticesPerhapsRepeated"]
