"""Which times are proposed instead of one that cannot be had."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import alternatives, free_slots
from workers.booking.domain.values import Interval

WARSAW = ZoneInfo("Europe/Warsaw")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


def blocked(start, end):
    return Interval(at(start), at(end))


def told(offers):
    return [offer.start.astimezone(WARSAW).strftime("%a %d %H:%M") for offer in offers]


def test_the_same_day_comes_first_closest_first(make_profile, accepted_at):
    """Of two that are equally close the earlier comes first."""
    busy = [blocked("2026-01-13 10:00", "2026-01-13 11:00")]
    wanted = at("2026-01-13 10:00")

    offers = alternatives(make_profile(), "massage", wanted, now=accepted_at, occupancy=Occupancy(busy))

    assert told(offers) == ["Tue 13 09:00", "Tue 13 11:00", "Tue 13 13:00", "Tue 13 13:30", "Tue 13 14:00"]


def test_a_full_day_leads_to_the_same_time_of_the_nearest_days(make_profile, accepted_at):
    """One proposal a day, the nearest day first, so that the visitor has days to choose from."""
    busy = [blocked("2026-01-14 08:00", "2026-01-14 18:00"), blocked("2026-01-15 10:00", "2026-01-15 10:30")]

    offers = alternatives(make_profile(), "massage", at("2026-01-14 10:00"), now=accepted_at, occupancy=Occupancy(busy))

    assert told(offers) == ["Tue 13 10:00", "Thu 15 10:30", "Mon 12 10:00", "Fri 16 10:00", "Mon 19 10:00"]


def test_what_is_left_of_the_day_is_filled_up_from_others(make_profile, accepted_at):
    """Even a single time of the same day stands before all others."""
    busy = [blocked("2026-01-13 08:00", "2026-01-13 16:00")]

    offers = alternatives(
        make_profile(), "massage", at("2026-01-13 10:00"), now=accepted_at, occupancy=Occupancy(busy), count=3
    )

    assert told(offers) == ["Tue 13 16:00", "Mon 12 10:00", "Wed 14 10:00"]


def test_when_the_days_run_out_each_gives_another(make_profile, accepted_at):
    """A short horizon still fills the list."""
    profile = make_profile(horizon_days=1)
    busy = [blocked("2026-01-13 08:00", "2026-01-13 18:00")]

    offers = alternatives(
        profile, "massage", at("2026-01-13 10:00"), now=accepted_at, occupancy=Occupancy(busy), count=4
    )

    assert told(offers) == ["Mon 12 10:00", "Mon 12 09:30", "Mon 12 10:30", "Mon 12 09:00"]


def test_a_time_out_of_reach_leads_to_the_nearest_that_can_be_had(make_profile, accepted_at):
    """A wish for the past gets the next days, one for after the horizon the last ones."""
    profile = make_profile(minimum_notice_minutes=24 * 60)

    early = alternatives(profile, "massage", at("2020-01-01 10:00"), now=accepted_at, occupancy=Occupancy(), count=3)
    late = alternatives(profile, "massage", at("2099-01-01 10:00"), now=accepted_at, occupancy=Occupancy(), count=3)

    assert told(early) == ["Tue 13 10:00", "Wed 14 10:00", "Thu 15 10:00"]
    assert told(late) == ["Wed 11 10:00", "Tue 10 10:00", "Mon 09 10:00"]


def test_the_wanted_time_itself_is_never_an_alternative(make_profile, accepted_at):
    """Who has just lost a race for a time is not sent back to it, even if the list still shows it free."""
    wanted = at("2026-01-13 10:00")

    offers = alternatives(make_profile(), "massage", wanted, now=accepted_at, occupancy=Occupancy())

    assert wanted not in {offer.start for offer in offers}


@pytest.mark.parametrize("service", ["haircut", "massage"])
def test_where_nothing_is_free_nothing_is_proposed(make_profile, accepted_at, service):
    """An unknown service and a business that is always closed have no alternatives."""
    assert alternatives(make_profile(hours=()), service, accepted_at, now=accepted_at, occupancy=Occupancy()) == []


@given(
    zone=st.sampled_from(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    wanted_hours=st.integers(-50, 24 * 12),
    taken_hours=st.lists(st.tuples(st.integers(0, 24 * 8), st.integers(1, 30)), max_size=8),
    count=st.integers(1, 12),
)
def test_there_are_as_many_as_asked_for_or_all(make_profile, zone, wanted_hours, taken_hours, count):
    """Every alternative is free and different, the same day's stand first, and none is kept back."""
    now = datetime(2026, 3, 27, 7, 13, tzinfo=UTC)
    profile = make_profile(zone=zone, horizon_days=6, minimum_notice_minutes=90)
    wanted = now.replace(minute=0) + timedelta(hours=wanted_hours)
    busy = [
        Interval(now + timedelta(hours=start), now + timedelta(hours=start + length)) for start, length in taken_hours
    ]
    free = free_slots(profile, "consultation", from_day=None, days=60, now=now, occupancy=Occupancy(busy))
    choice = [offer for offer in free if offer.start != wanted]

    offers = alternatives(profile, "consultation", wanted, now=now, occupancy=Occupancy(busy), count=count)

    assert len(offers) == len(set(offers)) == min(count, len(choice))
    assert set(offers) <= set(choice)
    day = wanted.astimezone(ZoneInfo(zone)).date()
    same_day = [offer for offer in choice if offer.start.astimezone(ZoneInfo(zone)).date() == day]
    closest = sorted(same_day, key=lambda offer: (abs(offer.start - wanted), offer.start))
    assert offers[: len(closest)] == closest[:count]
