"""Storing an appointment's last change, with rows that this release and the one before can read from each other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.aws.items import from_item, to_item
from shared.tenants.services import Service
from workers.booking.adapters.appointment_item import appointment_to_item, item_to_appointment
from workers.booking.domain.hold import create_hold
from workers.booking.domain.values import Answer, ChangeKind, Contact, LastChange

NINE = datetime(2026, 1, 13, 9, tzinfo=UTC)
APPLIED, REFUSED = LastChange("change-1"), LastChange("change-1", ChangeKind.HANDOVER_REFUSED)


def appointment():
    return create_hold(
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


TOGETHER = LastChange("change-1", by_owner=True, previous_start=NINE, together_with=("b" * 26, "c" * 26), at=NINE)


def test_answers_are_stored_in_order():
    """A row without answers is that of the release before, which is read, too."""
    answers = (Answer("people", "2"), Answer("wishes", "a\nb"))
    row = from_item(to_item(appointment_to_item(replace(appointment(), answers=answers))))
    assert item_to_appointment(row).answers == answers
    plain = to_item(appointment_to_item(appointment()))
    assert "answers" not in plain
    assert item_to_appointment(from_item(plain)).answers == ()


@pytest.mark.parametrize("change", [APPLIED, REFUSED, TOGETHER, LastChange()])
def test_a_stored_change_is_read_back(change):
    """The command and the kind of the change are stored and read back."""
    stored = appointment_to_item(replace(appointment(), last_change=change))
    assert item_to_appointment(stored).last_change == change


@pytest.mark.parametrize(("change", "stored"), [(APPLIED, "change-1"), (REFUSED, "change-1/back")])
def test_the_release_before_finds_the_text_that_it_compares(change, stored):
    """With the bare command id, that release would take a refused handover for a move and notify the visitor."""
    assert appointment_to_item(replace(appointment(), last_change=change))["changed_by"] == stored


@pytest.mark.parametrize(("stored", "change"), [("change-1", APPLIED), ("change-1/back", REFUSED), ("", LastChange())])
def test_a_row_of_the_release_before_is_read(stored, change):
    """Such a row has no `change_kind`: the suffix of the text marks a refused handover."""
    row = appointment_to_item(appointment()) | {"changed_by": stored}
    del row["change_kind"]
    assert item_to_appointment(row).last_change == change


def test_a_new_row_stores_the_kind_as_a_field():
    """A command id may end in any text."""
    row = appointment_to_item(appointment()) | {"changed_by": "change-1/back", "change_kind": "applied"}
    assert item_to_appointment(row).last_change == LastChange("change-1/back")
