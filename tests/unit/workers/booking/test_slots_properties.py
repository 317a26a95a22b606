"""Checks the search against a minute-by-minute implementation of the rules."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.booking.domain.hold import compute_blocked_interval
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_free_slots, refuse_unoffered_start
from workers.booking.domain.values import Interval

DAYS = {
    "Europe/Warsaw": (date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 1)),
    "Europe/London": (date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 1)),
    "America/New_York": (date(2026, 3, 7), date(2026, 10, 31), date(2026, 6, 1)),
    "America/Sao_Paulo": (date(2018, 11, 3), date(2018, 2, 17), date(2026, 6, 1)),
    "Australia/Lord_Howe": (date(2026, 10, 3), date(2026, 4, 4), date(2026, 6, 1)),
    "Asia/Kathmandu": (date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 1)),
}
FIVE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)

lengths = st.integers(1, 30).map(lambda fives: fives * 5)
buffers = st.integers(0, 6).map(lambda fives: fives * 5)


@st.composite
def day_hours(draw):
    edges = sorted(draw(st.lists(st.integers(0, 288), min_size=2, max_size=4, unique=True)))
    clock = [f"{fives // 12:02}:{fives % 12 * 5:02}" for fives in edges]
    return tuple(f"{opens}-{closes}" for opens, closes in zip(clock[::2], clock[1::2], strict=False))


@st.composite
def situations(draw):
    zone = draw(st.sampled_from(sorted(DAYS)))
    service = {
        "id": "visit",
        "name": {"en": "Visit"},
        "duration_minutes": draw(lengths),
        "step_minutes": draw(st.none() | lengths),
        "buffer_before_minutes": draw(buffers),
        "buffer_after_minutes": draw(buffers),
    }
    fields = {
        "zone": zone,
        "services": [service],
        "hours": draw(day_hours()),
        "weekend": draw(day_hours()),
        "minimum_notice_minutes": draw(st.sampled_from([0, 60, 600])),
        "horizon_days": draw(st.integers(1, 3)),
    }
    day = draw(st.sampled_from(DAYS[zone]))
    now = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 90_000)))
    blocked = draw(st.lists(st.tuples(st.integers(0, 3 * 1440), st.integers(1, 300)), max_size=12))
    busy = [
        Interval(now + timedelta(minutes=start), now + timedelta(minutes=start + length)) for start, length in blocked
    ]
    return fields, now, busy


def brute_force_starts(profile, now, busy):
    """List the free starts by checking every five minutes of the surrounding days."""
    service, zone = profile.services[0], ZoneInfo(profile.time_zone)
    today = now.astimezone(zone).date()
    begin = datetime.combine(today, datetime.min.time(), tzinfo=UTC) - timedelta(days=1)
    instants = [begin + FIVE * number for number in range((profile.horizon_days + 4) * 288)]
    clock = [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants]
    duration, found = timedelta(minutes=service.duration_minutes), []
    for later in range(profile.horizon_days + 1):
        day = today + timedelta(days=later)
        midnight = datetime.combine(day, datetime.min.time())
        for period in profile.list_open_periods(day):
            opens, closes = (
                next(instant for instant, wall in clock if wall >= midnight + timedelta(minutes=minutes))
                for minutes in (period.opens, period.closes)
            )
            start = opens
            while start + duration <= closes:
                blocked = compute_blocked_interval(service, start)
                soon = start < now + timedelta(minutes=profile.minimum_notice_minutes)
                if not soon and not any(blocked.overlaps(interval) for interval in busy):
                    found.append(start)
                start += timedelta(minutes=service.step)
    return found


@pytest.mark.exhaustive
@given(situation=situations())
def test_the_search_equals_a_brute_force_search(make_profile, situation):
    """Hours, steps, notice, horizon, buffers and clock changes: exactly the same starts are offered."""
    fields, now, busy = situation
    profile = make_profile(**fields)

    offers = find_free_slots(profile, None, from_day=None, days=60, now=now, occupancy=Occupancy(busy))

    assert [offer.start for offer in offers] == brute_force_starts(profile, now, busy)


@pytest.mark.exhaustive
@given(situation=situations())
def test_every_slot_is_offered_free_and_inside_the_opening_hours(make_profile, situation):
    """Every listed start can be booked: the single check agrees, buffers overlap nothing, and the end fits."""
    fields, now, busy = situation
    profile = make_profile(**fields)
    service, zone = profile.services[0], ZoneInfo(profile.time_zone)

    offers = find_free_slots(profile, "visit", from_day=None, days=4, now=now, occupancy=Occupancy(busy))

    for offer in offers:
        assert refuse_unoffered_start(profile, service, offer.start, now) is None
        assert not any(compute_blocked_interval(service, offer.start).overlaps(interval) for interval in busy)
        assert offer.end - offer.start == timedelta(minutes=service.duration_minutes)
        # The last minute, not the end: if the clocks skip the midnight at which a day closes, the end reads 01:00.
        start, last = offer.start.astimezone(zone), (offer.end - MINUTE).astimezone(zone)
        midnight = datetime.combine(start.date(), datetime.min.time(), tzinfo=zone)
        if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
            opens, last_minute = (
                (wall.replace(tzinfo=None) - midnight.replace(tzinfo=None)) // MINUTE for wall in (start, last)
            )
            hours = profile.list_open_periods(start.date())
            assert any(period.opens <= opens <= last_minute < period.closes for period in hours)
    assert all(earlier.start < later.start for earlier, later in pairwise(offers))


@given(situation=situations(), days=st.integers(1, 4))
def test_a_list_of_days_is_the_sum_of_its_days(make_profile, situation, days):
    """A request for several days gives the same as requests for each of them."""
    fields, now, busy = situation
    profile = make_profile(**fields)
    today = now.astimezone(ZoneInfo(profile.time_zone)).date()

    def ask(day, count):
        return find_free_slots(profile, None, from_day=day, days=count, now=now, occupancy=Occupancy(busy))

    assert ask(today, days) == [offer for later in range(days) for offer in ask(today + timedelta(days=later), 1)]
