"""How an appointment's last change is stored, read back, and read by and from the release before."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.tenants.services import Service
from workers.booking.adapters.appointment_item import appointment_from_item, appointment_item
from workers.booking.domain.hold import place_hold
from workers.booking.domain.values import ChangeKind, Contact, LastChange

NINE = datetime(2026, 1, 13, 9, tzinfo=UTC)
APPLIED, REFUSED = LastChange("change-1"), LastChange("change-1", ChangeKind.HANDOVER_REFUSED)


def appointment():
    return place_hold(
        appointment_id="a" * 26,
        session_id="session",
        tenant="salon-ania",
        service=Service.model_validate({"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 60}),
        start=NINE,
        contact=Contact("email", "jan@example.com"),
        name="Jan",
        note="",
        locale="en",
        now=NINE,
    )


@pytest.mark.parametrize("change", [APPLIED, REFUSED, LastChange()])
def test_a_stored_change_is_read_back(change):
    """The command and the kind of the change survive the table."""
    stored = appointment_item(replace(appointment(), last_change=change))
    assert appointment_from_item(stored).last_change == change


@pytest.mark.parametrize(("change", "stored"), [(APPLIED, "change-1"), (REFUSED, "change-1/back")])
def test_the_release_before_finds_the_text_that_it_compares(change, stored):
    """It takes a refused handover for a move, and notifies the visitor, if the text is the bare id of its command."""
    assert appointment_item(replace(appointment(), last_change=change))["changed_by"] == stored


@pytest.mark.parametrize(("stored", "change"), [("change-1", APPLIED), ("change-1/back", REFUSED), ("", LastChange())])
def test_a_row_of_the_release_before_is_read(stored, change):
    """It has no `change_kind`: the text alone says that a handover was refused."""
    row = appointment_item(appointment()) | {"changed_by": stored}
    del row["change_kind"]
    assert appointment_from_item(row).last_change == change


def test_the_kind_is_a_field_of_a_new_row():
    """The id of a command may end in whatever it likes."""
    row = appointment_item(appointment()) | {"changed_by": "change-1/back", "change_kind": "applied"}
    assert appointment_from_item(row).last_change == LastChange("change-1/back")
