"""When a replay asks instead of running, and which refusals its visitor gets a notice about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.booking.domain.replay import (
    MAX_REPLAY_AGE,
    derive_choose_again_notice_id,
    has_visit_ahead,
    is_too_late,
    is_worth_a_notice,
)
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
MOMENT = timedelta(seconds=1)
JAN = Contact("email", "jan@example.com")


def visit(state, start=NOW + timedelta(hours=1)):
    end = start + timedelta(hours=1)
    return Appointment(
        appointment_id="a1",
        session_id="session",
        tenant="salon-ania",
        service_id="massage",
        start=start,
        end=end,
        blocked=Interval(start, end),
        state=state,
        contact=JAN,
        name="",
        note="",
        locale="pl",
        hold_expires_at=None,
        code_sends=1,
        code_attempts=0,
        version=1,
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("age", "replay", "late"),
    [
        (MAX_REPLAY_AGE, 1, False),
        (MAX_REPLAY_AGE + MOMENT, 1, True),
        (MAX_REPLAY_AGE + MOMENT, 7, True),
        (timedelta(days=3), 0, False),
    ],
)
def test_only_a_replay_can_be_too_late(age, replay, late):
    """An original command runs however late it is."""
    assert is_too_late(NOW - age, replay=replay, now=NOW) is late


@pytest.mark.parametrize(
    ("found", "cancels", "has_visit", "is_news"),
    [
        (None, False, False, True),
        (visit(AppointmentState.HELD), False, False, True),
        (visit(AppointmentState.CONFIRMED), False, True, True),
        (visit(AppointmentState.CONFIRMED), True, True, True),
        (visit(AppointmentState.CONFIRMED, NOW), True, False, False),
        (visit(AppointmentState.CANCELLED), False, False, True),
        (visit(AppointmentState.CANCELLED), True, False, False),
    ],
)
def test_a_refusal_is_news_unless_the_visitor_has_what_they_requested(found, cancels, has_visit, is_news):
    """A cancelled visit satisfies a request to cancel; a visit that has begun is over."""
    assert has_visit_ahead(found, NOW) is has_visit
    assert is_worth_a_notice(found, cancels=cancels, now=NOW) is is_news


def notice_id(found=None, address="jan@example.com", **changes):
    fields = {"command_id": "c1", "replay": 1, "tenant": "salon-ania", "accepted_at": NOW, "now": NOW}
    return derive_choose_again_notice_id(found, replace(JAN, address=address), **fields | changes)


@pytest.mark.parametrize(
    "same",
    [
        {"command_id": "c2"},
        {"accepted_at": NOW + timedelta(hours=12) - MOMENT},
        {"accepted_at": NOW - timedelta(hours=12)},
        {"accepted_at": (NOW + MOMENT).astimezone(timezone(timedelta(hours=5, minutes=30)))},
        {"address": "Jan+7@example.com"},
        {"now": NOW + timedelta(days=1)},
    ],
)
def test_an_unverified_address_gets_one_notice_for_a_day_of_requests(same):
    """A hundred requests that name it, also in upper case, cause one notice."""
    assert notice_id(**same) == notice_id()


@pytest.mark.parametrize(
    "other",
    [
        {"replay": 2},
        {"tenant": "salon-ola"},
        {"accepted_at": NOW + timedelta(hours=12)},
        {"address": "ewa@example.com"},
    ],
)
def test_another_replay_contact_or_business_has_another_notice(other):
    """Each of them has its own information."""
    assert notice_id(**other) != notice_id()


def test_each_request_about_a_confirmed_visit_has_its_own_notice():
    """Its address is verified, and two requests about two visits are different news."""
    found = visit(AppointmentState.CONFIRMED)
    assert notice_id(found) == notice_id(found, now=NOW + timedelta(minutes=1))
    assert len({notice_id(found), notice_id(found, command_id="c2"), notice_id(found, replay=2), notice_id()}) == 4
