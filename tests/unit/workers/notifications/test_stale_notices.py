"""Which notices become stale, and when."""

from datetime import timedelta

import pytest

from shared.messages.staleness import is_stale


def test_a_code_is_stale_from_the_end_of_its_hold(make_notice):
    """It can no longer confirm anything."""
    notice = make_notice("code")

    assert not is_stale(notice, notice.expires_at.replace(minute=14))
    assert is_stale(notice, notice.expires_at)


def test_a_reminder_is_stale_once_the_visit_has_begun(make_notice):
    """The visitor missed it or is there."""
    notice = make_notice("reminder")

    assert not is_stale(notice, notice.data.start - timedelta(seconds=1))
    assert is_stale(notice, notice.data.start)


def test_a_request_to_choose_again_is_stale_once_its_visit_has_begun(make_notice):
    """But a visitor whose request failed and who has no visit is still notified."""
    notice = make_notice("choose_again", stands=True)

    assert not is_stale(notice, notice.data.start - timedelta(seconds=1))
    assert is_stale(notice, notice.data.start)
    assert not is_stale(make_notice("choose_again"), notice.data.start)


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled"])
def test_a_notice_of_a_change_is_never_stale(make_notice, kind):
    """However late it is, the visitor has to know."""
    assert not is_stale(make_notice(kind), make_notice(kind).data.start + timedelta(days=365))
