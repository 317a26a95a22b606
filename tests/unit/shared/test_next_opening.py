"""When a closed business opens next: its week, its dates, its holidays, and the days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tenants.next_opening import find_next_opening
from shared.tenants.profile import TenantProfile
from tests.clock_changes import CHANGING, clock_changes

WARSAW = ZoneInfo("Europe/Warsaw")
STEP = timedelta(minutes=5)


def build_profile(**fields):
    content = {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "massage", "name": {"pl": "Masaż"}, "duration_minutes": 60}],
        "opening_hours": {"monday": ["08:00-12:00", "14:00-18:00"], "friday": ["20:00-02:00"]},
    }
    return TenantProfile.model_validate(content | fields)


OPENINGS = {
    # 12 January 2026 is a Monday.
    "2026-01-12T08:00": "2026-01-12T08:00",  # It opens.
    "2026-01-12T11:59": "2026-01-12T11:59",  # It is open.
    "2026-01-12T12:00": "2026-01-12T14:00",  # The break begins.
    "2026-01-12T18:00": "2026-01-16T20:00",
    "2026-01-17T01:59": "2026-01-17T01:59",  # Friday's hours end on Saturday.
    "2026-01-17T02:00": "2026-01-19T08:00",
    "2026-01-11T23:59": "2026-01-12T08:00",
}


def test_the_next_opening_of_a_week():
    """Breaks and hours over midnight count; an open business opens now."""
    profile = build_profile()
    for at, opens in OPENINGS.items():
        found = find_next_opening(profile, datetime.fromisoformat(at).replace(tzinfo=WARSAW))
        assert found == datetime.fromisoformat(opens).replace(tzinfo=WARSAW), at
        assert found.tzinfo == WARSAW, at


def test_dates_with_rules_of_their_own():
    """Holidays, closed ranges and exceptions decide before the weekday; an exception may open a closed day."""
    monday = {"opening_hours": {"monday": ["08:00-12:00"]}}
    for fields, at, opens in (
        ({"public_holidays": "PL"}, "2026-04-05T10:00", "2026-04-13T08:00"),  # Easter Monday
        ({"closed_ranges": [{"first": "2026-01-10", "last": "2026-01-25"}]}, "2026-01-11T10:00", "2026-01-26T08:00"),
        ({"exceptions": [{"date": "2026-01-12", "hours": []}]}, "2026-01-11T10:00", "2026-01-19T08:00"),
        ({"exceptions": [{"date": "2026-01-14", "hours": ["15:00-16:00"]}]}, "2026-01-12T13:00", "2026-01-14T15:00"),
    ):
        found = find_next_opening(build_profile(**monday, **fields), datetime.fromisoformat(at).replace(tzinfo=WARSAW))
        assert found == datetime.fromisoformat(opens).replace(tzinfo=WARSAW), fields


def test_a_business_that_never_opens():
    """It has no hours at all, or none within a year."""
    at = datetime(2026, 1, 12, 10, tzinfo=UTC)
    for fields in (
        {"opening_hours": {}},
        {"closed_ranges": [{"first": "2026-01-01", "last": "2027-12-31"}]},
        {"opening_hours": {}, "exceptions": [{"date": "2025-12-31", "hours": ["08:00-12:00"]}]},
    ):
        assert find_next_opening(build_profile(**fields), at) is None, fields


def test_an_opening_in_the_hour_that_clocks_skip_or_repeat():
    """A time that does not exist begins when clocks are set forward; one that exists twice begins the first time."""
    sunday = {"opening_hours": {"sunday": ["02:30-05:00"]}}
    for at, opens in (
        ("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),  # 02:30 becomes 03:00, when clocks skip an hour.
        ("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),  # 02:30 in summer time
    ):
        found = find_next_opening(build_profile(**sunday), datetime.fromisoformat(at)).astimezone(UTC)
        assert found == datetime.fromisoformat(opens), at
    night = build_profile(opening_hours={"saturday": ["22:00-02:30"]})
    set_back = find_next_opening(night, datetime(2026, 10, 25, 0, 40, tzinfo=UTC)).astimezone(UTC)
    assert set_back == datetime(2026, 10, 25, 1, 0, tzinfo=UTC), "02:40 in summer time: 02:00 comes once more"
    skipped = build_profile(opening_hours={"sunday": ["02:15-02:45"]})
    week_later = datetime(2026, 4, 5, 0, 15, tzinfo=UTC)
    assert find_next_opening(skipped, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)) == week_later
    repeated = find_next_opening(skipped, datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert repeated.astimezone(UTC) == datetime(2026, 10, 25, 1, 15, tzinfo=UTC), (
        "02:50 in summer time: 02:15 comes once more"
    )


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(CHANGING),
    change=st.integers(min_value=0, max_value=5),
    minutes=st.integers(min_value=-300, max_value=300),
    opens=st.integers(min_value=0, max_value=47),
    length=st.integers(min_value=1, max_value=20),
)
def test_it_is_the_first_instant_at_which_the_business_is_open(zone, change, minutes, opens, length):
    """Looked for in steps of five minutes around changes of the clocks, as a slower way finds it."""
    start, end = opens * 5, min(opens * 5 + length * 5, 24 * 60)
    hours = [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"]
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), hours)
    profile = build_profile(time_zone=zone, opening_hours=week)
    at = clock_changes(zone)[change].instant + timedelta(minutes=minutes // 5 * 5)
    expected = at
    while not profile.is_open(expected):
        expected += STEP
    assert find_next_opening(profile, at).astimezone(UTC) == expected
