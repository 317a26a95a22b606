"""Which notices come too late to be of use, and which never do."""

from datetime import timedelta

import pytest

from shared.messages.staleness import is_stale


def test_a_code_is_stale_from_the_end_of_its_hold(make_notice):
    """It opens nothing any more."""
    notice = make_notice("code")

    assert not is_stale(notice, notice.expires_at.replace(minute=14))
    assert is_stale(notice, notice.expires_at)


def test_a_reminder_is_stale_once_the_visit_has_begun(make_notice):
    """Whoever is late knows it."""
    notice = make_notice("reminder")

    assert not is_stale(notice, notice.data.start - timedelta(seconds=1))
    assert is_stale(notice, notice.data.start)


def test_a_visit_that_has_begun_is_not_said_to_stand(make_notice):
    """But whoever asked for a time and has none still learns so."""
    notice = make_notice("choose_again", stands=True)

    assert not is_stale(notice, notice.data.start - timedelta(seconds=1))
    assert is_stale(notice, notice.data.start)
    assert not is_stale(make_notice("choose_again"), notice.data.start)


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled"])
def test_what_has_happened_is_never_stale(make_notice, kind):
    """However late the news are, they are news."""
    assert not is_stale(make_notice(kind), make_notice(kind).data.start + timedelta(days=365))
