"""What booking takes as a contact is looked up where booking looks."""

from types import SimpleNamespace

import pytest

from ops.desk.adapters.contacts import BookingContacts
from ops.desk.domain.contacts import ContactRules
from shared.errors import ConfigurationError, PermanentError
from shared.tenants.parse import parse_profile
from tests.fakes.tenants import FakeTenants
from workers.booking.domain.contact import Channels

PROFILE = """
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: ania@calendar.example
opening_hours: {monday: ["09:00-17:00"]}
services:
  - {id: cut, name: {pl: Strzyżenie}, duration_minutes: 30}
"""


def opened(**settings):
    async def opened():
        given = {"email_enabled": True, "sms_enabled": True, "sms_countries": frozenset({"CZ"})}
        return SimpleNamespace(tenants=FakeTenants({"salon": parse_profile(PROFILE)}), **{**given, **settings})

    return opened


async def test_channels_and_country_are_those_of_booking():
    """The installation's channels, and the country of the business."""
    rules = await BookingContacts(opened(email_enabled=False)).rules_of("salon")
    assert rules == ContactRules(Channels(email=False, sms=True, sms_countries=frozenset({"CZ"})), region="PL")


async def test_a_business_that_is_not_there_has_no_rules():
    """Nothing is guessed."""
    with pytest.raises(PermanentError, match="nobody"):
        await BookingContacts(opened()).rules_of("nobody")


async def test_what_may_not_be_read_is_said():
    """A person reads which permission is missing."""

    async def refused():
        raise ConfigurationError("the secret CodeKey can't be read")

    with pytest.raises(PermanentError, match="CodeKey"):
        await BookingContacts(refused).rules_of("salon")
