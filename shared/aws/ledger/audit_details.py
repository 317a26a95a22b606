"""An audit entry's detail as attributes of its row, beside the `note` that every release reads."""

from collections.abc import Mapping
from typing import Any

from shared.ledger.audit_details import AuditDetail, EditedFields, NotSent, ReplayNumber

_REPLAY, _NOT_SENT = "replay ", "not sent: "


def detail_to_attributes(detail: AuditDetail) -> dict[str, Any]:
    """Return what is stored of a detail; of a plain text the note alone."""
    note = {"note": str(detail)}
    match detail:
        case ReplayNumber(number):
            return {**note, "replay": number}
        case NotSent(reason):
            return {**note, "not_sent": reason}
        case EditedFields(names):
            return {**note, "fields": list(names)}
        case _:
            return note


def parse_detail(row: Mapping[str, Any]) -> AuditDetail:
    """Return the detail of a stored entry."""
    if "replay" in row:
        return ReplayNumber(int(row["replay"]))
    if "not_sent" in row:
        return NotSent(row["not_sent"])
    if "fields" in row:
        return EditedFields(tuple(row["fields"]))
    return _parse_note(row["what"], row.get("note", ""))


def _parse_note(action: str, note: str) -> AuditDetail:
    """Return the detail of an entry that has nothing but a note: a plain text, or of a release before these attributes.

    Such entries stay for as long as their failures, so this has no end. No reason of a failure has a space in it, and
    no operator writes the note of a replay or of an edit, so a plain text is never taken for more.
    """
    number = note.removeprefix(_REPLAY)
    if action == "replayed" and note.startswith(_REPLAY) and number.isdecimal():
        return ReplayNumber(int(number))
    if action == "failed" and note.startswith(_NOT_SENT):
        return NotSent(note.removeprefix(_NOT_SENT))
    if action == "edited" and note:
        return EditedFields(tuple(note.split(", ")))
    return note
