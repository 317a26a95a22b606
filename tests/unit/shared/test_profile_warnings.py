"""That a profile which the release before accepts stays accepted, and its mistakes are named all the same."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.tenants.hours_warnings import compute_max_open_minutes
from shared.tenants.parse import parse_profile, parse_with_tree
from shared.tenants.profile_warnings import check_profile, find_profile_warnings
from shared.tenants.shared_calendars import find_shared_calendars
from tests.compatibility.fixtures_of_release import FIXTURES

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: salon@calendar.example
services:
  - id: massage
    name: {pl: Masaż, en: Massage}
    duration_minutes: 60
resources:
  - {id: anna}
opening_hours:
  monday: ["09:00-17:00"]
minimum_notice_minutes: 120
horizon_days: 60
exceptions:
  - {date: 2026-12-24}
allowed_origins: ["https://salon.example"]
allow_missing_origin: no
"""

REPEATED = "and only the last one counts: delete one of them"
BLANK = "begins or ends with a blank or an invisible character"

ABSENT = "line 9: resources.0.opening_hours: the business is open for at most "
CHRISTMAS_EVE = '{date: 2026-12-24, hours: ["09:00-17:00"]}'
A_MONDAY = '{date: 2026-01-05, hours: ["09:00-10:00"]}'

BROKEN = [
    # What YAML understands otherwise than its reader.
    ("horizon_days", "name: Other\nhorizon_days", f"line 1: name: is repeated in line 13, {REPEATED}"),
    ("    name:", "    id: cut\n    name:", f"line 5: services.0.id: is repeated in line 6, {REPEATED}"),
    ("en: Massage", "PL: Masaże", f"line 6: services.0.name.pl: is repeated in line 6, {REPEATED}"),
    ("horizon_days: 60", "horizon_days: 060", "line 13: horizon_days: `060` is read as 48: write 60 or 48, whichever"),
    ("horizon_days: 60", "horizon_days: 0x3c", "line 13: horizon_days: `0x3c` is read as 60: write 60"),
    ("horizon_days: 60", "horizon_days: 0b11", "line 13: horizon_days: `0b11` is read as 3: write 3"),
    ("horizon_days: 60", "horizon_days: 6_0", "line 13: horizon_days: `6_0` is read as 60: write 60"),
    ("horizon_days: 60", "horizon_days: on", "line 13: horizon_days: `on` is read as 1: write the number"),
    ("minutes: 60", "minutes: 1:30", "line 7: services.0.duration_minutes: `1:30` is read as 90: write 90"),
    ("2026-12-24", "0", "line 15: exceptions.0.date: `0` is read as 1970-01-01: write a date such as 2026-12-24"),
    ("salon@calendar.example", "'salon@calendar.example '", f"line 3: calendar_id: {BLANK}"),
    ("salon@calendar.example", "salon@calendar.example\u200b", f"line 3: calendar_id: {BLANK}"),
    ("salon@calendar.example", "|\n  salon@calendar.example", f"line 3: calendar_id: {BLANK}"),
    ("https://salon.example", "https://salon.example\u00a0", f"line 16: allowed_origins.0: {BLANK}"),
    ("{pl: Masaż, en: Massage", r'{en: "\uFFFEMassage"', "line 6: services.0.name.en: the invisible character U+FFFE"),
    ("{pl: Masaż, en: Massage", r'{en: "Mass\ud800age"', "line 6: services.0.name.en: the invisible character U+D800"),
    ("salon@calendar.example", r'"salon@\0calendar.example"', "line 3: calendar_id: the invisible character U+0000 is"),
    # What can't be meant.
    ("Europe/Warsaw", "localtime", "line 2: time_zone: `localtime` differs from machine to machine: write"),
    ("Europe/Warsaw", "Factory", "line 2: time_zone: `Factory` differs from machine to machine"),
    ("minutes: 60", "minutes: 540", "line 7: services.0.duration_minutes: no day is open for 540 minutes"),
    ('["09:00-17:00"]', "[]", "line 7: services.0.duration_minutes: no day is open for 60 minutes"),
    ('["09:00-17:00"]', '["09:00-09:30", "09:30-10:00"]', "line 7: services.0.duration_minutes: no period is open"),
    ("{id: anna}", '{id: anna, opening_hours: {friday: ["09:00-09:45"]}}', "line 7: services.0.duration_minutes: no"),
    ("{id: anna}", '{id: anna, opening_hours: {friday: ["09:00-17:00"]}}', f"{ABSENT}0 minutes of them"),
    ("{id: anna}", '{id: anna, opening_hours: {friday: ["09:00-17:00"]}}', "line 7: services.0.duration_minutes: no"),
    ("{id: anna}", '{id: anna, opening_hours: {monday: ["08:00-09:45"]}}\n  - {id: ola}', f"{ABSENT}45 minutes"),
    ("{id: anna}", '{id: anna, opening_hours: {monday: ["17:00-20:00"]}}\n  - {id: ola}', f"{ABSENT}0 minutes"),
    ("{id: anna}", f"{{id: anna, opening_hours: {{sunday: []}}, exceptions: [{CHRISTMAS_EVE}]}}", f"{ABSENT}0 minutes"),
    ("notice_minutes: 120", "notice_minutes: 86400", "line 12: minimum_notice_minutes: is as long as the 60 days of"),
    ("horizon_days", "minimum_notice_open_minutes: 4182\nhorizon_days", "line 13: minimum_notice_open_minutes: is"),
    ("salon@calendar.example", "primary", "line 3: calendar_id: `primary` is the service account's own calendar"),
    ("{id: anna}", "{id: anna, calendar_id: Primary}", "line 9: resources.0.calendar_id: `primary` is the"),
    ("https://salon.example", "salon.example", "line 16: allowed_origins.0: `salon.example` matches no page"),
    ("https://salon.example", "https://salon.example/booking", "line 16: allowed_origins.0: `https://salon.e"),
    ("https://salon.example", "https://*.example", "line 16: allowed_origins.0: `https://*.example` matches no page"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BROKEN)
def test_a_mistake_is_accepted_with_a_warning_and_refused_at_upload(old, new, message):
    """Workers and ingress serve the profile, because the release before did."""
    assert old in PROFILE
    text = PROFILE.replace(old, new, 1)
    profile, tree = parse_with_tree(text)

    assert any(str(warning).startswith(message) for warning in find_profile_warnings(tree, profile))
    assert parse_profile(text) == profile
    with pytest.raises(ConfigurationError) as caught:
        check_profile(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("Europe/Warsaw", "UTC"),
        ("Europe/Warsaw", "Europe/Kiev"),
        ("Salon Ania", "' Salon Ania '"),
        ("minutes: 60", "minutes: 480"),
        ("{id: anna}", '{id: anna, opening_hours: {monday: ["09:00-09:30", "09:30-10:00"]}}'),
        ("{id: anna}", '{id: anna, opening_hours: {monday: ["08:00-10:00"]}}'),
        ("{id: anna}", f"{{id: anna, opening_hours: {{sunday: []}}, exceptions: [{A_MONDAY}]}}"),
        ("{id: anna}\n", "{id: anna, exceptions: [{date: 9999-12-31}]}\n"),
        ('["09:00-17:00"]', '["09:00-09:30", "09:30-10:00"]\nmerge_adjoining_periods: true'),
        ("notice_minutes: 120", "notice_minutes: 86395"),
        ("notice_minutes: 120", "notice_open_minutes: 4181"),
        ("https://salon.example", "https://salon.example:8443/"),
        ("https://salon.example", "http://127.0.0.1:8080"),
        ("horizon_days: 60", 'horizon_days: "60"'),
        ("allow_missing_origin: no", "disclosure:\n  en: |\n    You talk\n    to an AI."),
    ],
)
def test_what_is_meant_is_no_mistake(old, new):
    """Old names of zones, padding that is removed anyway, a service that fills the day."""
    text = PROFILE.replace(old, new, 1)
    assert check_profile(text) == parse_profile(text)


