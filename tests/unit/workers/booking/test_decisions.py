"""What happens to an appointment that is verified, moved or cancelled, state by state."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.conftest import build_profile
from workers.booking.domain.decisions import (
    MAX_CODE_NUMBER,
    MAX_CODES_PER_HOLD,
    MAX_WRONG_CODES,
    decide_cancel,
    decide_reschedule,
    decide_resend,
    decide_verify,
)
from workers.booking.domain.hold import HOLD_MINUTES, blocks_its_slot, has_expired, is_same_request
from workers.booking.domain.plans import AlreadyDone, CancelVisit, Refuse, SendCode
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval, Refusal

UNKNOWN = Refusal(ErrorCode.UNKNOWN_APPOINTMENT)
EXPIRED = Refusal(ErrorCode.CODE_EXPIRED)
TOO_MANY = Refusal(ErrorCode.TOO_MANY_ATTEMPTS)
HOLD = timedelta(minutes=HOLD_MINUTES)
INSTANT = timedelta(microseconds=1)
PROFILE = build_profile()


def move(appointment, start, now, *, profile=PROFILE, requested_at=None, max_moves=8):
    service, requested_at = profile.services[1], requested_at or now
    return decide_reschedule(appointment, profile, service, start, now, requested_at=requested_at, max_moves=max_moves)


@pytest.fixture
def confirmed(hold):
    return replace(hold, state=AppointmentState.CONFIRMED, hold_expires_at=None, version=2)


@pytest.fixture
def cancelled(hold):
    return replace(hold, state=AppointmentState.CANCELLED, hold_expires_at=None, version=2)


def test_a_hold_blocks_its_buffers_and_ends_after_a_quarter_of_an_hour(hold, accepted_at):
    """The time counts from when the command was accepted, not from when a worker processed it."""
    minutes = timedelta(minutes=1)
    assert hold.end == hold.start + 30 * minutes
    assert hold.blocked == Interval(hold.start - 10 * minutes, hold.end + 20 * minutes)
    assert hold.hold_expires_at == accepted_at + 15 * minutes
    assert (hold.state, hold.code_sends, hold.code_attempts, hold.version) == (AppointmentState.HELD, 1, 0, 1)


def test_a_hold_has_expired_at_its_last_instant(hold, confirmed, cancelled, accepted_at):
    """From then on its time is free; a confirmed appointment never expires."""
    assert not has_expired(hold, accepted_at + HOLD - INSTANT)
    assert has_expired(hold, accepted_at + HOLD)
    assert blocks_its_slot(hold, accepted_at)
    assert not blocks_its_slot(hold, accepted_at + HOLD)
    assert blocks_its_slot(confirmed, accepted_at + HOLD)
    assert not blocks_its_slot(cancelled, accepted_at)


def test_the_right_code_confirms_until_the_hold_expires(hold, accepted_at):
    """The last instant before the end still counts."""
    outcome = decide_verify(hold, code_ok=True, now=accepted_at + HOLD - INSTANT)

    expected = replace(hold, state=AppointmentState.CONFIRMED, hold_expires_at=None, version=2)
    assert outcome == expected


def test_a_wrong_code_is_counted(hold, accepted_at):
    """The attempt is saved with the refusal, so that guessing is limited."""
    outcome = decide_verify(hold, code_ok=False, now=accepted_at)

    counted = replace(hold, code_attempts=1, version=2)
    assert outcome == Refuse(Refusal(ErrorCode.CODE_INVALID), appointment=hold, changed=counted)


def test_a_text_that_holds_no_code_costs_no_attempt(hold, accepted_at):
    """The visitor mistyped, but guessed nothing: there is nothing to save."""
    refused = decide_verify(hold, code_ok=None, now=accepted_at)
    assert refused == Refusal(ErrorCode.CODE_INVALID, about="no_code")


@pytest.mark.parametrize("code_ok", [True, False, None])
def test_after_five_wrong_codes_even_the_right_one_is_refused(hold, accepted_at, code_ok):
    """The fifth wrong code is still checked, a sixth code is not."""
    for _ in range(MAX_WRONG_CODES):
        outcome = decide_verify(hold, code_ok=False, now=accepted_at)
        assert outcome.refusal == Refusal(ErrorCode.CODE_INVALID)
        hold = outcome.changed

    assert decide_verify(hold, code_ok=code_ok, now=accepted_at) == TOO_MANY
    assert decide_resend(hold, accepted_at) == TOO_MANY


@pytest.mark.parametrize("code_ok", [True, False, None])
def test_a_code_for_a_missing_appointment_is_unknown(cancelled, accepted_at, code_ok):
    """A visitor can't distinguish another session's, a missing and a cancelled appointment."""
    for appointment in (None, cancelled):
        assert decide_verify(appointment, code_ok=code_ok, now=accepted_at) == UNKNOWN
        assert decide_resend(appointment, accepted_at) == UNKNOWN


@pytest.mark.parametrize("code_ok", [True, False, None])
def test_a_confirmed_appointment_confirms_again(confirmed, accepted_at, code_ok):
    """A repeated code is harmless, even long after the hold would have expired."""
    later = accepted_at + 10 * HOLD

    assert decide_verify(confirmed, code_ok=code_ok, now=later) == AlreadyDone(confirmed)
    assert decide_resend(confirmed, later) == AlreadyDone(confirmed)


@pytest.mark.parametrize("code_ok", [True, False, None])
def test_an_expired_hold_refuses_every_code(hold, accepted_at, code_ok):
    """Another visitor may have its time already; expiry has priority over exhausted attempts."""
    spent = replace(hold, code_attempts=MAX_WRONG_CODES)

    for appointment in (hold, spent):
        assert decide_verify(appointment, code_ok=code_ok, now=accepted_at + HOLD) == EXPIRED
        assert decide_resend(appointment, accepted_at + HOLD) == EXPIRED


def test_a_code_that_is_being_sent_is_awaited(hold, accepted_at):
    """There is no other one, but only while the hold is alive."""
    assert decide_resend(hold, accepted_at, last_code="open") == AlreadyDone(hold)
    assert decide_resend(hold, accepted_at + HOLD, last_code="open") == EXPIRED


def test_a_code_that_was_not_sent_does_not_count(hold, accepted_at):
    """It is replaced by the next number; the ones that were sent before still count."""
    third = replace(hold, code_sends=MAX_CODES_PER_HOLD)
    assert isinstance(decide_resend(third, accepted_at), Refusal)
    outcome = decide_resend(third, accepted_at, last_code="given_up")
    assert outcome.counted == replace(third, code_sends=4, codes_unsent=1, version=hold.version + 1)
    assert isinstance(decide_resend(outcome.counted, accepted_at), Refusal)
    last = replace(third, code_sends=MAX_CODE_NUMBER, codes_unsent=MAX_CODE_NUMBER - 1)
    assert isinstance(decide_resend(last, accepted_at, last_code="given_up"), Refusal)


def test_a_fourth_code_is_not_sent(hold, accepted_at):
    """A resend increases the count and does not extend the hold."""
    for number in range(2, MAX_CODES_PER_HOLD + 1):
        outcome = decide_resend(hold, accepted_at)
        assert outcome == SendCode(hold, replace(hold, code_sends=number, version=hold.version + 1))
        hold = outcome.counted

    assert decide_resend(hold, accepted_at) == Refusal(ErrorCode.RATE_LIMITED, about="last_code")
    assert not isinstance(decide_verify(hold, code_ok=True, now=accepted_at), Refusal)


def test_a_hold_and_an_appointment_can_be_cancelled(hold, confirmed, accepted_at):
    """A hold can be cancelled even after it expired: then there is nothing left to free."""
    for appointment, now in ((hold, accepted_at), (hold, accepted_at + HOLD), (confirmed, accepted_at)):
        outcome = decide_cancel(appointment, PROFILE, now)

        assert outcome == CancelVisit(appointment, outcome.cancelled)
        assert outcome.cancelled.state is AppointmentState.CANCELLED
        assert outcome.cancelled.version == appointment.version + 1


def test_cancelling_twice_is_harmless(cancelled, accepted_at):
    """The visitor gets the same answer, and nothing is written."""
    assert decide_cancel(cancelled, PROFILE, accepted_at) == AlreadyDone(cancelled)


def test_a_visit_that_has_begun_can_be_neither_cancelled_nor_moved(confirmed):
    """The record of past visits stays."""
    later = confirmed.start + timedelta(days=1)
    invalid = Refusal(ErrorCode.INVALID_TIME, about="begun")

    assert decide_cancel(confirmed, PROFILE, confirmed.start) == invalid
    assert move(confirmed, later, confirmed.start) == invalid
    assert isinstance(decide_cancel(confirmed, PROFILE, confirmed.start - INSTANT), CancelVisit)


@pytest.mark.parametrize("hours", [1, 24, 366 * 24])
def test_a_visit_can_be_changed_until_the_deadline_of_the_business(hold, confirmed, hours):
    """To the instant; a hold can be changed all the same, and a move that was requested in time is made later."""
    profile = build_profile(change_deadline_hours=hours)
    ends, later = confirmed.start - timedelta(hours=hours), confirmed.start + timedelta(days=1)
    too_late = Refusal(ErrorCode.INVALID_TIME, about="change_deadline", hours=hours)

    for now, is_in_time in ((ends - INSTANT, True), (ends, False), (confirmed.start - INSTANT, False)):
        cancelled = decide_cancel(confirmed, profile, now)
        moved = move(confirmed, later, now, profile=profile)
        assert (cancelled, moved) == (too_late, too_late) or is_in_time
        assert (isinstance(cancelled, CancelVisit), isinstance(moved, Appointment)) == (is_in_time, is_in_time)
        assert isinstance(move(confirmed, later, now, profile=profile, requested_at=ends - INSTANT), Appointment)
        assert move(confirmed, confirmed.start, now, profile=profile) == AlreadyDone(confirmed)
    held = replace(hold, hold_expires_at=hold.start)
    assert isinstance(decide_cancel(held, profile, ends), CancelVisit)
    assert isinstance(move(held, later, ends, profile=profile), Appointment)


def test_an_appointment_moves_with_its_buffers(hold, confirmed, accepted_at):
    """It keeps its state, held or confirmed, and a hold keeps its expiry."""
    day = timedelta(days=1)

    for appointment in (hold, confirmed):
        outcome = move(appointment, appointment.start + day, accepted_at)

        assert outcome == replace(
            appointment,
            start=appointment.start + day,
            end=appointment.end + day,
            blocked=Interval(appointment.blocked.start + day, appointment.blocked.end + day),
            version=appointment.version + 1,
            moves=1,
        )


def test_a_move_that_is_not_possible_is_refused(hold, confirmed, cancelled, accepted_at):
    """A missing or cancelled appointment and an expired hold can't move; a move to its own time changes nothing."""
    later = hold.start + timedelta(days=1)

    assert move(None, later, accepted_at) == UNKNOWN
    assert move(cancelled, later, accepted_at) == UNKNOWN
    assert move(hold, later, accepted_at + HOLD) == EXPIRED
    assert move(confirmed, confirmed.start, accepted_at) == AlreadyDone(confirmed)
    assert decide_cancel(None, PROFILE, accepted_at) == UNKNOWN


