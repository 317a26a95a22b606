"""A business's own mobile numbers, in every time zone of the world."""

from zoneinfo import available_timezones

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from shared.tenants.country import find_country_of_zone
from workers.booking.domain.contact import Channels, Contact, parse_contact

ZONES = {zone: find_country_of_zone(zone) for zone in sorted(available_timezones() - {"localtime"})}
OWN_COUNTRY_ONLY = Channels(email=True, sms=True)
WITHOUT_MOBILES = {"AQ"}
"""Its stations have no numbering plan of their own, and no mobile network."""

PLAN_OF_NEIGHBOUR = {"GS": "FK", "PN": "NZ", "TF": "RE", "UM": "US"}


def make_mobile(country):
    """Return an example from the numbering plan: as it is dialled at home, as abroad, and in E.164."""
    example = phonenumbers.example_number_for_type(PLAN_OF_NEIGHBOUR.get(country, country), PhoneNumberType.MOBILE)
    forms = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164)
    return tuple(phonenumbers.format_number(example, form) for form in forms)


def test_an_own_mobile_number_is_accepted_in_every_zone():
    """Also in territories that share a country code, and in zones with an old name."""
    countries = {country for country in ZONES.values() if country} - WITHOUT_MOBILES
    assert len(countries) > 240
    for country in countries:
        *forms, e164 = make_mobile(country)
        parsed = {parse_contact(text, channels=OWN_COUNTRY_ONLY, region=country) for text in (*forms, e164)}
        assert (country, parsed) == (country, {Contact("phone", e164)})


@pytest.mark.parametrize(
    ("zone", "text", "number"),
    [
        ("Europe/Mariehamn", "041 2345678", "+358412345678"),
        ("Europe/Kiev", "050 123 4567", "+380501234567"),
        ("Asia/Calcutta", "081234 56789", "+918123456789"),
        ("Europe/Isle_of_Man", "07924 123456", "+447924123456"),
        ("Arctic/Longyearbyen", "41 23 45 67", "+4741234567"),
        ("Atlantic/Jan_Mayen", "41 23 45 67", "+4741234567"),
        ("Europe/Vatican", "312 345 6789", "+393123456789"),
        ("Indian/Christmas", "0412 345 678", "+61412345678"),
        ("America/St_Barthelemy", "0690 00 12 34", "+590690001234"),
        ("Africa/El_Aaiun", "0650-123456", "+212650123456"),
        ("Pacific/Pitcairn", "021 123 4567", "+64211234567"),
    ],
)
def test_a_number_that_is_dialled_at_home(zone, text, number):
    """What a visitor of the territory writes."""
    assert parse_contact(text, channels=OWN_COUNTRY_ONLY, region=find_country_of_zone(zone)) == Contact("phone", number)
