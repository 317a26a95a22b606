"""What is stored of an audit entry's detail, and what is read of entries of this release and of those before."""

import pytest

from shared.aws.ledger.audit_details import detail_to_attributes, parse_detail
from shared.ledger.audit_details import EditedFields, NotSent, ReplayNumber

TYPED = [
    ("replayed", ReplayNumber(12), "replay 12"),
    ("failed", NotSent("aws_AccessDenied"), "not sent: aws_AccessDenied"),
    ("edited", EditedFields(("start", "contact")), "start, contact"),
]
PLAIN = [
    ("failed", "calendar_access_revoked"),
    ("refused", "SLOT_TAKEN"),
    ("discarded", "not sent: replay 1, contact"),
    ("unmasked", ""),
]


@pytest.mark.parametrize(("action", "detail", "note"), [*TYPED, *((action, text, text) for action, text in PLAIN)])
def test_a_detail_is_stored_beside_its_note(action, detail, note):
    """The release before reads the note alone."""
    row = {"what": action, **detail_to_attributes(detail)}
    assert row["note"] == note
    assert parse_detail(row) == detail


@pytest.mark.parametrize(("action", "detail", "note"), TYPED)
def test_an_entry_of_the_release_before_is_read_by_its_note(action, detail, note):
    """It has nothing else."""
    assert parse_detail({"what": action, "note": note}) == detail


@pytest.mark.parametrize(("action", "detail", "note"), TYPED)
def test_a_reworded_note_changes_nothing(action, detail, note):
    """The attributes count where they are there."""
    assert parse_detail({"what": action, **detail_to_attributes(detail), "note": "something else"}) == detail


@pytest.mark.parametrize(("action", "note"), [*PLAIN, ("replayed", "replay one"), ("replayed", "1"), ("edited", "")])
def test_a_plain_note_stays_a_text(action, note):
    """What an operator writes is never taken for more."""
    assert parse_detail({"what": action, "note": note}) == note


def test_an_entry_without_a_note_has_an_empty_detail():
    """As entries of the first releases have."""
    assert parse_detail({"what": "resolved"}) == ""