def test_requesting_the_held_time_again_is_the_same_request(hold, accepted_at):
    """Only while it is held, and only for the same service, time and contact."""
    request = {"service_id": hold.service_id, "start": hold.start, "contact": hold.contact, "at": accepted_at}

    assert is_same_request(hold, **request)
    assert not is_same_request(hold, **request | {"at": accepted_at + HOLD})
    assert not is_same_request(hold, **request | {"start": hold.start + timedelta(minutes=30)})
    assert not is_same_request(hold, **request | {"service_id": "massage"})
    assert not is_same_request(hold, **request | {"contact": Contact("email", "jana@example.com")})


@pytest.mark.parametrize(
    ("moves", "max_moves", "state", "counted"),
    [
        (0, 1, "confirmed", 1),
        (1, 1, "confirmed", None),
        (0, 0, "confirmed", None),
        (0, 1, "held", 1),
        (1, 1, "held", None),
        (1, 1, "verified", 1),
    ],
)
def test_a_visit_is_moved_a_number_of_times(hold, *, moves, max_moves, state, counted):
    """By its visitor. A hold whose time the business has filled moves all the same, which does not count."""
    ends = None if state == "confirmed" else hold.hold_expires_at
    visit = replace(hold, hold_expires_at=ends, verified=state == "verified", moves=moves)
    visit = replace(visit, state=AppointmentState("confirmed" if state == "confirmed" else "held"))
    move_to = partial(move, visit, now=hold.created_at, max_moves=max_moves)
    later = visit.start + timedelta(days=1)
    if counted is None:
        assert move_to(later) == Refusal(ErrorCode.RATE_LIMITED, about="moves")
        with_phone = move_to(later, profile=build_profile(phone="+48 22 555 01 02"))
        assert (with_phone.about, with_phone.phone) == ("moves_phone", "+48 22 555 01 02")
        assert isinstance(move_to(visit.start), AlreadyDone)
    else:
        assert (move_to(later).moves, move_to(later).start) == (counted, later)
