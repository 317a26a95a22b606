"""The name of a service for a visitor in whose language the business has no name for it."""

import pytest


@pytest.fixture
def foreign(world):
    """A visitor whose page is in a language that the business does not support; the business is Polish."""
    world.connections.open("session", "tab", locale="tlh")
    return world


async def test_free_times_name_it_in_the_businesss_language(foreign):
    """The staff can help with it; English would be foreign to both."""
    frame = await foreign.ask("slots", service="massage")
    assert frame["data"]["services"][0]["name"] == "Masaż"


async def test_a_visit_and_its_notices_name_it_so_too(foreign):
    """In the code's message, in the confirmation and in its calendar file."""
    appointment_id = await foreign.confirmed("2026-01-13T10:00")
    names = await foreign.ask("lookup", appointment_id=appointment_id)
    code, confirmed = foreign.notices.delivered
    assert names["data"]["service_name"] == "Masaż"
    assert (code.data.service_name, confirmed.data.service_name) == ("Masaż", "Masaż")
    assert "SUMMARY:Masaż" in confirmed.ics
