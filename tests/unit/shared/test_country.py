"""The country of each time zone, by all its names."""

from zoneinfo import available_timezones

import pytest
from babel.core import get_global

from shared.tenants.country import find_country_of_zone

ZONES = sorted(available_timezones() - {"localtime"})
ABBREVIATIONS = {
    *("CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"),
}
NOT_IN_CLDR = {"America/Coyhaique": "CL", "Antarctica/Troll": "AQ"}
"""What is newer than the CLDR of these tests, or missing there."""


def find_country_in_cldr(zone):
    """Return what CLDR says, which knows all names of all zones; it is not made from the tz database's links."""
    country = get_global("zone_territories").get(get_global("zone_aliases").get(zone, zone))
    return country if country not in {"001", "ZZ"} else None


def test_a_zone_has_its_country_by_every_name():
    """Old names too, also where the database links them to the zone of a neighbour."""
    expected = {zone: None if zone in ABBREVIATIONS else find_country_in_cldr(zone) for zone in ZONES} | NOT_IN_CLDR
    assert len(expected) > 590
    assert {zone: find_country_of_zone(zone) for zone in ZONES} == expected


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        *(("Europe/Kiev", "UA"), ("Europe/Kyiv", "UA"), ("Asia/Calcutta", "IN"), ("Europe/Mariehamn", "AX")),
        *(("US/Pacific", "US"), ("Poland", "PL"), ("Iceland", "IS"), ("Africa/Asmera", "ER"), ("America/Virgin", "VI")),
        *(("UTC", None), ("Etc/GMT+5", None), ("EST", None), ("CET", None), ("Mars/Olympus", None), ("", None)),
    ],
)
def test_the_country_of_a_zone(zone, country):
    """None for a zone of no country, and for what is no zone."""
    assert find_country_of_zone(zone) == country
