"""Converting an appointment's id to its event's id and back."""

import re

import pytest

from shared.ids import derive_id
from workers.booking.domain.event_id import build_event_id, event_id_to_appointment_id


@pytest.mark.parametrize("appointment_id", ["01234567", "0123456789abcdefghijklmnopqrstuv", "v" * 64])
def test_an_event_id_is_converted_back_to_its_appointment(appointment_id):
    """The conversion is reversible, and Google accepts the id."""
    name = build_event_id(appointment_id)
    assert re.fullmatch(r"[0-9a-v]{5,1024}", name)
    assert event_id_to_appointment_id(name) == appointment_id


def test_a_derived_id_has_an_event():
    """All ids of appointments are derived like this one."""
    appointment_id = derive_id("key", "appointment")
    assert event_id_to_appointment_id(build_event_id(appointment_id)) == appointment_id


@pytest.mark.parametrize(
    "name",
    [
        "",
        "apt",
        "apt0123456",
        "apt" + "0" * 65,
        "aptABCDEFGH",
        "apt01234567_20270301T090000Z",
        "apt0123456w",
        "01234567",
        "xapt01234567",
        "apt01234567\n",
    ],
)
def test_the_owners_own_event_belongs_to_no_appointment(name):
    """The id is too short, too long, in another alphabet, or an instance of a series."""
    assert event_id_to_appointment_id(name) is None
