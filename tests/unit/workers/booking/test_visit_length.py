"""A visit whose owner has stretched it is moved as a visit of this length."""

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.booking.domain.values import AppointmentState
from workers.booking.domain.visit_length import keep_length


@pytest.mark.parametrize(("minutes", "seconds"), [(45, 0), (20, 0), (44, 1)])
def test_the_service_has_the_length_of_the_visit(make_profile, make_hold, minutes, seconds):
    """In whole minutes; it starts when others of its service do, although its steps are as long as it by default."""
    profile, hold = make_profile(), make_hold()
    service = profile.find_service("consultation")
    end = hold.start + timedelta(minutes=minutes, seconds=seconds)
    visit = replace(hold, state=AppointmentState.CONFIRMED, end=end)
    changed_profile, changed = keep_length(profile, service, visit)
    assert (changed.duration_minutes, changed.step) == (minutes + bool(seconds), service.step)
    assert changed_profile.find_service("consultation") == changed
    assert changed_profile.find_service("massage") == profile.find_service("massage")


def test_other_visits_have_the_length_of_their_service(make_profile, make_hold):
    """A hold follows a profile that has changed."""
    profile, hold = make_profile(), make_hold()
    service = profile.find_service("consultation")
    longer = replace(hold, end=hold.end + timedelta(minutes=10))
    assert keep_length(profile, service, longer) == (profile, service)
    assert keep_length(profile, service, replace(hold, state=AppointmentState.CONFIRMED)) == (profile, service)
