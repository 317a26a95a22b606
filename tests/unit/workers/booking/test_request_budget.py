"""How requests to Google are divided by time and urgency, and how long Google is not asked after a refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.booking.domain.request_budget import (
    Urgency,
    compute_extra,
    compute_window_limit,
    find_window,
    find_window_end,
    plan_lease,
)
from workers.booking.domain.request_pauses import LimitScope, RequestPauses

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@given(st.integers(7, 1_000_000), st.integers(0, 59_999_999))
def test_no_minute_has_more_requests_than_allowed(per_minute, begins_at):
    """However the windows lie in it, and if each window is used up."""
    first = NOON + timedelta(microseconds=begins_at)
    windows = find_window(first + MINUTE - timedelta(microseconds=1)) - find_window(first) + 1
    assert windows * compute_window_limit(per_minute) <= per_minute


def test_a_window_ends_where_the_next_one_begins():
    """Ten seconds later."""
    window = find_window(NOON + timedelta(seconds=9.999))
    assert (window, find_window_end(window)) == (find_window(NOON), NOON + timedelta(seconds=10))
    assert find_window(NOON + timedelta(seconds=10)) == window + 1


@pytest.mark.parametrize("limit", [8, 85, 1428])
def test_what_is_more_urgent_finds_some_left(limit):
    """Whoever need not wait leaves more than whoever waits; even a small window lets all through."""
    kept = {urgency: plan_lease(1, urgency, "salon", 1, limit).kept_free for urgency in Urgency}
    assert kept[Urgency.EVENTS] == kept[Urgency.HOLDS] == 0
    assert 0 < kept[Urgency.QUESTIONS] < kept[Urgency.SYNC]
    assert all(plan_lease(1, urgency, "salon", 1, limit).fits_empty_window for urgency in Urgency)


def test_whose_share_a_request_counts_towards():
    """Visitors share what their business has, and its events have a share beside theirs; syncs share one."""
    assert [plan_lease(1, urgency, "salon", 1, 85).holder for urgency in Urgency] == [
        "events#salon",
        "tenant#salon",
        "tenant#salon",
        "sync",
    ]


def test_who_makes_few_requests_leases_none_ahead():
    """They would be lost for the others; who makes many needs fewer writes."""
    assert [compute_extra(recent) for recent in (0, 7, 8, 40, 80, 800)] == [0, 0, 1, 5, 10, 10]


def pauses(random=1.0):
    return RequestPauses(lambda: random)


@pytest.mark.parametrize(
    ("scope", "waits"),
    [
        (LimitScope.ACCOUNT, [1, 2, 4, 8, 16, 32, 64, 64]),
        (LimitScope.EITHER, [1, 2, 4, 8, 16, 32, 64, 64]),
        (LimitScope.CALENDAR, [60, 120, 240, 480, 900, 900]),
    ],
)
def test_the_waits_double(scope, waits):
    """Each refusal after a pause doubles the longest wait; the real ones are random up to that."""
    paused, now, seconds = pauses(), NOON, []
    for _ in waits:
        paused.note_refusal("a", scope, now)
        wait = paused.compute_wait("a", now)
        seconds.append(wait.total_seconds())
        now += wait
    assert seconds == waits
    half = pauses(0.5)
    half.note_refusal("a", scope, NOON)
    assert half.compute_wait("a", NOON).total_seconds() == waits[0] / 2


@pytest.mark.parametrize(
    ("scope", "of_others"), [(LimitScope.ACCOUNT, True), (LimitScope.CALENDAR, False), (LimitScope.EITHER, False)]
)
def test_whose_pause_it_is(scope, of_others):
    """A calendar's own limit does not stop the others."""
    paused = pauses()
    paused.note_refusal("a", scope, NOON)
    assert paused.compute_wait("a", NOON)
    assert bool(paused.compute_wait("b", NOON)) is of_others


@pytest.mark.parametrize(("later", "of_others"), [(MINUTE, True), (MINUTE + SECOND, False)])
def test_two_calendars_within_a_minute_mean_the_account(later, of_others):
    """Google names its limits of a calendar and of an account alike."""
    paused = pauses()
    paused.note_refusal("a", LimitScope.EITHER, NOON)
    paused.note_refusal("b", LimitScope.EITHER, NOON + later)
    assert bool(paused.compute_wait("c", NOON + later)) is of_others


def test_requests_that_were_under_way_do_not_prolong_a_pause():
    """They began before it; nor does one of them end it."""
    paused = pauses()
    for _ in range(8):
        paused.note_refusal("a", LimitScope.ACCOUNT, NOON)
    paused.note_success("b", NOON)
    assert paused.compute_wait("b", NOON) == SECOND


def test_an_answer_after_a_pause_begins_anew():
    """The next refusal waits for a second again."""
    paused = pauses()
    paused.note_refusal("a", LimitScope.ACCOUNT, NOON - MINUTE)
    paused.note_success("a", NOON - SECOND)
    paused.note_refusal("a", LimitScope.ACCOUNT, NOON)
    assert paused.compute_wait("a", NOON) == SECOND


def test_no_wait_is_negative():
    """A pause that is over is none."""
    paused = pauses()
    paused.note_refusal("a", LimitScope.ACCOUNT, NOON)
    assert paused.compute_wait("a", NOON + MINUTE) == timedelta(0)