def test_the_profile_of_the_release_before_has_no_mistake():
    """With every field that it knew."""
    check_profile((FIXTURES / "profile.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("hours", "exception", "minutes"),
    [
        ('{monday: ["09:00-12:00", "12:00-17:00"]}', "[]", 480),
        ('{monday: ["09:00-12:00", "13:00-17:00"]}', "[]", 240),
        ('{monday: ["20:00-24:00"], tuesday: ["00:00-02:00"]}', "[]", 360),
        ('{sunday: ["20:00-24:00"], monday: ["00:00-02:00"]}', "[]", 360),
        ('{sunday: ["20:00-02:00"], monday: ["02:00-03:00"]}', "[]", 420),
        ('{friday: ["22:00-02:00"]}', "[]", 240),
        ("{}", '["10:00-12:00"]', 120),
        ('{monday: ["23:00-24:00"]}', '["00:00-02:00"]', 180),
        ('{monday: ["20:00-24:00"], tuesday: ["10:00-24:00"]}', '["00:00-02:00"]', 960),
        ("{}", "[]", 0),
    ],
)
def test_the_maximum_counts_adjoining_periods_as_one(hours, exception, minutes):
    """Also over midnight and around a date with hours of its own, so that no service is warned of in vain."""
    text = PROFILE.replace('\n  monday: ["09:00-17:00"]', f" {hours}")
    text = text.replace("{date: 2026-12-24}", f"{{date: 2026-12-24, hours: {exception}}}")
    assert compute_max_open_minutes(parse_profile(text)) == minutes


def test_a_calendar_of_two_businesses_is_found():
    """Also if a resource names it, or the case differs; two resources of one business may share one."""
    own = parse_profile(PROFILE)
    upper = "{id: anna, calendar_id: SALON@calendar.example}"
    other = parse_profile(PROFILE.replace("salon@", "other@").replace("{id: anna}", upper))
    alone = parse_profile(PROFILE.replace("salon@", "alone@"))

    found = find_shared_calendars({"c": alone, "b": own, "a": other})
    assert found == {"salon@calendar.example": ["a", "b"]}


@given(st.integers(0, len(PROFILE)), st.text("abn:-[]{}&*!|>'\"%@`, \n\t#?1", max_size=30), st.integers(0, 20))
@settings(max_examples=60)
def test_no_accepted_profile_brings_the_search_down(at, text, removed):
    """Whatever an accepted profile looks like: it must stay accepted."""
    with contextlib.suppress(ConfigurationError):
        profile, tree = parse_with_tree(PROFILE[:at] + text + PROFILE[at + removed :])
        find_profile_warnings(tree, profile)
